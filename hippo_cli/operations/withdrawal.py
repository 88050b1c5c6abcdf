"""Permanent deletion of all data of one participant in a project, including old versions."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from hippo.clock import Clock
from hippo.contention import list_write_tries
from hippo.records.codes import ServerState
from hippo.records.server import ServerRecord
from hippo.stored_json import format_json
from hippo_cli.aws_errors import read_code
from hippo_cli.data.pool import map_bounded
from hippo_cli.data.project import Project
from hippo_cli.errors import CliError
from hippo_cli.operations.multipart_uploads import MultipartUpload, MultipartUploads
from hippo_cli.operations.platform import ASK_FOR_STEWARD_POLICY, explaining_denial
from hippo_cli.operations.servers import HiddenServerError, read_server

RECORD, TRIAL, SERVER, QUEUE = "record", "trial", "server", "queue"
_ASK_FOR_TAG = f"{ASK_FOR_STEWARD_POLICY}\nPolicies for more buckets also require the tag hippo-role=steward."
_LIST_VERSIONS = "list old versions of participants' data"
_QUEUE_PREFIX = "_slots/q."
_CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or a delete marker."""

    kind: str
    bucket: str
    key: str
    version: str
    is_latest: bool
    is_marker: bool
    size: int


@dataclass(frozen=True)
class ParticipantData:
    """All data of a participant. `server` is their server record if it belongs to this project."""

    user_id: str
    project_id: str
    versions: tuple[Version, ...]
    queue: tuple[str, ...]
    is_listed: bool
    server: ServerRecord | None
    other_projects: tuple[str, ...] = field(default=())  # the server record belongs to these
    hides_server: bool = False  # these credentials may not read the server record
    uploads: tuple[MultipartUpload, ...] = ()
    leaves_uploads: bool = False  # these credentials may not list the uploads, or could not abort them

    @property
    def is_empty(self) -> bool:
        """Whether there is no data."""
        return not (self.versions or self.queue or self.is_listed or self.uploads)

    def count(self, kind: str) -> int:
        """Return the number of current objects of a kind."""
        return sum(
            version.kind == kind and version.is_latest and not version.is_marker for version in self.versions
        )

    def count_old(self) -> int:
        """Return the number of old versions and delete markers."""
        return sum(not version.is_latest or version.is_marker for version in self.versions)


