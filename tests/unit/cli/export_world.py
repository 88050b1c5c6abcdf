"""Shared parts of the tests of `hippo export`: its tables, and participants to fetch."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hippo_cli.errors import ExitCode
from tests.support.study_world import BUCKET, PROJECT, StudyWorld

Run = Callable[..., Any]


def read_csv(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def export(run: Run, out: Path, *arguments: object, code: ExitCode = ExitCode.FINE) -> dict[str, Any]:
    """Run the command with --json and return its output."""
    result = run("export", PROJECT, "--out", out, "--json", *arguments)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def put_trial(stack_world: StudyWorld, name: str, text: str = "{}") -> None:
    """Store a file as game servers do."""
    stack_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Trials/{name}", Body=text)


def put_many(stack_world: StudyWorld, number: int) -> list[str]:
    """Store this many participants who have answered a page, and return their ids."""
    users = [f"user-{index:03d}" for index in range(number)]
    for user in users:
        requests = [{"requestId": "0", "httpMethod": "GET"}, {"requestId": "1", "body": '{"age": "7"}'}]
        stack_world.put_record(
            {"created": "2030-01-01T12:00:00+00:00", "nextStep": 3, "requests": requests}, user
        )
    return users


def read_keys(stack_world: StudyWorld, folder: str) -> list[str]:
    """Return the keys below a folder of the project that were read since the last reset."""
    return [key for key in stack_world.aws.keys("GetObject") if key.startswith(f"{PROJECT}/{folder}/")]
