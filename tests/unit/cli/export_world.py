"""What the tests of `hippo export` share: its tables, and participants to fetch."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hippo_cli.errors import ExitCode
from tests.support.study_world import BUCKET, PROJECT, StudyWorld

Run = Callable[..., Any]


def read_csv(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def export(run: Run, out: Path, *words: object, code: ExitCode = ExitCode.FINE) -> dict[str, Any]:
    """Runs the command with --json; gives what it says."""
    result = run("export", PROJECT, "--out", out, "--json", *words)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def put_trial(lab: StudyWorld, name: str, text: str = "{}") -> None:
    """A file as game servers leave them."""
    lab.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Trials/{name}", Body=text)


def put_many(lab: StudyWorld, number: int) -> list[str]:
    """So many participants who have answered a page."""
    users = [f"user-{place:03d}" for place in range(number)]
    for user in users:
        requests = [{"requestId": "0", "httpMethod": "GET"}, {"requestId": "1", "body": '{"age": "7"}'}]
        lab.put_record({"created": "2030-01-01T12:00:00+00:00", "nextStep": 3, "requests": requests}, user)
    return users


def read_keys(lab: StudyWorld, folder: str) -> list[str]:
    """Keys below a folder of the project that were read since the last reset."""
    return [key for key in lab.aws.keys("GetObject") if key.startswith(f"{PROJECT}/{folder}/")]
