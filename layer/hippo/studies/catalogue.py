"""The lookup of a project and its frozen version, with the caches that keep a page at two AWS calls."""

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeGuard

from hippo.aws.s3 import ObjectStore
from hippo.clock import Clock
from hippo.ids import is_project_id
from hippo.stored_json import UNREADABLE, parse_object, read_list
from hippo.studies.links import LEAST_KEY_LENGTH, name_link_key
from hippo.studies.options import AccessOptions, read_access
from hippo.studies.ownership import is_live
from hippo.studies.publishing import MASTER_LIST, read_projects, version_key
from hippo.studies.study import Study, order_variants

logger = logging.getLogger(__name__)

_KEPT_VERSIONS = 16
_MOST_VARIANTS = 32
_VERSION = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")
# Step files are directly below the project, where the platform's own objects begin with `_`.
_NO_PAGE = re.compile(r"_|.*/_|Users/|Trials/", re.DOTALL)
_REFRESH_AFTER = timedelta(seconds=1)


@dataclass(frozen=True)
class ListedProject:
    """A project in the current master list."""

    id: str
    live: bool
    version: str | None
    bucket: str
    config: Mapping[str, Any]

    @cached_property
    def access(self) -> AccessOptions:
        """The rules of admission. Unreadable options are absent, and logged once per reading of the list."""
        return read_access(self.config)


class Catalogue:
    """The master list, cached for `cache_seconds` so that `live: false` acts soon, and the versions.

    `make_store` returns the store of a bucket. Only the stack's own bucket and the operator's extra ones are
    used.
    """

    def __init__(
        self,
        make_store: Callable[[str], ObjectStore],
        buckets: tuple[str, ...],
        clock: Clock,
        cache_seconds: float,
    ) -> None:
        self._make_store = make_store
        self._buckets = buckets
        self._clock = clock
        self._cache_life = timedelta(seconds=cache_seconds)
        self._projects: dict[str, ListedProject] = {}
        self._read_at: datetime | None = None
        self._versions: OrderedDict[tuple[str, str], Study] = OrderedDict()
        self._live_studies: dict[str, tuple[datetime, Study]] = {}
        self._link_keys: dict[str, tuple[datetime, bytes | None]] = {}

    def find(self, project_id: str) -> ListedProject | None:
        """Return the project, live or not; None if it is not in the list.

        If the cached list does not have it, the list is read again, at most once a second, so that a link
        works as soon as its study is published.
        """
        life = self._cache_life if project_id in self._projects else min(self._cache_life, _REFRESH_AFTER)
        if self._age() >= life:
            self._refresh()
        return self._projects.get(project_id)

    def _age(self) -> timedelta:
        return self._clock.now() - self._read_at if self._read_at else timedelta.max

    def _refresh(self) -> None:
        self._projects = self._read_list()
        self._read_at = self._clock.now()

    @property
    def own_store(self) -> ObjectStore:
        """The store of the stack's own bucket."""
        return self._make_store(self._buckets[0])

    def store_of(self, project: ListedProject) -> ObjectStore:
        """Return the store of a project's pages and records."""
        return self._make_store(project.bucket)

    def read_link_key(self, project: ListedProject) -> bytes | None:
        """Return the key of the project's signed links, None if it is missing or too short to be safe."""
        now = self._clock.now()
        kept = self._link_keys.get(project.id)
        if kept is None or now >= kept[0]:
            name = name_link_key(project.id)
            stored = self.store_of(project).read(name)
            key = stored.body.strip() if stored else b""
            is_valid = len(key) >= LEAST_KEY_LENGTH
            if not is_valid:
                why = f"at least {LEAST_KEY_LENGTH} characters are needed"
                logger.error("key of signed links", extra={"projectId": project.id, "key": name, "why": why})
            life = self._cache_life if is_valid else min(self._cache_life, _REFRESH_AFTER)
            kept = self._link_keys[project.id] = (now + life, key if is_valid else None)
        return kept[1]

    def load_study(self, project: ListedProject, version: str | None) -> Study:
        """Return the version that a participant began with; if none or lost, the current project."""
        for wanted in (version, project.version):
            if is_version(wanted) and (study := self._load_version(project, wanted)):
                return study
        return self._load_live(project)

    def _read_list(self) -> dict[str, ListedProject]:
        stored = self._make_store(self._buckets[0]).read(MASTER_LIST)
        if stored is None:
            return {}
        listed = {}
        for entry in read_projects(stored.body):
            project_id, bucket = entry.get("id"), entry.get("bucket") or self._buckets[0]
            if not isinstance(project_id, str) or not is_project_id(project_id):
                logger.error("project without a valid id", extra={"kind": type(project_id).__name__})
            elif bucket not in self._buckets:
                logger.error("project in a bucket that is not this stack's", extra={"projectId": project_id})
            else:
                version = entry.get("version") if is_version(entry.get("version")) else None
                listed[project_id] = ListedProject(project_id, is_live(entry), version, bucket, entry)
        return listed

    def _load_version(self, project: ListedProject, version: str) -> Study | None:
        key = (project.id, version)
        if key not in self._versions:
            store = self.store_of(project)
            stored = store.read(version_key(project.id, version))
            if stored is None:
                logger.error("version is missing", extra={"projectId": project.id, "version": version})
                return None
            try:
                config, files, variants = parse_version(stored.body)
            except UNREADABLE as error:
                why = {"version": version, "why": str(error)[:200]}
                logger.error("version is not readable", extra={"projectId": project.id, **why})
                return None
            pages = LivePages(store, project.id, files)
            self._versions[key] = Study(
                project.id, config, pages.read, lambda file: list(variants.get(file, ()))
            )
            if len(self._versions) > _KEPT_VERSIONS:
                self._versions.popitem(last=False)
        self._versions.move_to_end(key)
        return self._versions[key]

    def _load_live(self, project: ListedProject) -> Study:
        """Return a study without a version, from a list of an existing deployment, with its current pages."""
        now = self._clock.now()
        kept = self._live_studies.get(project.id)
        if kept is None or now >= kept[0]:
            pages = LivePages(self.store_of(project), project.id, {})
            study = Study(project.id, project.config, pages.read, pages.find_variants)
            kept = self._live_studies[project.id] = (now + self._cache_life, study)
        return kept[1]


