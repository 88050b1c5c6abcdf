"""An AWS account on this machine with only a hosted zone, and an operator with the SAM CLI."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from hippo_local.account import ROOT_DOMAIN, Account, prepare_account
from hippo_local.aws import REGION, Aws, make_aws_variables
from hippo_local.deploy import SamProject
from hippo_local.emulator.settings import PLATFORM_ID
from hippo_local.emulator_process import EmulatorFiles, run_emulator
from hippo_local.keys import AccessKeys, make_keys
from hippo_local.name_proxy import NameProxy, ZoneResolver
from hippo_local.ports import LOOPBACK, get_port, open_listener, reserve_port
from hippo_local.processes import make_environment
from hippo_local.publish import GAME_SERVER_PORT, Publication
from hippo_local.study import read_study
from tests.support.paths import ROOT

REPOSITORY = ROOT
STUDY = REPOSITORY / "examples" / "mountain_car"
_SAM_SECONDS = 480


@dataclass(frozen=True)
class Build:
    """The output of `sam build` for a template and its sources."""

    template: Path


@dataclass(frozen=True)
class LocalAccount:
    """The account; `given` has the zone and the network for stacks that do not create one."""

    directory: Path
    endpoint_url: str
    keys: AccessKeys
    given: Account
    game_port: int

    def make_parameters(self, **more: str) -> dict[str, str]:
        """Return parameters with which a stack works here, as in `hippo_local.platform`, and `more`."""
        return {
            "HostedZoneId": self.given.hosted_zone_id,
            "RootDomain": ROOT_DOMAIN,
            "DnsFirstCheckSeconds": "0",
            "RetryAfterSeconds": "1",
            "GameServerUrl": f"ws://{{host}}:{self.game_port}",
            "SiteProtocolPolicy": "allow-all",
            **more,
        }

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a boto3 client of the operator's."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # the type checker does not know the name
            endpoint_url=self.endpoint_url,
            region_name=region,
            aws_access_key_id=self.keys.id,
            aws_secret_access_key=self.keys.secret,
            config=Config(proxies={}, user_agent_extra=f"app/{PLATFORM_ID}"),
        )

    def get_environment(self) -> dict[str, str]:
        """Return the environment in which the SAM CLI works on this account."""
        home = self.directory / "home"
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        settings = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.2", "__SAM_CLI_APP_DIR": str(home)}
        return make_environment(home, {**settings, **make_aws_variables(self.endpoint_url, self.keys)})

    def sam(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the SAM CLI in the account's own folder and return the result, with errors in its stdout."""
        return subprocess.run(
            [str(Path(sys.executable).with_name("sam")), *words],
            cwd=self.directory,
            env=self.get_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SAM_SECONDS,
            check=False,
        )

    def deploy(
        self, stack: str, build: Build, parameters: Mapping[str, str], *options: str, region: str = REGION
    ) -> dict[str, str]:
        """Run `sam deploy`, which must succeed, and return the stack's outputs by their keys."""
        words = ["--template-file", str(build.template), "--stack-name", stack, "--region", region]
        words += ["--resolve-s3", "--no-confirm-changeset", "--no-progressbar"]
        words += ["--capabilities", "CAPABILITY_IAM", *options]
        if parameters:
            words += ["--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items())]
        done = self.sam("deploy", *words)
        assert done.returncode == 0, done.stdout[-4000:]
        return self.read_outputs(stack, region)

    def delete(self, stack: str) -> str:
        """Delete a stack as `sam delete` does, which checks only every 30 s, and return its final status."""
        cloudformation = self.client("cloudformation")
        stack_id = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
        cloudformation.delete_stack(StackName=stack)

        def find_end() -> str:
            status: str = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
            return "" if status.endswith("IN_PROGRESS") else status

        return str(wait_until("the deletion", find_end))

    def read_outputs(self, stack: str, region: str = REGION) -> dict[str, str]:
        """Return the stack's outputs by their keys."""
        found = self.client("cloudformation", region).describe_stacks(StackName=stack)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def read_ids(self, stack: str, region: str = REGION) -> dict[str, str]:
        """Return the physical ids of the stack's resources by their logical ids."""
        pages = self.client("cloudformation", region).get_paginator("list_stack_resources")
        found = [r for page in pages.paginate(StackName=stack) for r in page["StackResourceSummaries"]]
        return {r["LogicalResourceId"]: r.get("PhysicalResourceId", "") for r in found}

    def publish(self, outputs: dict[str, str]) -> str:
        """Publish the example study to a stack and return its id."""
        study = read_study(STUDY)
        Publication(study, Aws(self.endpoint_url, self.keys), outputs).publish()
        return study.project_id

    def describe(self, outputs: dict[str, str], project_id: str = "") -> dict[str, Any]:
        """Return the values of a stack that a participant of tests/e2e needs."""
        port = self.endpoint_url.rpartition(":")[2]
        api = f"http://localhost:{port}/_aws/execute-api/{outputs['ApiId']}/{outputs['StageName']}"
        return {
            "nextUrl": f"{api}/next",
            "startUrl": f"{api}/start",
            "bucket": outputs["BucketName"],
            "projectId": project_id,
            "rootDomain": ROOT_DOMAIN,
        }


@contextlib.contextmanager
def open_account(directory: Path) -> Iterator[LocalAccount]:
    """Open the account until the end of the block; its emulator and all servers end with it."""
    files, keys = EmulatorFiles(directory), make_keys()
    port = reserve_port(0, "emulator", "")
    study = read_study(STUDY)
    (directory / "home" / "tmp").mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        game = stack.enter_context(open_listener(0, "game servers", ""))
        stack.enter_context(run_emulator(REPOSITORY, files, port, keys, study.images, study.directory))
        aws = Aws(f"http://{LOOPBACK}:{port}", keys)
        given = prepare_account(aws, GAME_SERVER_PORT)
        resolver = ZoneResolver(aws.make_client("route53"), given.hosted_zone_id, ROOT_DOMAIN)
        stack.enter_context(NameProxy(game, resolver.resolve, GAME_SERVER_PORT))
        yield LocalAccount(directory, aws.endpoint_url, keys, given, get_port(game))


def build(repository: Path, directory: Path) -> Build:
    """Run `sam build` for the sources in `repository`; the output is in `directory`."""
    for name in ("logs", "home/tmp"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    SamProject(repository, directory).build()
    return Build(directory / "build" / "template.yaml")


def wait_until(what: str, check: Any, seconds: float = 240) -> Any:
    """Call `check` until it returns something, and return that; the failure names `what`."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.3)
    return answer
