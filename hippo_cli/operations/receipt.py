"""The receipt of a withdrawal: when it was done and how much was deleted, but not for which participant."""

import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from hippo.clock import write_stamp
from hippo_cli.errors import MachineError, UsageError
from hippo_cli.findings import choose_form
from hippo_cli.operations.withdrawal import QUEUE, RECORD, SERVER, TRIAL, ParticipantData

_RESERVED_BYTES = 4096
STILL_THERE = (
    "ids in the logs of functions and game servers, until the logs expire (LogRetentionDays)",
    "old versions of the server slots that they held, for a day or two",
    "messages about the participant that failed permanently, until they expire in the dead-letter queues",
    "1 in the count of finished participants, in a study with balanced groups",
    "the id in old versions of the sweep's cursor (_sweep.json), until they expire (OldVersionDays)",
    "the id in AWS's records of calls, where the account keeps them: names of clusters, tasks, rules and "
    "objects in CloudTrail (90 days, and as long as a trail keeps its files), S3 server access logs and AWS "
    "Config",
    "the id in names of hosts: Route 53's query logs, logs of DNS resolvers and of the participant's network",
    "exported copies: `hippo export --prune` deletes them",
    "published pictures or films that show the participant: `hippo withdraw-media` deletes them",
)
HIDDEN_SERVER = "a server record of another project, or of none, which these credentials may not read"
_UPLOADS = "incomplete uploads of a game server, for a week: these credentials may not abort them"


def choose_path(path: Path | None, project_id: str, now: datetime) -> Path:
    """Return the path of the receipt. Raises UsageError if the file exists or its folder does not."""
    path = path or Path(f"withdrawal-{project_id}-{write_stamp(now)}.json")
    if path.exists():
        raise UsageError(f"{path} already exists", "Pass another file with --receipt.")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is not a folder", "Pass another file with --receipt.")
    return path


def reserve(path: Path) -> None:
    """Reserve disk space for the receipt before anything is deleted, so that a full disk is found in time."""
    try:
        with path.open("x") as file:
            file.write(" " * _RESERVED_BYTES)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if not isinstance(error, FileExistsError):
            path.unlink(missing_ok=True)
        raise MachineError(
            f"{path}: the receipt cannot be written ({error.strerror})",
            "Nothing was deleted. Pass another file with --receipt.",
        ) from error


def build_receipt(
    found: ParticipantData, stack: str, bucket: str, begun: datetime, ended: datetime
) -> dict[str, Any]:
    """Return the counts of deleted objects, without the participant's id or anything derived from it."""
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
        "stillThere": [
            *STILL_THERE,
            *([_UPLOADS] if found.leaves_uploads else []),
            *([HIDDEN_SERVER] if found.hides_server else []),
        ],
    }


def write_receipt(path: Path, receipt: dict[str, Any]) -> None:
    """Write the receipt as indented JSON into the reserved file.

    If that fails, remove the file and raise MachineError with the receipt's text.
    """
    text = json.dumps(receipt, indent=2) + "\n"
    try:
        with path.open("r+", encoding="utf-8") as file:
            file.write(text)
            file.truncate()
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise MachineError(
            f"{path}: everything was deleted, but the receipt cannot be written ({error.strerror})",
            f"Keep this text instead, or free some space and run the same command again:\n{text}",
        ) from error


def describe(found: ParticipantData) -> list[str]:
    """Return one line for each kind of data found."""
    lines = [
        (found.count(RECORD), ("participant record", ""), " (all answers)"),
        (found.count(TRIAL), ("trial file", ""), ""),
        (found.count(SERVER), ("server record", ""), ""),
        (len(found.queue), ("entry", "entries"), f" in the {QUEUE} for a server"),
        (
            int(found.is_listed),
            ("entry", "entries"),
            " in the lists of admitted or refused participants, or of groups",
        ),
        (found.count_old(), ("old version", ""), " of these"),
        (len(found.uploads), ("incomplete upload", ""), " of their game server"),
    ]
    return [f"{number:>6}  {choose_form(number, *noun)}{more}" for number, noun, more in lines if number]
