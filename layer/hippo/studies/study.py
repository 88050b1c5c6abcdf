"""A study as participants go through it: its steps, its events, its pages."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hippo.groups import assign_group
from hippo.studies.options import PageOptions, read_page_options

GAME = "game"
DEFAULT_MAX_RUNTIME = 60  # minutes, for entries copied from a deployment that did not ask for it
_NUMBER = re.compile(r"[0-9]{1,6}")


def choose_variant(variants: int, user_id: str, group: int | None = None) -> int:
    """Which of so many variants a participant sees: by the group that their record has, else by their id."""
    return assign_group(user_id, variants) if group is None else group % variants


@dataclass(frozen=True)
class Study:
    """One version of a study.

    `read_page` gives the text of a step file or None; `read_variants` the files that stand for a step
    file, in the order of their group (none: the file itself).
    """

    project_id: str
    config: Mapping[str, Any]
    read_page: Callable[[str], str | None]
    read_variants: Callable[[str], list[str]]

    @cached_property
    def options(self) -> PageOptions:
        """The optional parts of the config; what is unreadable is logged once, and absent."""
        return read_page_options(self.config)

    @property
    def title(self) -> str:
        """What people call the study."""
        return str(self.config.get("name") or self.project_id)

    @property
    def researcher(self) -> str | None:
        """Who answers for the study; participants are told."""
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
        """`game` or the step file; after the last numbered step, and for a gap, the final step's."""
        return str(self._steps.get(str(step)) or self._steps.get("finalStep") or "")

    def is_game(self, step: int) -> bool:
        """Whether the participant plays at this step."""
        return self.file_at(step) == GAME

    def page_at(self, step: int, user_id: str, group: int | None = None) -> str | None:
        """The HTML that this participant sees at a step, in their group's variant; None if it is missing.

        `group` is the one that their record has; without one the id decides. Publishing sees to it that every
        page has as many variants as there are groups; a list edited by hand may have fewer.
        """
        file = self.file_at(step)
        variants = self.read_variants(file)
        return self.read_page(variants[choose_variant(len(variants), user_id, group)] if variants else file)

    @cached_property
    def groups(self) -> int:
        """How many groups there are: as many as the page with the most variants has; 0 without variants."""
        files = {file for file in map(str, self._steps.values()) if file != GAME}
        return max((len(self.read_variants(file)) for file in files), default=0)

    @property
    def container_name(self) -> str:
        """The game server's container in the task definition; existing scripts call it like the project."""
        return str(_as_mapping(self.config.get("awsSetup")).get("containerName") or self.project_id)

    def read_css(self) -> str | None:
        """The study's style sheet."""
        css = self.config.get("css")
        return self.read_page(str(css)) if css else None

    @property
    def _steps(self) -> Mapping[str, Any]:
        return _as_mapping(self.config.get("steps"))

    def _read_event(self, name: str) -> int | None:
        return read_number(_as_mapping(self.config.get("events")).get(name))


def _as_mapping(value: object) -> Mapping[str, Any]:
    """A list edited by hand may hold anything: participants then get the page for a missing page."""
    return value if isinstance(value, Mapping) else {}


def read_number(value: object) -> int | None:
    """A whole number of 0 or more, which configs and queries hold as such or as text; else None."""
    return int(str(value)) if _NUMBER.fullmatch(str(value)) else None


def order_variants(file: str, existing: set[str]) -> list[str]:
    """The variants of a step file among the files that exist, in the order of their group.

    `{stem}-0.html … {stem}-(n-1).html`; where the plain file exists too it counts as one more group, the
    last: existing deployments count it.
    """
    stem = file.removesuffix(".html")
    variants: list[str] = []
    while (name := f"{stem}-{len(variants)}.html") in existing:
        variants.append(name)
    if variants and file in existing:
        variants.append(file)
    return variants