class Withdrawal:
    """The withdrawal of one participant from one project: `find`, then `delete`, then `find` again."""

    def __init__(self, project: Project, client: Any, user_id: str, clock: Clock) -> None:
        self._project = project
        self._client = client
        self._user_id = user_id
        self._clock = clock
        self._stored = (
            (RECORD, project.records.name, f"{project.id}/Users/{user_id}", True),
            (TRIAL, project.records.name, f"{project.id}/Trials/{user_id}", False),
        )
        self._uploads = MultipartUploads(client, project.records.name, f"{project.id}/Trials/{user_id}/")
        # Lists that contain participant ids: admitted and refused participants, and their groups.
        self._lists = {
            f"{project.id}/_admission.json": _without_admission,
            f"{project.id}/_groups.json": _without_group,
        }

    def has_stored(self) -> bool:
        """Return whether anything is stored under exactly this id, even if only as an old version."""
        with explaining_denial(_LIST_VERSIONS):
            return any(True for args in self._stored for _ in self._list_versions(*args))

    def find(self) -> ParticipantData:
        """Return the participant's data in this project.

        A server record that these credentials may not read belongs to another project, or to none.
        """
        project_id, user_id = self._project.id, self._user_id
        server, is_hidden = self._read_server()
        own = server is not None and server.project_id in ("", project_id)
        wanted = [*self._stored]
        # Without a record there may still be a delete marker.
        if own or (server is None and not is_hidden):
            wanted.append((SERVER, self._project.platform.name, f"_servers/{user_id}.json", True))
        with explaining_denial(_LIST_VERSIONS):
            versions = [version for args in wanted for version in self._list_versions(*args)]
        with explaining_denial("list participants who wait for a server"):
            queue = [entry.key for entry in self._project.platform.list_tree(_QUEUE_PREFIX)]
        return ParticipantData(
            user_id,
            project_id,
            tuple(versions),
            tuple(key for key in queue if key.split(".")[2:] == [user_id, project_id]),
            any(self._is_on(key) for key in self._lists),
            server if own else None,
            () if own or server is None else (server.project_id,),
            is_hidden,
            self._uploads.find(),
            self._uploads.denied,
        )

    def _read_server(self) -> tuple[ServerRecord | None, bool]:
        """Return the participant's server record in any project, and whether there is one that is hidden."""
        try:
            return read_server(self._project.platform, self._user_id), False
        except HiddenServerError:
            return None, True

    def delete(self, found: ParticipantData, advance: Callable[[int, int], None] = lambda *_: None) -> None:
        """Delete the data. After an interruption, call it again. Raises CliError if their server is alive."""
        if found.server is not None and found.server.state != ServerState.STOPPED:
            raise CliError(
                f"the server of {found.user_id} is still {found.server.state}", "Run the same command again."
            )
        with explaining_denial("remove a participant from the lists of the study", _ASK_FOR_TAG):
            for key in self._lists:
                self._remove_from_list(key)
                self._delete_versions(self._list_old_lists(key), lambda *_: None)
        with explaining_denial("remove a participant from the queue"):
            for key in found.queue:
                self._client.delete_object(Bucket=self._project.platform.name, Key=key)
        self._uploads.abort(found.uploads)
        # Stored data comes last. If a run is interrupted before this, the next one finds it and starts again.
        with explaining_denial("delete participants' data"):
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
        """Delete the latest versions last, so that no old version ever becomes current again."""
        versions = list(versions)
        done = 0
        for latest in (False, True):
            for _ in map_bounded(
                self._delete_version, [version for version in versions if version.is_latest is latest]
            ):
                done += 1
                advance(done, len(versions))

    def _delete_version(self, version: Version) -> None:
        self._client.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.version)

    def _is_on(self, key: str) -> bool:
        content, _ = self._read_list(key)
        return self._lists[key](content, self._user_id) != content

    def _read_list(self, key: str) -> tuple[dict[str, Any], str]:
        # Check with a listing first. With permission to list by prefix only, S3 denies access to a missing
        # object instead of reporting that it is missing.
        records = self._project.records
        stored = records.read(key) if records.holds(key) else None
        if stored is None:
            return {}, ""
        try:
            content = json.loads(stored.body)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise CliError(
                f"{key} is not JSON", "Nothing was deleted. Fix the file and run the command again."
            )
        return content, stored.etag

    def _remove_from_list(self, key: str) -> None:
        """Remove the participant by compare-and-swap, as the platform does. This lets another be admitted."""
        for _ in list_write_tries(self._clock):
            content, etag = self._read_list(key)
            changed = self._lists[key](content, self._user_id)
            if changed == content:
                return
            try:
                self._client.put_object(
                    Bucket=self._project.records.name,
                    Key=key,
                    Body=format_json(changed),
                    ContentType="application/json",
                    IfMatch=etag,
                )
            except ClientError as error:
                if read_code(error) not in _CONFLICTS:
                    raise
                continue
            return
        raise CliError(f"{key}: the platform kept changing it", "Run the same command again.")

    def _list_old_lists(self, key: str) -> list[Version]:
        """Return all old versions of a list, because they may contain the participant's id."""
        versions = self._list_versions("list", self._project.records.name, key, True)
        return [version for version in versions if not version.is_latest]


def _without_admission(content: dict[str, Any], user_id: str) -> dict[str, Any]:
    """Return the lists of admitted and refused participants without this one."""
    refused = content.get("refused")
    changed = dict(content)
    if isinstance(content.get("admitted"), list):
        changed["admitted"] = [admitted for admitted in content["admitted"] if admitted != user_id]
    if isinstance(since := content.get("since"), dict):
        changed["since"] = {other: time for other, time in since.items() if other != user_id}
    if isinstance(refused, dict):
        changed["refused"] = {
            reason: [other for other in ids if other != user_id] if isinstance(ids, list) else ids
            for reason, ids in refused.items()
        }
    return changed


def _without_group(content: dict[str, Any], user_id: str) -> dict[str, Any]:
    """Return the groups of a study without this participant among those still running."""
    running = content.get("running")
    if not isinstance(running, dict):
        return content
    changed = {**content, "running": {other: group for other, group in running.items() if other != user_id}}
    if isinstance(begun := content.get("begun"), list):
        changed["begun"] = [other for other in begun if other != user_id]
    return changed
