"""The control file of faults: its format, and how often each fault has struck.

The file is a JSON list. Each entry names its `kind`, may be limited by `match` (a part of a user id or
resource name) and `times`, and has the keys that `KINDS` lists. It is read again whenever it has changed. An
invalid file counts as an empty one, and every problem in it is reported.
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

_log = logging.getLogger("hippo_local.emulator.faults.control_file")


class FaultFileError(ValueError):
    """An invalid control file; the text names every problem in it."""


@dataclass(frozen=True)
class Kind:
    """The keys of a kind of fault: required keys, keys with a choice of values, and optional keys."""

    needs: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    may: tuple[str, ...] = ()


# The first choice is the default.
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
    """An entry of the file. `key` distinguishes it from the others, even from equal ones."""

    kind: str
    values: Mapping[str, Any]
    key: str

    @property
    def seconds(self) -> float:
        """The duration, or the delay; 0 if the entry has none."""
        return float(self.values.get("seconds", 0))

    def get(self, name: str) -> str:
        """Return a value as text: by default the first choice, or nothing if there are no choices."""
        default = KINDS[self.kind].choices.get(name, ("",))[0]
        return str(self.values.get(name, default))

    def concerns(self, text: str) -> bool:
        """Return whether `match` is a part of `text`, ignoring case as host names do; True without one."""
        return self.get("match").lower() in text.lower()

    def __str__(self) -> str:
        details = [f"{name}={value}" for name, value in self.values.items() if name != "kind"]
        return " ".join([self.kind, *details])


def read_faults(path: Path) -> list[Fault]:
    """Return the faults in the file, none if it is missing. Raises FaultFileError for an invalid file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise FaultFileError(f"it cannot be read: {error}") from error
    return parse_faults(text)


def parse_faults(text: str) -> list[Fault]:
    """Return the faults in the text of a control file. Raises FaultFileError, which names every problem."""
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
        return [f"must be an object with a `kind`, not {json.dumps(entry)}"]
    kind = KINDS.get(str(entry.get("kind")))
    if kind is None:
        return [f"`kind` cannot be {json.dumps(entry.get('kind'))}: use one of {', '.join(KINDS)}"]
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
        return None if is_number and value >= 0 else f"`{name}` must be 0 or a positive number, not {value!r}"
    if name in _COUNTS:
        whole = isinstance(value, int) and is_number and value >= 1
        return None if whole else f"`{name}` must be a whole number of at least 1, not {value!r}"
    if not isinstance(value, str) or not value:
        return f"`{name}` must be text, not {value!r}"
    if name == "action" and not _ACTION.fullmatch(value):
        services = ", ".join(THROTTLES)
        return (
            f"`action` must be a service ({services}) or an action as in a policy (ecs:RunTask), "
            f"not {value!r}"
        )
    return None


class FaultRegistry:
    """The faults that are active now; every call reads the file again if it has changed."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, ...] | None = None
        self._faults: list[Fault] = []
        self._struck: Counter[str] = Counter()
        self._first: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def list_faults(self, *kinds: str) -> list[Fault]:
        """Return the faults of these kinds that have not yet struck `times` times."""
        with self._lock:
            self._read_changes()
            return [fault for fault in self._faults if fault.kind in kinds and self._is_left(fault)]

    def take(self, fault: Fault, what: str) -> bool:
        """Count and log a strike of `fault` at `what`; return False if it is already used up."""
        with self._lock:
            if not self._is_left(fault):
                return False
            self._struck[fault.key] += 1
            count = self._struck[fault.key]
        limit = f" of {fault.values['times']}" if "times" in fault.values else ""
        _log.info("fault %d%s: %s, at %s", count, limit, fault, what)
        return True

    def measure_age(self, fault: Fault, what: str) -> float:
        """Return the seconds since the first call with this `fault` and `what`."""
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
        # An entry that is removed and added again starts from zero.
        self._struck = Counter({key: count for key, count in self._struck.items() if key in keys})
        self._first = {name: moment for name, moment in self._first.items() if name[0] in keys}
        _log.info("faults now: %s", "; ".join(map(str, self._faults)) or "none")


def _stamp_file(path: Path | None) -> tuple[int, ...] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None
