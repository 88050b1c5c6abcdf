"""Local publishing of a study, in the existing script's order: pages, project list, task definition."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from hippo.studies.media import media_folder
from hippo.studies.ownership import name_config
from hippo.studies.task_rules import DEFAULT_CPU, DEFAULT_MEMORY
from hippo_cli.data.bucket import Bucket
from hippo_cli.errors import CliError
from hippo_cli.publishing.step_files import delete_files, find_changed
from hippo_cli.publishing.upload import upload_files
from hippo_local.aws import REGION, Aws
from hippo_local.errors import LocalPlatformError
from hippo_local.study import Study

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_s3.client import S3Client

# The port of every game server, which is hard-coded in the clients of deployed studies.
GAME_SERVER_PORT = 5000
_MEGABYTE = 1_000_000
# The progress of files of at least this size is reported, each time that this many more bytes are sent.
_LARGE = 25 * _MEGABYTE


@dataclass(frozen=True)
class Publication:
    """One study and the stack that it is published to (`outputs`: the stack's outputs by key).

    `report` receives the progress of large files.
    """

    study: Study
    aws: Aws
    outputs: dict[str, str]
    report: Callable[[str], None] = lambda _: None

    def publish(self) -> list[str]:
        """Publish the study; return the warnings of update_project_master_list."""
        self._upload_pages()
        upload_media(
            self.aws.make_client("s3"),
            self._bucket,
            self.study.project_id,
            self.study.folder.media_files,
            self.report,
        )
        warnings = self._update_project_list()
        self._register_task_definition()
        return warnings

    @property
    def _bucket(self) -> str:
        return self.outputs["BucketName"]

    def _upload_pages(self) -> None:
        s3: S3Client = self.aws.make_client("s3")
        for name, path in self.study.folder.step_files.items():
            key = f"{self.study.project_id}/{name}"
            s3.put_object(Bucket=self._bucket, Key=key, Body=path.read_bytes(), ContentEncoding="utf-8")

    def _update_project_list(self) -> list[str]:
        # A configuration names a bucket on AWS; the local platform has only the stack's own.
        kept = {key: value for key, value in self.study.project.items() if key != "bucket"}
        config = {**kept, "ecsTask": self.study.project_id}
        self._write_own_config(config)
        client: LambdaClient = self.aws.make_client("lambda")
        response = client.invoke(
            FunctionName=self.outputs["UpdateFunctionName"],
            InvocationType="RequestResponse",
            Payload=dump_json(config).encode(),
        )
        return read_update_response(json.loads(response["Payload"].read()))

    def _write_own_config(self, config: dict[str, Any]) -> None:
        """Let this folder decide, also over what `hippo publish` or `hippo pause` have written here."""
        s3: S3Client = self.aws.make_client("s3")
        key = name_config(self.study.project_id)
        s3.put_object(Bucket=self._bucket, Key=key, Body=dump_json(config).encode())

    def _register_task_definition(self) -> None:
        setup = self.study.project.get("awsSetup") or {}
        ecs: ECSClient = self.aws.make_client("ecs")
        ecs.register_task_definition(
            family=self.study.project_id,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu=f"{setup.get('cpu') or f'{DEFAULT_CPU:g}'} vCPU",
            memory=f"{setup.get('memory') or f'{DEFAULT_MEMORY:g}'} GB",
            taskRoleArn=self.outputs["TaskRoleArn"],
            executionRoleArn=self.outputs["TaskExecutionRoleArn"],
            containerDefinitions=[
                {
                    "name": setup.get("containerName") or self.study.project_id,
                    "image": self.study.project_id,
                    "portMappings": [{"containerPort": GAME_SERVER_PORT, "protocol": "tcp"}],
                    "environment": [
                        {"name": name, "value": value} for name, value in self._build_task_variables().items()
                    ],
                }
            ],
        )

    def _build_task_variables(self) -> dict[str, str]:
        # On AWS the trial settings are a file in the image. The study's folder is never written to.
        return {
            "BUCKET": self._bucket,
            "PROJECT_ID": self.study.project_id,
            "TRIAL_CONFIG": dump_json(self.study.trial),
            # No certificate is valid for names of this machine, not even one in the study's folder.
            "TLS_CERTIFICATE": "none",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.aws.endpoint_url,
        }


def upload_media(
    s3: Any, bucket: str, project_id: str, files: Mapping[str, Path], report: Callable[[str], None]
) -> None:
    """Replace the project's media in the bucket by `files`: send what has changed, delete the rest.

    `report` receives the progress of large files. Raises LocalPlatformError for a file that cannot be sent.
    """
    folder = media_folder(project_id)
    wanted = {folder + name: path for name, path in files.items()}
    published = {entry.key: entry for entry in Bucket(s3, bucket).list_tree(folder)}
    for file in find_changed(s3, bucket, wanted, published):
        try:
            upload_files(s3, bucket, [file], Progress(file.key.removeprefix(folder), report))
        except (CliError, ClientError) as error:
            raise LocalPlatformError(f"{file.path} cannot be uploaded: {error}") from error
    try:
        delete_files(s3, bucket, sorted(published.keys() - wanted.keys()), project_id)
    except CliError as error:
        raise LocalPlatformError(f"media that the study no longer has cannot be deleted: {error}") from error


class Progress:
    """The progress of one file, reported after each part of a large one."""

    def __init__(self, name: str, report: Callable[[str], None]) -> None:
        self._name, self._report = name, report
        self._sent = 0

    def __call__(self, sent: int, size: int) -> None:
        """Take the number of bytes sent so far, and report it if another part of a large file is complete."""
        before, self._sent = self._sent, sent
        if size >= _LARGE and before // _LARGE < sent // _LARGE:
            done, whole = (round(value / _MEGABYTE) for value in (sent, size))
            self._report(f"uploading {self._name}: {done} of {whole} MB")


def dump_json(config: dict[str, Any]) -> str:
    """Return the JSON of a YAML configuration; step numbers and dates become text."""
    return json.dumps(config, default=str)


def read_update_response(response: Any) -> list[str]:
    """Return the warnings in a response of the update function. Raises LocalPlatformError if it refused."""
    status = response.get("statusCode") if isinstance(response, dict) else None
    lines = _list_messages(response.get("body") if status else response)
    if status != 200:
        text = "\n".join(f"  - {line}" for line in lines)
        raise LocalPlatformError(f"update_project_master_list refused the study's configuration:\n{text}")
    return lines


def _list_messages(body: Any) -> list[str]:
    """Return the messages in a body, one per line; after a crash, the body is the crash's report."""
    text = body if isinstance(body, str) else json.dumps(body) if body else ""
    return [line.removeprefix("Warning: ") for line in text.splitlines() if line.strip()]
