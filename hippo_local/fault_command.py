"""`python -m hippo_local fault …`, which writes the control file of faults on demand."""

import json
import os
from pathlib import Path
from typing import Any

from hippo_local.console import Console
from hippo_local.emulator.faults.control_file import KINDS, FaultFileError, parse_faults, read_faults
from hippo_local.emulator_process import EmulatorFiles
from hippo_local.errors import LocalPlatformError

_NUMBERS = ("seconds", "rate", "times", "calls")


def run_fault_command(directory: Path, arguments: list[str]) -> None:
    """Run `list`, `clear`, or add a fault, given as its kind, its seconds and key=value pairs.

    Raises LocalPlatformError, and changes nothing, if the arguments are invalid.
    """
    path = EmulatorFiles(directory).faults
    if arguments[:1] == ["clear"]:
        path.unlink(missing_ok=True)
    elif arguments and arguments[0] != "list":
        _write(path, [*_read(path), parse_fault(arguments)])
    faults = _read(path)
    Console().show("\n".join(str(fault) for fault in parse_faults(json.dumps(faults))) or "no faults")


def parse_fault(arguments: list[str]) -> dict[str, Any]:
    """Return the entry for arguments such as `slow-start 20 match=alice times=1`."""
    kind, *rest = arguments
    if kind not in KINDS:
        raise LocalPlatformError(f"Unknown fault {kind}. Use list, clear, or one of {', '.join(KINDS)}.")
    entry: dict[str, Any] = {"kind": kind}
    for argument in rest:
        name, sign, value = argument.partition("=")
        name, value = (name, value) if sign else ("seconds", argument)
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
        raise LocalPlatformError(f"{path}: {error}. Fix it, or run `fault clear`.") from error


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)
