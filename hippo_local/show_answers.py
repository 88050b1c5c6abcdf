"""Participants' answers on a running platform, for the terminal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from hippo_cli.findings import format_count
from hippo_local.aws import Aws
from hippo_local.console import Console
from hippo_local.errors import LocalPlatformError
from hippo_local.outputs import read_keys, read_outputs

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class Answers:
    """The participants of one project, read from its bucket."""

    def __init__(self, s3: "S3Client", bucket: str, project_id: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._project_id = project_id

    def list_participants(self) -> list[str]:
        """Return the user ids that have a record, in order."""
        prefix = f"{self._project_id}/Users/"
        return [key.removeprefix(prefix) for key in self._list_keys(prefix)]

    def list_trials(self, user_id: str) -> list[str]:
        """Return the keys of what the participant's game server has recorded."""
        return list(self._list_keys(f"{self._project_id}/Trials/{user_id}/"))

    def read_record(self, user_id: str) -> dict[str, Any]:
        """Return the participant record. Raises LocalPlatformError if it does not exist."""
        key = f"{self._project_id}/Users/{user_id}"
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey as error:
            raise LocalPlatformError(
                f"Project {self._project_id} has no participant {user_id} (no object {key}). "
                "Run `answers` without a user id to list them."
            ) from error
        record: dict[str, Any] = json.loads(body)
        return record

    def read_trial(self, key: str) -> str:
        """Return the text of one recorded file."""
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode("utf-8", "replace")

    def _list_keys(self, prefix: str) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            yield from (entry["Key"] for entry in page.get("Contents", []))


def show_answers(directory: Path, user_id: str | None) -> None:
    """List the participants, or show one participant's record and what their game server recorded."""
    outputs = read_outputs(directory)
    s3: S3Client = Aws(outputs["endpointUrl"], read_keys(outputs)).make_client("s3")
    answers = Answers(s3, outputs["bucket"], outputs["projectId"])
    console = Console()
    try:
        if user_id is None:
            _show_participants(answers, console)
        else:
            _show_participant(answers, user_id.lower(), console)
    except (BotoCoreError, ClientError) as error:
        raise LocalPlatformError(
            f"Cannot read the bucket {outputs['bucket']}: {error}. Check that the platform is still running."
        ) from error


def _show_participants(answers: Answers, console: Console) -> None:
    participants = answers.list_participants()
    if not participants:
        console.show("No participant has opened the study yet.")
    for user_id in participants:
        record = answers.read_record(user_id)
        answered = sum(1 for request in record.get("requests", []) if request.get("body"))
        count = format_count(answered, "answer")
        trials = format_count(len(answers.list_trials(user_id)), "trial file")
        console.show(f"{user_id}  created {record.get('created')}  {count}  {trials}")


def _show_participant(answers: Answers, user_id: str, console: Console) -> None:
    record = answers.read_record(user_id)
    for page, request in enumerate(record.get("requests", [])):
        if request.get("body"):
            console.show(f"answers to step {page}: {request['body']}")
    console.show(json.dumps(record, indent=2, ensure_ascii=False))
    for key in answers.list_trials(user_id):
        console.show(f"\n== {key}\n{answers.read_trial(key).rstrip()}")
