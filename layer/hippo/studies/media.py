"""Pictures, films and what else pages refer to by relative path: published with the study, under their hash.

They lie in the project's bucket at `{projectId}/_media/{path}`, private. Publishing copies what pages
name into the site's bucket, `media/{projectId}/{hash}{suffix}`, and writes the address of the copy into the
frozen page, so that any front end can show it. A copy never changes: a picture that did has another name.
"""

import hashlib
import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from unicodedata import normalize
from urllib.parse import quote

from hippo.aws.s3 import ListedObject, ObjectStore
from hippo.aws.site_bucket import SiteBucket
from hippo.studies.media_references import Reference, find_references

# What is published, by suffix. None of it can run scripts but svg, and those the site's headers stop.
CONTENT_TYPES = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".m4a": "audio/mp4",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".vtt": "text/vtt; charset=utf-8",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
CACHE_CONTROL = "public, max-age=31536000, immutable"
MEDIA_FOLDER = "media/"
_HASH_DIGITS = 20


@dataclass(frozen=True, slots=True)
class MediaPublisher:
    """Publishes the media of studies to `site`, whose address is `site_url`; nowhere if one has no name."""

    site: SiteBucket
    site_url: str

    def publish(
        self, store: ObjectStore, project_id: str, files: Mapping[str, str]
    ) -> tuple[dict[str, str], list[str]]:
        """The step files (texts by name) with the addresses of what they refer to, and warnings.

        Three kinds of calls, none of them without a relative reference: a listing of the project's media,
        one of what the site has of it, and a copy for each file that is new there. Raises AwsError if a copy
        fails.
        """
        found = {name: find_references(name, text) for name, text in files.items()}
        if not (self.site.bucket and self.site_url):
            return dict(files), _warn_without_site(found)
        wanted = {name: _keep_publishable(references) for name, references in found.items()}
        warnings = [warning for name in found for warning in _warn_unpublishable(name, found[name])]
        if not any(wanted.values()):
            return dict(files), warnings
        folder = media_folder(project_id)
        stored = {_fold(entry.key.removeprefix(folder)): entry for entry in store.list_tree(folder)}
        warnings += [
            f"{name}: {reference.path}: not found in s3://{store.bucket}/{folder}"
            for name, references in wanted.items()
            for reference in _drop_repeats(references)
            if _fold(reference.path) not in stored
        ]
        paths = {_fold(reference.path) for references in wanted.values() for reference in references}
        keys = self._copy(store.bucket, project_id, {path: stored[path] for path in paths & stored.keys()})
        addresses = {path: f"{self.site_url.rstrip('/')}/{key}" for path, key in keys.items()}
        return {name: replace(text, wanted[name], addresses) for name, text in files.items()}, warnings

    def _copy(self, bucket: str, project_id: str, wanted: Mapping[str, ListedObject]) -> dict[str, str]:
        """Where each path lies in the site's bucket from now on."""
        if not wanted:
            return {}
        there = {entry.key for entry in self.site.list_tree(f"{MEDIA_FOLDER}{project_id}/")}
        keys = {}
        for path, entry in sorted(wanted.items()):
            key = keys[path] = media_key(project_id, path, entry)
            if key not in there:
                self.site.copy(bucket, entry, key, CONTENT_TYPES[read_suffix(path)], CACHE_CONTROL)
                there.add(key)
        return keys


def media_folder(project_id: str) -> str:
    """Where researchers' tools put what pages refer to: below this, under the path that pages name."""
    return f"{project_id}/_media/"


def media_key(project_id: str, path: str, entry: ListedObject) -> str:
    """Where a file lies in the site's bucket: named by what S3 says of its content, not by its path."""
    content = f"{entry.etag}\0{entry.size}".encode()
    digest = hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]
    return f"{MEDIA_FOLDER}{project_id}/{digest}{read_suffix(path)}"


def read_suffix(path: str) -> str:
    """`.png` of `pictures/Car.PNG`; empty if there is none."""
    return PurePosixPath(path).suffix.lower()


def replace(text: str, references: Iterable[Reference], addresses: Mapping[str, str]) -> str:
    """The text with an address in the place of each reference that has one; all else stays as it is."""
    parts, end = [], 0
    for reference in references:
        address = addresses.get(_fold(reference.path))
        if address:
            parts += [text[end : reference.start], address, _build_fragment(reference)]
            end = reference.end
    return "".join([*parts, text[end:]])


def _build_fragment(reference: Reference) -> str:
    """What followed the # of a reference (the second at which a film begins, the part of a drawing)."""
    if not reference.fragment:
        return ""
    fragment = "#" + quote(reference.fragment, safe="=,:;%&!*/?~+-._")
    return html.escape(fragment) if reference.in_html else fragment


def _keep_publishable(references: Iterable[Reference]) -> list[Reference]:
    return [r for r in references if not r.leads_out and read_suffix(r.path) in CONTENT_TYPES]


def _warn_unpublishable(name: str, references: Iterable[Reference]) -> Iterable[str]:
    for reference in _drop_repeats(references):
        suffix = read_suffix(reference.path)
        if reference.leads_out:
            yield f"{name}: {reference.path}: left as it is, because .. leads out of the study"
        elif suffix not in CONTENT_TYPES:
            known = " ".join(sorted(CONTENT_TYPES))
            yield f"{name}: {reference.path}: left as it is, because it does not end in one of {known}"


def _warn_without_site(found: Mapping[str, Iterable[Reference]]) -> list[str]:
    names = [name for name, references in found.items() if references]
    if not names:
        return []
    return [f"{', '.join(names)}: relative references are left as they are: this deployment has no site"]


def _drop_repeats(references: Iterable[Reference]) -> Iterable[Reference]:
    return {reference.path: reference for reference in references}.values()


def _fold(path: str) -> str:
    """One spelling of each letter: macOS writes é as two characters in file names, editors as one."""
    return normalize("NFC", path)
