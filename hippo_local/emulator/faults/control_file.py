"""The control file of faults: what may stand in it, and how often each fault has struck.

A JSON list; each entry names its `kind`, may be limited by `match` (a part of a user id or resource name) and
`times`, and has the keys that `KINDS` lists. It is read again whenever it has changed. A file that cannot be
used acts as an empty one, and every problem in it is told.
"""

import json
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hippo_local.emulator.faults.error_codes import THROTTLES

_log = logging.getLogger("hippo_local.emulator.faults.api_calls")


class FaultFileError(ValueError):
    """A control file that cannot be used; the text names every problem in it."""


@dataclass(frozen=True)
class Kind:
    """The keys of one kind of fault: those that it needs, and those that it may have with their choices."""

    needs: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    may: tuple[str, ...] = ()


# The first choice is what counts where an entry does not say.
KINDS: Mapping[str, Kind] = {
    "slow-start": Kind(("seconds",), {"state": ("PENDING", "RUNNING")}),
    "task-crash": Kind(("seconds",)),
    "spot-interruption": Kind(("seconds",)),
    "no-capacity": Kind((), {"how": ("failures", "stopped"), "provider": ("FARGATE_SPOT", "FARGATE", "any")}),
    "hidden-task": Kind(("seconds",)),
    "throttle": Kind(("action",), may=("rate",)),
    "fail-before": Kind(("action",), {"answer": ("500", "close")}),
    "fail-after": Kind(("action",), {"answer": ("close", "500")}),
    "update-in-progress": Kind((), may=("seconds",)),
    "prior-request-not-complete": Kind(),
    "lambda-death": Kind(("function",), {"when": ("before", "after")}, ("calls", "action", "seconds")),
}
_COMMON = ("kind", "match", "times")
_NUMBERS = ("seconds", "rate")
_COUNTS = ("times", "calls")
_ACTION = re.compile(rf"({'|'.join(THROTTLES)})(:[A-Za-z0-9]+)?")


@dataclass(frozen=True)
class Fault:
    """One entry of the file. `key` tells it from the others, equal ones included."""

    kind: str
    values: Mapping[str, Any]
    key: str

    @property
    def seconds(self) -> float:
        """How long, or after how long; 0 where the entry does not say."""
        return float(self.values.get("seconds", 0))

    def get(self, name: str) -> str:
        """A value as text; the first choice where the entry does not say, empty where there is none."""
        default = KINDS[self.kind].choices.get(name, ("",))[0]
        return str(self.values.get(name, default))

    def concerns(self, text: str) -> bool:
        """Whether `match` is a part of `text`; always without one. Case does not count (as in host names)."""
        return self.get("match").lower() in text.lower()

    def __str__(self) -> str:
        details = [f"{name}={value}" for name, value in self.values.items() if name != "kind"]
        return " ".join([self.kind, *details])


