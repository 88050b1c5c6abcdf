"""Helpers of the tests of publishing: a deployment in memory, and a Docker that only records its calls."""

import hashlib
import io
import json
import os
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hippo_cli.connection import Connection
from hippo_cli.publishing import run
from tests.support.aws_hooks import shared_client
from tests.support.study_world import BUCKET, StudyWorld

FUNCTION = "update-list"
TASK_ROLE = "arn:aws:iam::123456789012:role/task"
EXECUTION_ROLE = "arn:aws:iam::123456789012:role/execution"
PARAMETERS = {
    "BucketName": BUCKET,
    "UpdateFunctionName": FUNCTION,
    "ConfigObject": "_config.json",
    "TaskRoleArn": TASK_ROLE,
    "TaskExecutionRoleArn": EXECUTION_ROLE,
    "GameCertificate": f"s3://{BUCKET}/SSL",
    "SiteUrl": "https://study.example.org",
    "LogGroupPrefix": "/hippo/lab/",
    "MaxRuntime": "60",
}
# Records each call and its input; the file `fails` in its folder names the command that fails.
_DOCKER = """\
#!{python}
import json, pathlib, sys
here = pathlib.Path({folder!r})
arguments = sys.argv[1:]
fails = (here / "fails").read_text() if (here / "fails").exists() else ""
text = b"" if arguments[0] in ("version", "push") else sys.stdin.buffer.read()
number = len(list(here.glob("*.json")))
(here / f"{{number}}.json").write_text(json.dumps(arguments))
(here / f"{{number}}.stdin").write_bytes(text)
if arguments[0] == fails:
    print("Cannot connect to the Docker daemon", file=sys.stderr)
    sys.exit(1)
"""


class Deployment:
    """A stack that the tool finds; its update function is the real one."""

    def __init__(self, stack_world: StudyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stack_world, self.aws, self.s3 = stack_world, stack_world.aws, stack_world.s3
        self.invocations: list[dict[str, Any]] = []
        self.respond: Callable[[Any], Any] = stack_world.update
        self.ecs, self.ecr = shared_client("ecs"), shared_client("ecr")

        def make_client(_: Connection, service: str) -> Any:
            return self if service == "lambda" else shared_client(service)

        monkeypatch.setattr(Connection, "make_client", make_client)
        self.set(**PARAMETERS)
        plain = run.push_image

        def push(reference: str, login: Any) -> None:
            plain(reference, login)
            self.put_image(reference.rpartition(":")[2])

        monkeypatch.setattr(run, "push_image", push)

    def set(self, **parameters: str) -> None:
        """Set parameters of the stack."""
        for name, value in parameters.items():
            shared_client("ssm").put_parameter(
                Name=f"/hippo/lab/{name}", Value=value, Type="String", Overwrite=True
            )

    def invoke(self, **call: Any) -> dict[str, Any]:
        """Handle Lambda's Invoke."""
        self.invocations.append(call)
        response = self.respond(json.loads(call["Payload"]))
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(response).encode())}

    def keys(self, project: str = "small") -> list[str]:
        """Return the keys below a project, without its versions."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{project}/").get("Contents", [])
        return [entry["Key"] for entry in listed if "/_versions/" not in entry["Key"]]

    def definitions(self, family: str = "small") -> list[dict[str, Any]]:
        """Return all revisions of a task definition, oldest first."""
        arns = self.ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]
        return [self.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"] for arn in arns]

    def put_image(self, tag: str, repository: str = "small") -> None:
        """Put an image into the registry as a push does: another one each time, even with the same tag."""
        number = len(self.ecr.describe_images(repositoryName=repository)["imageDetails"])
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": kind, "layers": [], "config": {"digest": f"{tag}/{number}"}}
        )
        digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
        self.ecr.put_image(
            repositoryName=repository, imageManifest=manifest, imageDigest=digest, imageTag=tag
        )


class FakeDocker:
    """A fake of Docker's command line, first in PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        folder.mkdir()
        program = folder / "docker"
        program.write_text(_DOCKER.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def fail(self, command: str) -> None:
        """Let a command fail from now on; an empty one lets none fail."""
        (self._folder / "fails").write_text(command)

    @property
    def calls(self) -> list[list[str]]:
        """The recorded commands, without those that check whether Docker is running."""
        numbers = sorted(int(path.stem) for path in self._folder.glob("*.json"))
        calls = [json.loads((self._folder / f"{number}.json").read_text()) for number in numbers]
        return [call for call in calls if call[0] != "version"]

    def read_stdin(self, command: str) -> bytes:
        """Return the input of the last call of a command."""
        calls = [path for path in self._folder.glob("*.json") if json.loads(path.read_text())[0] == command]
        return max(calls, key=lambda path: int(path.stem)).with_suffix(".stdin").read_bytes()

    def read_context(self) -> dict[str, bytes]:
        """Return the files that the last image was built from."""
        with tarfile.open(fileobj=io.BytesIO(self.read_stdin("build"))) as archive:
            return {
                entry.name: content.read() for entry in archive if (content := archive.extractfile(entry))
            }
