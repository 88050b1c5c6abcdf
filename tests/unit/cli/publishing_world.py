"""What the tests of publishing share: a deployment in memory, and a Docker that only notes its calls."""

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
    "TaskRoleArn": TASK_ROLE,
    "TaskExecutionRoleArn": EXECUTION_ROLE,
    "GameCertificate": f"s3://{BUCKET}/SSL",
    "SiteUrl": "https://study.example.org",
    "LogGroupPrefix": "/hippo/lab/",
    "MaxRuntime": "60",
}
# Notes each call and what it reads; `fails` in its folder names the command that it refuses.
_DOCKER = """\
#!{python}
import json, pathlib, sys
here = pathlib.Path({folder!r})
words = sys.argv[1:]
fails = (here / "fails").read_text() if (here / "fails").exists() else ""
text = b"" if words[0] in ("version", "push") else sys.stdin.buffer.read()
number = len(list(here.glob("*.json")))
(here / f"{{number}}.json").write_text(json.dumps(words))
(here / f"{{number}}.stdin").write_bytes(text)
if words[0] == fails:
    print("Cannot connect to the Docker daemon", file=sys.stderr)
    sys.exit(1)
"""


class Deployment:
    """A stack as the tool finds it; its update function is the real one."""

    def __init__(self, lab: StudyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lab, self.aws, self.s3 = lab, lab.aws, lab.s3
        self.invocations: list[dict[str, Any]] = []
        self.answer: Callable[[Any], Any] = lab.update
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
        """What the stack says of itself."""
        for name, value in parameters.items():
            shared_client("ssm").put_parameter(
                Name=f"/hippo/lab/{name}", Value=value, Type="String", Overwrite=True
            )

    def invoke(self, **call: Any) -> dict[str, Any]:
        """Lambda's Invoke."""
        self.invocations.append(call)
        answer = self.answer(json.loads(call["Payload"]))
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}

    def keys(self, project: str = "small") -> list[str]:
        """What lies below a project, but for its versions."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{project}/").get("Contents", [])
        return [entry["Key"] for entry in listed if "/_versions/" not in entry["Key"]]

    def definitions(self, family: str = "small") -> list[dict[str, Any]]:
        """All revisions of a task definition, oldest first."""
        arns = self.ecs.list_task_definitions(familyPrefix=family)["taskDefinitionArns"]
        return [self.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"] for arn in arns]

    def put_image(self, tag: str, repository: str = "small") -> None:
        """What a push leaves in the registry: another image each time, whatever its tag."""
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
    """Docker's command line, first in PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        folder.mkdir()
        program = folder / "docker"
        program.write_text(_DOCKER.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def fail(self, command: str) -> None:
        """Lets a command fail from now on; none with an empty one."""
        (self._folder / "fails").write_text(command)

    @property
    def calls(self) -> list[list[str]]:
        """Its commands, but for those that ask whether it is there."""
        numbers = sorted(int(path.stem) for path in self._folder.glob("*.json"))
        calls = [json.loads((self._folder / f"{number}.json").read_text()) for number in numbers]
        return [call for call in calls if call[0] != "version"]

    def read_stdin(self, command: str) -> bytes:
        """What the last call of a command was given."""
        places = [path for path in self._folder.glob("*.json") if json.loads(path.read_text())[0] == command]
        return max(places, key=lambda path: int(path.stem)).with_suffix(".stdin").read_bytes()

    def read_context(self) -> dict[str, bytes]:
        """The files that the last image was built from."""
        with tarfile.open(fileobj=io.BytesIO(self.read_stdin("build"))) as archive:
            return {
                entry.name: content.read() for entry in archive if (content := archive.extractfile(entry))
            }
