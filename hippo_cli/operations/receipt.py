"""What a withdrawal leaves: that it was done, and of how much. Nothing in it says of whom."""

import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from hippo.clock import write_stamp
from hippo_cli.errors import MachineError, UsageError
from hippo_cli.operations.withdrawal import QUEUE, RECORD, SERVER, TRIAL, Found

_ROOM = 4096
STILL_THERE = (
    "ids in the logs of functions and game server, until they expire (LogRetentionDays)",
    "old versions of the places under the cap of servers, for a day or two",
    "messages about them that failed for good, until they expire in the dead-letter queues",
    "one in the number of those who have finished, in a study with balanced groups",
    "copies that were taken home: `hippo export --prune` deletes them there",
)
_UPLOADS = "uploads that a game server did not finish, for a week: these credentials may not abort them"


def choose_path(path: Path | None, project_id: str, now: datetime) -> Path:
    """Where the receipt goes. Raises UsageError if there is something already, or no folder."""
    path = path or Path(f"withdrawal-{project_id}-{write_stamp(now)}.json")
    if path.exists():
        raise UsageError(f"{path} is there already", "Name another file by --receipt.")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder", "Name another file by --receipt.")
    return path


def reserve(path: Path) -> None:
    """Before anything is deleted: a disk that is full is found now, so its room is taken."""
    try:
        with path.open("x") as file:
            file.write(" " * _ROOM)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if not isinstance(error, FileExistsError):
            path.unlink(missing_ok=True)
        raise MachineError(
            f"{path}: the receipt cannot be written ({error.strerror})",
            "Nothing was deleted; name another file.",
        ) from error


def make_receipt(found: Found, stack: str, bucket: str, begun: datetime, ended: datetime) -> dict[str, Any]:
    """Counts of what was deleted; no id, and nothing that was made of one."""
    return {
        "what": "withdrawal of one participant",
        "project": found.project_id,
        "stack": stack,
        "bucket": bucket,
        "begun": f"{begun:%Y-%m-%dT%H:%M:%SZ}",
        "ended": f"{ended:%Y-%m-%dT%H:%M:%SZ}",
        "deleted": {
            "participantRecords": found.count(RECORD),
            "trialFiles": found.count(TRIAL),
            "serverRecords": found.count(SERVER),
            "placesInTheQueue": len(found.queue),
            "entriesInTheListOfAdmissions": int(found.is_listed),
            "oldVersions": found.count_old(),
            **({} if found.leaves_uploads else {"unfinishedUploads": len(found.uploads)}),
        },
        "stillThere": [*STILL_THERE, *([_UPLOADS] if found.leaves_uploads else [])],
    }


def write_receipt(path: Path, receipt: dict[str, Any]) -> None:
    """As JSON, readable, into the room that was kept for it; if that fails it is shown, and no file left."""
    text = json.dumps(receipt, indent=2) + "\n"
    try:
        with path.open("r+", encoding="utf-8") as file:
            file.write(text)
            file.truncate()
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise MachineError(
            f"{path}: all is deleted, but the receipt cannot be written ({error.strerror})",
            f"Keep this in its place, or run the same command again when there is room:\n{text}",
        ) from error


def describe(found: Found) -> list[str]:
    """What is there, a line each."""
    lines = [
        (found.count(RECORD), "participant record (all answers)"),
        (found.count(TRIAL), "trial files"),
        (found.count(SERVER), "server record"),
        (len(found.queue), f"place in the {QUEUE}"),
        (int(found.is_listed), "entry in the lists of who was let in or turned away, and of groups"),
        (found.count_old(), "old versions of these"),
        (len(found.uploads), "uploads that their game server did not finish"),
    ]
    return [f"{number:>6}  {what}" for number, what in lines if number]