def read_faults(path: Path) -> list[Fault]:
    """The faults in the file, none without it. Raises FaultFileError naming all that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise FaultFileError(f"it cannot be read: {error}") from error
    return parse_faults(text)


def parse_faults(text: str) -> list[Fault]:
    """The faults that the text of a control file lists. Raises FaultFileError naming all that is wrong."""
    try:
        entries = json.loads(text or "[]")
    except ValueError as error:
        raise FaultFileError(f"it is not JSON: {error}") from error
    if not isinstance(entries, list):
        raise FaultFileError(
            'it must be a list of faults, for example [{"kind": "slow-start", "seconds": 20}]'
        )
    problems = [
        f"entry {n}: {problem}" for n, entry in enumerate(entries, 1) for problem in _check_entry(entry)
    ]
    if problems:
        raise FaultFileError("; ".join(problems))
    seen: Counter[str] = Counter()
    faults = []
    for entry in entries:
        content = json.dumps(entry, sort_keys=True)
        seen[content] += 1
        faults.append(Fault(entry["kind"], entry, f"{content} #{seen[content]}"))
    return faults


def _check_entry(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return [f"must be an object with a kind, but is {json.dumps(entry)}"]
    kind = KINDS.get(str(entry.get("kind")))
    if kind is None:
        return [f"`kind` is {json.dumps(entry.get('kind'))}; there are {', '.join(KINDS)}"]
    known = {*_COMMON, *kind.needs, *kind.choices, *kind.may}
    unknown = [f"`{name}` is not a key of {entry['kind']}" for name in entry if name not in known]
    missing = [f"{entry['kind']} needs `{name}`" for name in kind.needs if name not in entry]
    checked = [_check_value(kind, name, value) for name, value in entry.items() if name in known - {"kind"}]
    if entry["kind"] == "lambda-death" and ("calls" in entry) == ("seconds" in entry):
        missing.append("lambda-death needs either `calls` or `seconds`")
    return [*unknown, *missing, *filter(None, checked)]


def _check_value(kind: Kind, name: str, value: Any) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in kind.choices:
        allowed = kind.choices[name]
        return None if str(value) in allowed else f"`{name}` must be {' or '.join(allowed)}, not {value!r}"
    if name in _NUMBERS:
        return None if is_number and value >= 0 else f"`{name}` must be a number, 0 or more, not {value!r}"
    if name in _COUNTS:
        whole = isinstance(value, int) and is_number and value >= 1
        return None if whole else f"`{name}` must be a whole number, 1 or more, not {value!r}"
    if not isinstance(value, str) or not value:
        return f"`{name}` must be text, not {value!r}"
    if name == "action" and not _ACTION.fullmatch(value):
        services = ", ".join(THROTTLES)
        return (
            f"`action` must be a service ({services}) or one of its actions as in a policy (ecs:RunTask), "
            f"not {value!r}"
        )
    return None


class FaultRegistry:
    """The faults that act now. Every look at it sees the file as it is at that moment."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, ...] | None = None
        self._faults: list[Fault] = []
        self._struck: Counter[str] = Counter()
        self._first: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def list_faults(self, *kinds: str) -> list[Fault]:
        """The faults of these kinds that have not yet struck as often as they may."""
        with self._lock:
            self._read_changes()
            return [fault for fault in self._faults if fault.kind in kinds and self._is_left(fault)]

    def take(self, fault: Fault, what: str) -> bool:
        """Count one strike of `fault` at `what`, for the log; False if others have used it up meanwhile."""
        with self._lock:
            if not self._is_left(fault):
                return False
            self._struck[fault.key] += 1
            count = self._struck[fault.key]
        limit = f" of {fault.values['times']}" if "times" in fault.values else ""
        _log.info("fault %d%s: %s, at %s", count, limit, fault, what)
        return True

    def measure_age(self, fault: Fault, what: str) -> float:
        """Seconds since this was first asked of `fault` for `what`."""
        with self._lock:
            now = time.monotonic()
            return now - self._first.setdefault((fault.key, what), now)

    def _is_left(self, fault: Fault) -> bool:
        return "times" not in fault.values or self._struck[fault.key] < fault.values["times"]

    def _read_changes(self) -> None:
        stamp = _stamp_file(self._path)
        if self._path is None or stamp == self._stamp:
            return
        self._stamp, self._faults = stamp, []
        try:
            self._faults = read_faults(self._path)
        except FaultFileError as error:
            _log.error("%s is refused, and no fault acts until it is mended: %s", self._path, error)
            self._struck.clear()
            self._first.clear()
            return
        keys = {fault.key for fault in self._faults}
        # An entry that is taken out and put in again counts anew.
        self._struck = Counter({key: count for key, count in self._struck.items() if key in keys})
        self._first = {name: moment for name, moment in self._first.items() if name[0] in keys}
        _log.info("faults now: %s", "; ".join(map(str, self._faults)) or "none")


def _stamp_file(path: Path | None) -> tuple[int, ...] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None
