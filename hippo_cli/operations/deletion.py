"""The deletion of a whole study: first its entry in the list, then its data and pages, its own config last.

The own config says that the study is deleted from the beginning to the end. So the update function, which
does not know its caller, removes the entry, the study cannot be published meanwhile, and the next run
recognises an interrupted deletion.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hippo.records.server import ServerRecord
from hippo.studies.ownership import DELETED, name_config
from hippo_cli.data.bucket import Stored
from hippo_cli.data.pool import map_bounded
from hippo_cli.data.project import Project
from hippo_cli.operations.platform import explaining_denial
from hippo_cli.operations.servers import read_project_servers
from hippo_cli.operations.switching import remove_from_list
from hippo_cli.operations.withdrawal import Version
from hippo_cli.publishing.own_config import parse_own_config, write_own_config
from hippo_cli.reports.servers import PREFIX, is_alive

DATA, PUBLISHED, SERVER = "data", "published", "server"
_QUEUE_PREFIX = "_slots/q."
# The platform's folders that hold what was published; its other objects hold what participants left.
_PUBLISHED = ("_media/", "_versions/", "_keys/", "_config.json")
_PARTICIPANTS = ("Users/", "Trials/", "_")


@dataclass(frozen=True)
class StudyData:
    """The content of a study. `versions` are those of data and server records, and published objects."""

    versions: tuple[Version, ...]
    servers: tuple[ServerRecord, ...]
    queue: tuple[str, ...]
    participants: int

    def list_kind(self, *kinds: str) -> list[Version]:
        """Return the versions of these kinds."""
        return [version for version in self.versions if version.kind in kinds]

    @property
    def has_data(self) -> bool:
        """Whether there is anything of participants."""
        return bool(self.list_kind(DATA, SERVER) or self.queue)

    @property
    def alive(self) -> list[ServerRecord]:
        """The servers that have not stopped."""
        return [record for record in self.servers if is_alive(record)]


def _find_server(_: str) -> str:
    return SERVER


class StudyDeletion:
    """The deletion of one study; `own` is its own config as it was read. Each step may be repeated."""

    def __init__(self, project: Project, own: Stored | None, warn: Callable[[str], None]) -> None:
        self._project, self._own, self._warn = project, own, warn
        self._client: Any = project.connection.make_client("s3")

    @property
    def has_begun(self) -> bool:
        """Whether an earlier run has begun to delete the study."""
        return parse_own_config(self._own).get(DELETED) is True

    def find(self) -> StudyData:
        """Return what the study has now, without its own config."""
        project = self._project
        with explaining_denial("list the servers of all projects"):  # reading them by name may miss some
            next(project.platform.list_tree(PREFIX), None)
        servers = tuple(read_project_servers(project, self._warn))
        with explaining_denial("list old versions of participants' data"):
            stored = list(self._list_versions(project.records.name, f"{project.id}/", self._find_kind))
            for record in servers:
                key = f"{PREFIX}{record.user_id}.json"
                stored += self._list_versions(project.platform.name, key, _find_server)
        with explaining_denial("list participants who wait for a server"):
            queue = [entry.key for entry in project.platform.list_tree(_QUEUE_PREFIX)]
        users = f"{project.id}/Users/"
        return StudyData(
            tuple(stored),
            servers,
            tuple(key for key in queue if key.split(".")[3:] == [project.id]),
            sum(one.key.startswith(users) and one.is_latest and not one.is_marker for one in stored),
        )

    def close(self) -> None:
        """Let the own config say that the study is deleted, and remove the study from the list."""
        project = self._project
        if not self.has_begun:
            place = {} if project.records.name == project.platform.name else {"bucket": project.records.name}
            content = {"id": project.id, DELETED: True, **place}
            write_own_config(self._client, project.platform, project.id, content, self._own)
        remove_from_list(project.connection, project.stack, project.id)

    def delete(self, found: StudyData, advance: Callable[[int, int], None]) -> None:
        """Permanently delete participants' data with old versions, then what was published."""
        old = [one for one in found.list_kind(DATA, SERVER) if not one.is_latest]
        latest = [one for one in found.list_kind(DATA, SERVER) if one.is_latest]
        total, done = len(found.versions) + len(found.queue), 0
        with explaining_denial("delete participants' data"):
            for key in found.queue:
                self._client.delete_object(Bucket=self._project.platform.name, Key=key)
            for versions in (old, latest):  # so that no old version becomes current again
                for _ in map_bounded(self._delete_version, versions):
                    advance(done := done + 1, total)
        with explaining_denial("delete what was published"):
            for _ in map_bounded(self._delete_current, found.list_kind(PUBLISHED)):
                advance(done := done + 1, total)

    def finish(self) -> None:
        """Delete the own config, after which the id is free for another study."""
        with explaining_denial("delete the study's own config"):
            self._client.delete_object(Bucket=self._project.platform.name, Key=name_config(self._project.id))

    def _find_kind(self, key: str) -> str:
        name = key.removeprefix(f"{self._project.id}/")
        if name == name_config("").strip("/"):
            return ""
        return DATA if name.startswith(_PARTICIPANTS) and not name.startswith(_PUBLISHED) else PUBLISHED

    def _list_versions(self, bucket: str, prefix: str, find_kind: Callable[[str], str]) -> Iterator[Version]:
        """Yield all versions of participants' data, and only current ones of what was published."""
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for name in ("Versions", "DeleteMarkers"):
                for entry in page.get(name, ()):
                    key, is_latest, is_marker = str(entry["Key"]), bool(entry["IsLatest"]), name != "Versions"
                    kind = find_kind(key)
                    if kind and (kind != PUBLISHED or (is_latest and not is_marker)):
                        size = int(entry.get("Size", 0))
                        yield Version(kind, bucket, key, str(entry["VersionId"]), is_latest, is_marker, size)

    def _delete_version(self, version: Version) -> None:
        self._client.delete_object(Bucket=version.bucket, Key=version.key, VersionId=version.version)

    def _delete_current(self, version: Version) -> None:
        self._client.delete_object(Bucket=version.bucket, Key=version.key)
