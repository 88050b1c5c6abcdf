"""Builds and deployments of the template with the SAM CLI, as an operator does them."""

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hippo_local.aws import Aws, make_aws_variables
from hippo_local.errors import LocalPlatformError, describe_log
from hippo_local.processes import ChildProcess, make_environment

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

STACK = "hippo-local"
_SOURCES = ("functions", "layer", "web")
_TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class SamProject:
    """A repository with a template.yaml, and the directory for the SAM CLI's own files."""

    repository: Path
    directory: Path

    def build(self) -> bool:
        """Run `sam build`, or return False if nothing has changed since the last build."""
        fingerprint = compute_fingerprint(self.repository)
        stamp = self._build_directory / ".fingerprint"
        if stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint:
            return False
        template = self.repository / "template.yaml"
        self._run("build", ["--template", str(template), "--build-dir", str(self._build_directory)], {})
        stamp.write_text(fingerprint, encoding="ascii")
        return True

    def deploy(self, aws: Aws, parameters: Mapping[str, str]) -> dict[str, str]:
        """Run `sam deploy` against the emulator and return the stack's outputs by their keys."""
        options = ["--template-file", str(self._build_directory / "template.yaml"), "--stack-name", STACK]
        options += [
            "--resolve-s3",
            "--no-confirm-changeset",
            "--no-progressbar",
            "--no-fail-on-empty-changeset",
        ]
        options += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
        options += ["--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items())]
        self._run("deploy", options, make_aws_variables(aws.endpoint_url, aws.keys))
        cloudformation: CloudFormationClient = aws.make_client("cloudformation")
        outputs = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0].get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    @property
    def _build_directory(self) -> Path:
        return self.directory / "build"

    def _run(self, command: str, options: list[str], variables: Mapping[str, str]) -> None:
        sam = Path(sys.executable).with_name("sam")
        if not sam.is_file():
            raise LocalPlatformError(f"Cannot find the SAM CLI at {sam}. Run `make setup`.")
        # An operator's samconfig.toml (stack name, region, parameters) must not leak into the local stack.
        config = self.directory / "samconfig.toml"
        config.write_text("version = 0.1\n", encoding="ascii")
        log = self.directory / "logs" / f"sam-{command}.log"
        log.write_bytes(b"")
        home = self.directory / "home"
        # The default poll delay is 5 s, longer than the emulator takes for the whole deployment.
        settings = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.2", "__SAM_CLI_APP_DIR": str(home)}
        environment = make_environment(home, {**settings, **variables})
        arguments = [str(sam), command, "--config-file", str(config), *options]
        with ChildProcess(arguments, environment=environment, directory=self.repository, log=log) as child:
            try:
                code = child.wait(_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                code = None
        if code != 0:
            reason = (
                f"did not finish within {_TIMEOUT_SECONDS} s"
                if code is None
                else f"failed (exit code {code})"
            )
            raise LocalPlatformError(f"`sam {command}` {reason}.\n{describe_log(log)}")


def compute_fingerprint(repository: Path) -> str:
    """Return a hash of everything that `sam build` reads: template.yaml, functions/, layer/, web/."""
    digest = hashlib.sha256()
    for path in [repository / "template.yaml", *_list_sources(repository)]:
        if not path.is_file():
            raise LocalPlatformError(f"Cannot deploy: {path} is missing. Restore it from the repository.")
        content = path.read_bytes()
        digest.update(f"{path.relative_to(repository)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _list_sources(repository: Path) -> list[Path]:
    found = (path for source in _SOURCES for path in (repository / source).rglob("*"))
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)
