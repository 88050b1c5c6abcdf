"""`python -m hippo_local fault …`: writes the control file of faults on demand."""

import json
import os
from pathlib import Path
from typing import Any

from hippo_local.console import Console
from hippo_local.emulator.faults.control_file import KINDS, FaultFileError, parse_faults, read_faults
from hippo_local.emulator_process import EmulatorFiles
from hippo_local.errors import LocalPlatformError

_NUMBERS = ("seconds", "rate", "times", "calls")


def run_fault_command(directory: Path, words: list[str]) -> None:
    """Does what `words` say: `list`, `clear`, or a fault to add: its kind, seconds and key=value words.

    Raises LocalPlatformError, and changes nothing, if they make no sense.
    """
    path = EmulatorFiles(directory).faults
    if words[:1] == ["clear"]:
        path.unlink(missing_ok=True)
    elif words and words[0] != "list":
        _write(path, [*_read(path), read_words(words)])
    faults = _read(path)
    Console().show("\n".join(str(fault) for fault in parse_faults(json.dumps(faults))) or "no faults")


def read_words(words: list[str]) -> dict[str, Any]:
    """The entry that the words describe: `slow-start 20 match=alice times=1`."""
    kind, *rest = words
    if kind not in KINDS:
        raise LocalPlatformError(
            f"There is no fault called {kind}: use list, clear, or one of {', '.join(KINDS)}."
        )
    entry: dict[str, Any] = {"kind": kind}
    for word in rest:
        name, sign, value = word.partition("=")
        name, value = (name, value) if sign else ("seconds", word)
        entry[name] = _read_number(name, value) if name in _NUMBERS else value
    try:
        parse_faults(json.dumps([entry]))
    except FaultFileError as error:
        raise LocalPlatformError(str(error).replace("entry 1: ", "")) from error
    return entry


def _read_number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise LocalPlatformError(f"{name} must be a number, not {text!r}.") from error
    return int(number) if number.is_integer() else number


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        return [dict(fault.values) for fault in read_faults(path)]
    except FaultFileError as error:
        raise LocalPlatformError(f"{path}: {error}. Mend it, or: fault clear") from error


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)