def is_version(value: object) -> TypeGuard[str]:
    """Return whether a value can name a version, and so be a part of its key."""
    return isinstance(value, str) and _VERSION.fullmatch(value) is not None


def parse_version(body: bytes) -> tuple[dict[str, Any], dict[str, str], dict[str, list[str]]]:
    """Return config, pages and variants of a frozen version. Raises one of UNREADABLE."""
    frozen = parse_object(body)
    config, files, variants = frozen["config"], frozen["files"], frozen["variants"]
    if not isinstance(config, dict) or not all(isinstance(text, str) for text in files.values()):
        raise ValueError("config or files are not what publishing writes")
    return config, dict(files), {file: read_list(variants, file, str) for file in variants}


class LivePages:
    """The pages of a project: those given, and otherwise those in the bucket, read once. It never lists."""

    def __init__(self, store: ObjectStore, project_id: str, files: Mapping[str, str]) -> None:
        self._store = store
        self._project_id = project_id
        self._files: dict[str, str] = dict(files)

    def read(self, file: str) -> str | None:
        """Return the text, or None. A page that is uploaded after publishing is found from then on."""
        if file not in self._files:
            if _NO_PAGE.match(file):
                return None
            stored = self._store.read(f"{self._project_id}/{file}")
            if stored is None:
                return None
            self._files[file] = stored.body.decode("utf-8-sig", errors="replace")
        return self._files[file]

    def find_variants(self, file: str) -> list[str]:
        """Return the variants of a step file, found by reading -0, -1 … until one is missing."""
        stem = file.removesuffix(".html")
        existing: set[str] = set()
        for number in range(_MOST_VARIANTS):
            if self.read(name := f"{stem}-{number}.html") is None:
                break
            existing.add(name)
        if existing and self.read(file) is not None:
            existing.add(file)
        return order_variants(file, existing)
