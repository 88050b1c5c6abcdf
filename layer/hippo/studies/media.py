"""The media of a study: pictures, films and other files that pages refer to by relative path.

They are private in the project's bucket at `{projectId}/_media/{path}`. Publishing copies those that pages
name into the site's bucket, `media/{projectId}/{hash}{suffix}`, and writes the address of the copy into the
frozen page, so that any front end can show it. A copy never changes: a changed picture has another name.
"""

import hashlib
import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from hippo.aws.s3 import ListedObject, ObjectStore
from hippo.aws.site_bucket import SiteBucket
from hippo.ids import compose_name
from hippo.studies.media_references import Reference, find_references

# The files that are published, by suffix. Only svg can run scripts, which the site's headers prevent.
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
    """A publisher of media to `site`, whose address is `site_url`; without either it publishes nothing."""

    site: SiteBucket
    site_url: str

    def publish(
        self, store: ObjectStore, project_id: str, files: Mapping[str, str]
    ) -> tuple[dict[str, str], list[str]]:
        """Return the step files (texts by name) with the addresses of their media, and warnings.

        Lists the project's media and the site's copies of it, and copies each file that is new there. Without
        a relative reference it makes no call. Raises AwsError if a copy fails.
        """
        found = {name: find_references(name, text) for name, text in files.items()}
        if not (self.site.bucket and self.site_url):
            return dict(files), _warn_without_site(found)
        wanted = {name: _keep_publishable(references) for name, references in found.items()}
        warnings = [warning for name in found for warning in _warn_unpublishable(name, found[name])]
        if not any(wanted.values()):
            return dict(files), warnings
        folder = media_folder(project_id)
        stored = {compose_name(entry.key.removeprefix(folder)): entry for entry in store.list_tree(folder)}
        warnings += [
            f"{name}: {reference.path}: not found in s3://{store.bucket}/{folder}"
            for name, references in wanted.items()
            for reference in _drop_repeats(references)
            if compose_name(reference.path) not in stored
        ]
        paths = {compose_name(reference.path) for references in wanted.values() for reference in references}
        keys = self._copy(store.bucket, project_id, {path: stored[path] for path in paths & stored.keys()})
        addresses = {path: f"{self.site_url.rstrip('/')}/{key}" for path, key in keys.items()}
        return {name: replace(text, wanted[name], addresses) for name, text in files.items()}, warnings

    def _copy(self, bucket: str, project_id: str, wanted: Mapping[str, ListedObject]) -> dict[str, str]:
        """Copy the files that are new, and return the key of each path in the site's bucket."""
        if not wanted:
            return {}
        existing = {entry.key for entry in self.site.list_tree(f"{MEDIA_FOLDER}{project_id}/")}
        keys = {}
        for path, entry in sorted(wanted.items()):
            key = keys[path] = media_key(project_id, path, entry)
            if key not in existing:
                self.site.copy(bucket, entry, key, CONTENT_TYPES[read_suffix(path)], CACHE_CONTROL)
                existing.add(key)
        return keys


def media_folder(project_id: str) -> str:
    """Return the folder of a project's media, which holds each file under the path that pages name."""
    return f"{project_id}/_media/"


def media_key(project_id: str, path: str, entry: ListedObject) -> str:
    """Return a file's key in the site's bucket, which depends on its ETag and size, not on its path."""
    content = f"{entry.etag}\0{entry.size}".encode()
    digest = hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]
    return f"{MEDIA_FOLDER}{project_id}/{digest}{read_suffix(path)}"


def read_suffix(path: str) -> str:
    """Return the suffix of a path in lower case: `.png` for `pictures/Car.PNG`; empty if it has none."""
    return PurePosixPath(path).suffix.lower()


def replace(text: str, references: Iterable[Reference], addresses: Mapping[str, str]) -> str:
    """Return the text with each reference replaced by its address, if it has one; the rest is unchanged."""
    parts, end = [], 0
    for reference in references:
        address = addresses.get(compose_name(reference.path))
        if address:
            parts += [text[end : reference.start], address, _build_fragment(reference)]
            end = reference.end
    return "".join([*parts, text[end:]])


def _build_fragment(reference: Reference) -> str:
    """Return what followed the # of a reference (the start time of a film, the part of a drawing)."""
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
