"""Permanent deletion of a published picture, film or other file, and of the copies that the site serves."""

import re
import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hippo.aws.s3 import ListedObject
from hippo.ids import compose_name
from hippo.studies.media import MEDIA_FOLDER, media_folder, media_key, read_suffix
from hippo_cli.data.project import Project
from hippo_cli.errors import UsageError
from hippo_cli.operations.interrupted_run import InterruptedRun
from hippo_cli.operations.platform import explaining_denial

_STEP_FILES = "StepFiles/"
_KEY = re.compile(rf"{MEDIA_FOLDER}([A-Za-z0-9_-]+)/[0-9a-f]+(?:\.[a-z0-9]+)?")


@dataclass(frozen=True, slots=True)
class Original:
    """A version of a file in the project's bucket, or a delete marker; `path` is as pages name it."""

    key: str
    path: str
    version: str
    is_latest: bool
    copy: str | None  # its key in the site's bucket; None for a delete marker


@dataclass(frozen=True)
class PublishedMedia:
    """A published file with everything that shares its content.

    `keys` are those under which the site has ever served it, and `copies` those that still exist. `resumed`
    are the keys that only an interrupted run has found.
    """

    keys: tuple[str, ...]
    resumed: tuple[str, ...]
    copies: tuple[str, ...]
    originals: tuple[Original, ...]

    @property
    def paths(self) -> list[str]:
        """The paths by which pages name the file."""
        return sorted({original.path for original in self.originals})


class MediaWithdrawal:
    """The withdrawal of one file: `find`, then `delete`.

    A hidden file in `folder` keeps the names of the copies, which follow from the originals, until the end.
    """

    def __init__(self, project: Project, wanted: str, folder: Path) -> None:
        self._project = project
        self._s3, self._cloudfront = map(project.connection.make_client, ("s3", "cloudfront"))
        self._site = project.platform.beside(project.stack["SiteBucketName"])
        self._distribution = project.stack["DistributionId"]
        self._key = parse_key(wanted, project.id)
        self._path = compose_name(wanted.removeprefix(_STEP_FILES))
        self._interrupted = InterruptedRun(folder, project.id, f"_media/{self._path}")

    def find(self) -> PublishedMedia:
        """Return the file's originals, all versions included, and its copies on the site.

        A path covers every version of the file under it, because each may have been published. The same
        content under another path has the same copy, and belongs to it too.
        """
        with explaining_denial("list old versions of a study's media"):
            originals = list(self._list_originals())
        keys = {self._key} if self._key else {o.copy for o in originals if o.copy and o.path == self._path}
        resumed = self._read_interrupted(originals) - keys
        keys |= resumed
        found = [o for o in originals if o.copy in keys or (o.copy is None and o.path == self._path)]
        served = tuple(sorted(filter(None, keys)))
        return PublishedMedia(served, tuple(sorted(resumed)), self._list_copies(served), tuple(found))

    def delete(self, found: PublishedMedia) -> None:
        """Delete the file; after an interruption, find and delete it again.

        A publication that runs at the same time may copy an original before it is gone.
        """
        self._interrupted.keep({"begun": "", "deleted": {"keys": found.keys}})
        self._delete_copies(found, found.copies)
        with explaining_denial("permanently delete a study's media"):
            # Those under the path last, because an interrupted run's keys are checked against them.
            for original in sorted(found.originals, key=lambda one: (one.path == self._path, one.is_latest)):
                self._s3.delete_object(
                    Bucket=self._project.records.name, Key=original.key, VersionId=original.version
                )
        if again := self._list_copies(found.keys):
            self._delete_copies(found, again)
        self._interrupted.remove()

    def _read_interrupted(self, originals: Collection[Original]) -> set[str]:
        """Return the keys that an interrupted run has found, whose originals may be gone.

        Raises UsageError for keys that cannot be the file's: anyone can have put the state into the folder.
        """
        keys = (self._interrupted.read() or {"deleted": {}})["deleted"].get("keys")
        found = {str(key) for key in keys} if isinstance(keys, list) else set()
        own = {one.copy for one in originals if one.path == self._path} | {self._key}
        others = {one.copy: one.path for one in originals if one.copy not in own}
        for key in sorted(found - own):
            if self._key or not self._is_copy(key) or key in others:
                owner = f", which is {others[key]}" if key in others else ""
                raise UsageError(
                    f"{self._interrupted.path} names {ascii(key)}{owner}, and no copy of {self._path}",
                    "It should be the state of an interrupted run. If you do not know it, remove it and run\n"
                    "the same command again. If both are the same picture, withdraw the other one first.",
                )
        return found

    def _is_copy(self, key: str) -> bool:
        """Return whether the key can be that of a copy of a file under this path."""
        match = _KEY.fullmatch(key)
        return bool(match and match[1] == self._project.id and read_suffix(key) == read_suffix(self._path))

    def _delete_copies(self, found: PublishedMedia, copies: Iterable[str]) -> None:
        with explaining_denial("delete published media"):
            for key in copies:
                self._s3.delete_object(Bucket=self._site.name, Key=key)
        # Copies are cached for a year, also after an interrupted run that has deleted them.
        paths = [f"/{key}" for key in found.keys]
        if not paths:
            return
        with explaining_denial("remove published media from CloudFront's caches"):
            self._cloudfront.create_invalidation(
                DistributionId=self._distribution,
                InvalidationBatch={
                    "Paths": {"Quantity": len(paths), "Items": paths},
                    "CallerReference": str(uuid.uuid4()),
                },
            )

    def _list_copies(self, keys: Iterable[str]) -> tuple[str, ...]:
        wanted = set(keys)
        with explaining_denial("list published media"):
            listed = self._site.list_tree(f"{MEDIA_FOLDER}{self._project.id}/")
            return tuple(sorted(entry.key for entry in listed if entry.key in wanted))

    def _list_originals(self) -> Iterator[Original]:
        bucket, folder = self._project.records.name, media_folder(self._project.id)
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=folder)
        for page in pages:
            for name in ("Versions", "DeleteMarkers"):
                for entry in page.get(name, ()):
                    yield self._read_original(entry, folder, is_marker=name == "DeleteMarkers")

    def _read_original(self, entry: dict[str, Any], folder: str, *, is_marker: bool) -> Original:
        key = str(entry["Key"])
        path = compose_name(key.removeprefix(folder))
        copy = None
        if not is_marker:
            listed = ListedObject(key, int(entry["Size"]), str(entry["ETag"]))
            copy = media_key(self._project.id, path, listed)
        return Original(key, path, str(entry["VersionId"]), bool(entry["IsLatest"]), copy)


def parse_key(wanted: str, project_id: str) -> str | None:
    """Return the key in the site's bucket if `wanted` is a published file's address or key, otherwise None.

    Raises UsageError for an address that is not one of the project's media.
    """
    is_address = wanted.startswith(("https://", "http://"))
    key = urlsplit(wanted).path.lstrip("/") if is_address else wanted
    found = _KEY.fullmatch(key)
    if found and found[1] == project_id:
        return key
    if is_address or found:
        raise UsageError(
            f"{wanted} is not the address of a published file of {project_id}",
            f"It is {MEDIA_FOLDER}{project_id}/…, as in the source of the page that shows the file.",
        )
    return None
