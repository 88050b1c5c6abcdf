"""The versions of a study, which show what each participant saw according to the version in their record."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import Any

from botocore.exceptions import ClientError

from hippo.errors import BrokenListError
from hippo.stored_json import UNREADABLE
from hippo.studies.catalogue import is_version, parse_version
from hippo.studies.links import identify
from hippo.studies.options import read_access
from hippo.studies.publishing import MASTER_LIST, read_projects, version_key
from hippo.studies.study import GAME, Study, choose_variant, order_variants, read_number
from hippo_cli.aws_errors import is_denied
from hippo_cli.data.bucket import Bucket


@dataclass(frozen=True, slots=True)
class ShownPage:
    """The page that a participant saw at a step. `group` is None if all participants see the same page."""

    file: str
    group: int | None


class Studies:
    """A project's versions, each read once. `config` is the project's list entry or its folder's config."""

    def __init__(self, bucket: Bucket, project_id: str, config: Mapping[str, Any]) -> None:
        self._bucket = bucket
        self._project_id = project_id
        self._config = config
        self._versions: dict[str, Study | None] = {}
        self._lock = RLock()  # so that threads read each version only once

    def get(self, version: str | None) -> Study:
        """Return the version, or the current version if a record names none or one that no longer exists."""
        with self._lock:
            found = self._read_version(version) if is_version(version) else None
            return found or self.current

    @property
    def one_per(self) -> str | None:
        """The parameter of links that identifies participants, if the study has one."""
        return read_access(self._config).one_per

    def derive_user(self, recruiter_id: str) -> str | None:
        """Return the user id of the participant with this recruiter's id, or None if it cannot be derived."""
        return identify(self._project_id, self.one_per, {self.one_per or "": recruiter_id})

    @cached_property
    def current_version(self) -> str | None:
        """The version in the list of projects, otherwise the newest, or None if there are no versions."""
        listed = self._config.get("version")
        return listed if is_version(listed) else self._find_newest()

    @cached_property
    def current(self) -> Study:
        """The current version, or the pages in the bucket if there are no versions."""
        version = self.current_version
        return (self._read_version(version) if version else None) or self._read_live()

    def find_game(self, version: str | None) -> int | None:
        """Return the first game step of a version, or None if it has none or is unknown."""
        study = self.get(version)
        games = (step for step in range(1, study.last_step + 1) if study.is_game(step))
        return next(games, None)

    def _find_newest(self) -> str | None:
        entries = self._bucket.list_tree(f"{self._project_id}/_versions/", flat=True)
        names = {entry.key.rpartition("/")[2].removesuffix(".json"): entry.modified for entry in entries}
        return max(filter(is_version, names), key=lambda name: names[name], default=None)

    def _read_version(self, version: str) -> Study | None:
        if version not in self._versions:
            self._versions[version] = self._load(version)
        return self._versions[version]

    def _load(self, version: str) -> Study | None:
        stored = self._bucket.read(version_key(self._project_id, version))
        if stored is None:
            return None
        try:
            config, files, variants = parse_version(stored.body)
        except UNREADABLE:
            return None
        return Study(self._project_id, config, files.get, lambda file: list(variants.get(file, ())))

    def _read_live(self) -> Study:
        prefix = f"{self._project_id}/"
        names = {entry.key.removeprefix(prefix) for entry in self._bucket.list_tree(prefix, flat=True)}
        texts: dict[str, str | None] = {}

        def read_page(file: str) -> str | None:
            if file not in texts:
                stored = self._bucket.read(prefix + file) if file in names else None
                texts[file] = stored.body.decode("utf-8-sig", "replace") if stored else None
            return texts[file]

        return Study(self._project_id, self._config, read_page, lambda file: order_variants(file, names))


def find_entry(bucket: Bucket, project_id: str) -> dict[str, Any] | None:
    """Return the project's entry in the list of projects, or None if it has none or access is denied."""
    return next((entry for entry in list_entries(bucket) or () if entry.get("id") == project_id), None)


def list_entries(bucket: Bucket) -> list[dict[str, Any]] | None:
    """Return the list of projects, empty if it is missing or broken, or None if access is denied."""
    try:
        stored = bucket.read(MASTER_LIST)
    except ClientError as error:
        if is_denied(error):
            return []
        raise
    try:
        return read_projects(stored.body) if stored else []
    except BrokenListError:
        return []  # publishing reports the broken list; answers can be read without it


def knows_steps(study: Study) -> bool:
    """Return whether the config of this version is available. Without it only step numbers are known."""
    steps = study.config.get("steps")
    return isinstance(steps, Mapping) and bool(steps)


def find_page(study: Study, step: int, user: str, group: int | None = None) -> ShownPage:
    """Return the page that a participant saw, by the group in their record or otherwise by their id."""
    if step < 1 or not knows_steps(study):
        return ShownPage("", None)
    file = study.file_at(step)
    variants = [] if file == GAME else study.read_variants(file)
    if not variants:
        return ShownPage(file, None)
    number = choose_variant(len(variants), user, group)
    return ShownPage(variants[number], number)


def list_groups(study: Study, user: str, group: int | None = None) -> dict[str, int]:
    """Return the participant's group at each step file with variants, also those not seen yet."""
    files = dict.fromkeys(file for _, file in list_steps(study) if file != GAME)
    counts = {file: len(study.read_variants(file)) for file in files}
    return {file: choose_variant(count, user, group) for file, count in counts.items() if count}


def list_steps(study: Study) -> list[tuple[int, str]]:
    """Return number and file of each step, the final one last, or [] if the config is not available."""
    if not knows_steps(study):
        return []
    numbers = sorted(number for key in study.config["steps"] if (number := read_number(key)))
    return [(number, study.file_at(number)) for number in [*numbers, study.last_step + 1]]
