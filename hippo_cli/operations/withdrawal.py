"""Deletes what belongs to one participant of a project for good, old versions included."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from hippo.clock import Clock
from hippo.contention import list_tries
from hippo.records.codes import ServerState
from hippo.records.server import ServerRecord
from hippo_cli.aws_errors import read_code
from hippo_cli.data.pool import map_bounded
from hippo_cli.data.project import Project
from hippo_cli.errors import CliError
from hippo_cli.operations.begun_uploads import BegunUpload, BegunUploads
from hippo_cli.operations.platform import STEWARD, asking

RECORD, TRIAL, SERVER, QUEUE = "record", "trial", "server", "queue"
_TAGGED = f"{STEWARD}\nWith policies for further buckets it takes the tag hippo-role=steward, too."
_OLD_VERSIONS = "look for old versions of what participants have stored"
_QUEUE_PREFIX = "_slots/q."
_CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a marker that it was deleted."""

    kind: str
    bucket: str
    key: str
    version: str
    is_latest: bool
    is_marker: bool
    size: int


@dataclass(frozen=True)
class Found:
    """All there is of a participant. `server` is their server record, if it is one of this project."""

    user_id: str
    project_id: str
    versions: tuple[Version, ...]
    queue: tuple[str, ...]
    is_listed: bool
    server: ServerRecord | None
    others: tuple[str, ...] = field(default=())  # projects whose server the record is of
    uploads: tuple[BegunUpload, ...] = ()
    leaves_uploads: bool = False  # these credentials may not see or, once that was tried, not abort them

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left."""
        return not (self.versions or self.queue or self.is_listed or self.uploads)

    def count(self, kind: str) -> int:
        """Objects of a kind that are there now."""
        return sum(one.kind == kind and one.is_latest and not one.is_marker for one in self.versions)

    def count_old(self) -> int:
        """What is there besides: old versions and markers of deletions."""
        return sum(not one.is_latest or one.is_marker for one in self.versions)


class Withdrawal:
    """Of one participant from one project; `find`, then `delete`, then `find` once more."""

    def __init__(self, project: Project, client: Any, user_id: str, clock: Clock) -> None:
        self._project = project
        self._client = client
        self._user_id = user_id
        self._clock = clock
        self._stored = (
            (RECORD, project.records.name, f"{project.id}/Users/{user_id}", True),
            (TRIAL, project.records.name, f"{project.id}/Trials/{user_id}", False),
        )
        self._uploads = BegunUploads(client, project.records.name, f"{project.id}/Trials/{user_id}/")
        # Lists that name participants: who was let in or turned away, who is in which group.
        self._lists = {
            f"{project.id}/_admission.json": _without_admission,
            f"{project.id}/_groups.json": _without_group,
        }

    def has_stored(self) -> bool:
        """Whether anything was stored under this very id, if only an old version is left of it."""
        with asking(_OLD_VERSIONS):
            return any(True for args in self._stored for _ in self._list_versions(*args))

    def find(self, server: ServerRecord | None) -> Found:
        """Everything of theirs in this project; `server` is their server record, of whichever project."""
        project_id, user_id = self._project.id, self._user_id
        own = server is not None and server.project_id in ("", project_id)
        wanted = [*self._stored]
        if own or server is None:  # its last version may be a marker that it was deleted
            wanted.append((SERVER, self._project.platform.name, f"_servers/{user_id}.json", True))
        with asking(_OLD_VERSIONS):
            versions = [one for args in wanted for one in self._list_versions(*args)]
        with asking("see who waits for a server"):
            queue = [entry.key for entry in self._project.platform.list_tree(_QUEUE_PREFIX)]
        return Found(
            user_id,
            project_id,
            tuple(versions),
            tuple(key for key in queue if key.split(".")[2:] == [user_id, project_id]),
            any(self._is_on(key) for key in self._lists),
            server if own else None,
            () if own or server is None else (server.project_id,),
            self._uploads.find(),
            self._uploads.refused,
        )

    def delete(self, found: Found, advance: Callable[[int, int], None] = lambda *_: None) -> None:
        """Deletes it; may be broken off and begun again. Raises CliError while their server is alive."""
        if found.server is not None and found.server.state != ServerState.STOPPED:
            raise CliError(
                f"the server of {found.user_id} is still {found.server.state}", "Run the same command again."
            )
        with asking("take a participant off the lists of the study", _TAGGED):
            for key in self._lists:
                self._leave(key)
                self._delete_versions(self._list_old_lists(key), lambda *_: None)
        with asking("take a participant out of the queue"):
            for key in found.queue:
                self._client.delete_object(Bucket=self._project.platform.name, Key=key)
        self._uploads.abort(found.uploads)
        # Last: a run that is broken off before finds them again, and does the rest anew.
        with asking("delete what participants have stored"):
            self._delete_versions(found.versions, advance)

    def _list_versions(self, kind: str, bucket: str, prefix: str, exact: bool) -> Iterator[Version]:
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for name in ("Versions", "DeleteMarkers"):
                for entry in page.get(name, ()):
                    key = str(entry["Key"])
                    if key == prefix or (not exact and key.startswith(f"{prefix}/")):
                        yield Version(
                            kind,
                            bucket,
                            key,
                            str(entry["VersionId"]),
                            bool(entry["IsLatest"]),
                            name == "DeleteMarkers",
                            int(entry.get("Size", 0)),
                        )

    def _delete_versions(self, versions: Iterable[Version], advance: Callable[[int, int], None]) -> None:
        """What is newest last: an object never comes back as what it once was."""
        versions = list(versions)
        done = 0
        for latest in (False, True):
            for _ in map_bounded(self._delete_one, [one for one in versions if one.is_latest is latest]):
                done += 1
                advance(done, len(versions))

    def _delete_one(self, version: Version) -> None:
        self._client.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.version)

    def _is_on(self, key: str) -> bool:
        content, _ = self._read_list(key)
        return self._lists[key](content, self._user_id) != content

    def _read_list(self, key: str) -> tuple[dict[str, Any], str]:
        # Looked for first: who may list by prefix only is refused what is not there, instead of told so.
        records = self._project.records
        stored = records.read(key) if records.holds(key) else None
        if stored is None:
            return {}, ""
        try:
            content = json.loads(stored.body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise CliError(f"{key} is not JSON", "Mend it by hand; nothing was deleted.")
        return content, stored.etag

    def _leave(self, key: str) -> None:
        """By compare and swap, as the platform itself changes the list; a place there is free again."""
        for _ in list_tries(self._clock):
            content, etag = self._read_list(key)
            changed = self._lists[key](content, self._user_id)
            if changed == content:
                return
            try:
                self._client.put_object(
                    Bucket=self._project.records.name,
                    Key=key,
                    Body=json.dumps(changed).encode(),
                    IfMatch=etag,
                )
            except ClientError as error:
                if read_code(error) not in _CONFLICTS:
                    raise
                continue
            return
        raise CliError(f"{key}: others kept changing it", "Run the same command again.")

    def _list_old_lists(self, key: str) -> list[Version]:
        """Old versions of a list name whoever was on it: they go as a whole."""
        versions = self._list_versions("list", self._project.records.name, key, True)
        return [one for one in versions if not one.is_latest]


def _without_admission(content: dict[str, Any], user_id: str) -> dict[str, Any]:
    """The list of who was let in or turned away without somebody."""
    refused = content.get("refused")
    changed = dict(content)
    if isinstance(content.get("admitted"), list):
        changed["admitted"] = [one for one in content["admitted"] if one != user_id]
    if isinstance(refused, dict):
        changed["refused"] = {
            reason: [one for one in ids if one != user_id] if isinstance(ids, list) else ids
            for reason, ids in refused.items()
        }
    return changed


def _without_group(content: dict[str, Any], user_id: str) -> dict[str, Any]:
    """The groups of a study without somebody who is in one and has not finished."""
    running = content.get("running")
    if not isinstance(running, dict):
        return content
    return {**content, "running": {one: group for one, group in running.items() if one != user_id}}
