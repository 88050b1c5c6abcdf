"""A study that participants go through: its steps, its events, its pages."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hippo.groups import assign_group
from hippo.ids import compose_name
from hippo.studies.options import PageOptions, read_page_options

GAME = "game"
DEFAULT_MAX_RUNTIME = 60  # minutes, for entries copied from a deployment that did not require it
_NUMBER = re.compile(r"[0-9]{1,6}")


def choose_variant(variants: int, user_id: str, group: int | None = None) -> int:
    """Return the number of the variant that a participant sees: by their record's group, or by their id."""
    return assign_group(user_id, variants) if group is None else group % variants


@dataclass(frozen=True)
class Study:
    """One version of a study.

    `read_page` returns the text of a step file, or None. `read_variants` returns the variants of a step file
    in the order of their group, or an empty list if it has none.
    """

    project_id: str
    config: Mapping[str, Any]
    read_page: Callable[[str], str | None]
    read_variants: Callable[[str], list[str]]

    @cached_property
    def options(self) -> PageOptions:
        """The optional keys of the config. Unreadable ones are absent, and logged once."""
        return read_page_options(self.config)

    @property
    def title(self) -> str:
        """The study's name, which participants see."""
        return str(self.config.get("name") or self.project_id)

    @property
    def researcher(self) -> str | None:
        """The person responsible for the study, whom participants can contact."""
        return str(self.config.get("researcher") or "") or None

    @property
    def last_step(self) -> int:
        """The highest numbered step; the final step is reported as one more."""
        return max((read_number(key) or 0 for key in self._steps), default=0)

    @property
    def start_step(self) -> int | None:
        """The step that starts the participant's server, if any."""
        return self._read_event("startServerStep")

    @property
    def stop_step(self) -> int | None:
        """The step that stops it, if any."""
        return self._read_event("stopServerStep")

    @property
    def max_runtime(self) -> int:
        """Minutes that a server may live, before the operator's cap."""
        return read_number(self.config.get("maxRuntime")) or DEFAULT_MAX_RUNTIME

    @property
    def task_definition(self) -> str:
        """The ECS task definition of the game server."""
        return str(self.config.get("ecsTask") or "")

    def file_at(self, step: int) -> str:
        """Return `game` or the step file; after the last numbered step, and for a gap, the final step's."""
        return str(self._steps.get(str(step)) or self._steps.get("finalStep") or "")

    def is_game(self, step: int) -> bool:
        """Return whether the step is a game."""
        return self.file_at(step) == GAME

    def page_at(self, step: int, user_id: str, group: int | None = None) -> str | None:
        """Return the HTML that the participant sees at a step, in their group's variant; None if missing.

        `group` is their record's; without one the id decides. Publishing requires as many variants of every
        page as there are groups, but a list edited by hand may have fewer.
        """
        file = self.file_at(step)
        variants = self.read_variants(file)
        return self.read_page(variants[choose_variant(len(variants), user_id, group)] if variants else file)

    @cached_property
    def groups(self) -> int:
        """The number of groups: that of the page with the most variants, or 0 without variants."""
        files = {file for file in map(str, self._steps.values()) if file != GAME}
        return max((len(self.read_variants(file)) for file in files), default=0)

    @property
    def container_name(self) -> str:
        """The game server's container in the task definition; empty if the config does not name it."""
        return str(_as_mapping(self.config.get("awsSetup")).get("containerName") or "")

    def read_css(self) -> str | None:
        """Return the study's style sheet, or None."""
        css = self.config.get("css")
        return self.read_page(str(css)) if css else None

    @property
    def _steps(self) -> Mapping[str, Any]:
        return _as_mapping(self.config.get("steps"))

    def _read_event(self, name: str) -> int | None:
        return read_number(_as_mapping(self.config.get("events")).get(name))


def _as_mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping, empty if a list edited by hand has something else, so that pages are missing."""
    return value if isinstance(value, Mapping) else {}


def read_number(value: object) -> int | None:
    """Return a whole number of 0 or more, which may be given as text; otherwise None."""
    return int(str(value)) if _NUMBER.fullmatch(str(value)) else None


def order_variants(file: str, existing: set[str]) -> list[str]:
    """Return the variants of a step file among the existing files, in the order of their group.

    They are `{stem}-0.html … {stem}-(n-1).html`. If the plain file exists too, it is the last group, because
    existing deployments count it.
    """
    stem = file.removesuffix(".html")
    variants: list[str] = []
    while (name := f"{stem}-{len(variants)}.html") in existing:
        variants.append(name)
    if variants and file in existing:
        variants.append(file)
    return variants


def compose_names(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config with the names of its step files and style sheet in composed form."""
    composed = {**config}
    if "css" in config:
        composed["css"] = compose_name(config["css"])
    if isinstance(steps := config.get("steps"), Mapping):
        composed["steps"] = {key: compose_name(file) for key, file in steps.items()}
    return composed
