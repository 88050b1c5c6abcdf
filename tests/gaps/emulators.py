"""A running emulator for tests, with shortcuts to set up resources in it."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from hippo_local.keys import AccessKeys, make_key_variables, make_keys
from tests.gaps.processes import ROOT, SERVER, STUBBORN, free_port, is_running, processes_started_by, wait_for

REGION = "ca-central-1"
ACCOUNT = "000000000000"
SUBNET = "subnet-00000001"


@dataclass
class Emulator:
    """A running emulator, with what a test needs to call it."""

    process: subprocess.Popen[bytes]
    port: int
    directory: Path
    keys: AccessKeys
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, credentials: dict[str, str] | None = None) -> Any:
        """Return a boto3 client that never retries, of root or with the credentials of `assume`."""
        if credentials is None and service in self._clients:
            return self._clients[service]
        keys = credentials or {
            "aws_access_key_id": self.keys.id,
            "aws_secret_access_key": self.keys.secret,
        }
        client = boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            **keys,
        )
        if credentials is None:
            self._clients[service] = client
        return client

    def log(self) -> str:
        return (self.directory / "emulator.log").read_text()

    def set_faults(self, *faults: dict[str, Any]) -> None:
        """Make exactly these faults active from the next call on."""
        draft = self.directory / "faults.tmp"
        draft.write_text(json.dumps(faults))
        draft.replace(self.directory / "faults.json")

    def make_role(self, *statements: dict[str, Any], name: str | None = None) -> str:
        """Create a role with one policy that Lambda, ECS and root may assume; return its ARN."""
        name = name or f"role-{uuid.uuid4().hex[:8]}"
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "ecs-tasks.amazonaws.com"], "AWS": "*"},
            "Action": "sts:AssumeRole",
        }
        iam = self.client("iam")
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="test", PolicyDocument=policy)
        return str(role["Arn"])

    def assume(self, *statements: dict[str, Any]) -> dict[str, str]:
        """Return credentials of a new role that may do only what `statements` allow."""
        role = self.make_role(*statements)
        session = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": session["AccessKeyId"],
            "aws_secret_access_key": session["SecretAccessKey"],
            "aws_session_token": session["SessionToken"],
        }

    def make_function(self, source: str, **settings: Any) -> str:
        """Create a Python function with the code `source`, which has a `handler(event, context)`; return its
        ARN.
        """
        name = settings.pop("FunctionName", f"function-{uuid.uuid4().hex[:8]}")
        created = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=settings.pop("Role", None) or self.make_role(),
            Code={"ZipFile": _pack(source)},
            **settings,
        )
        self.client("lambda").get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
        )
        return str(created["FunctionArn"])

    def make_layer(self, **files: str) -> str:
        """Create a layer with these texts, where `__` in a name stands for a slash; return its ARN."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as package:
            for name, text in files.items():
                package.writestr(name.replace("__", "/"), text)
        created = self.client("lambda").publish_layer_version(
            LayerName=f"layer-{uuid.uuid4().hex[:8]}", Content={"ZipFile": archive.getvalue()}
        )
        return str(created["LayerVersionArn"])

    def update_function(self, function: str, source: str) -> None:
        """Update the code of a function."""
        self.client("lambda").update_function_code(FunctionName=function, ZipFile=_pack(source))

    def invoke(self, function: str, event: Any = None) -> Any:
        """Return a function's response to `event`; fail the test if the function raises."""
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload

    def deploy(self, resources: dict[str, Any]) -> dict[str, str]:
        """Create a stack of `resources` and return physical ids by logical id; fail the test if it fails."""
        name = f"stack-{uuid.uuid4().hex[:8]}"
        self.change_stack(name, "create", resources)
        found = self.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}

    def change_stack(self, name: str, change: str, resources: dict[str, Any]) -> None:
        """Create or update (`change`) a stack to consist of `resources`; fail the test if that fails."""
        stacks = self.client("cloudformation")
        template = json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources})
        call = {"create": stacks.create_stack, "update": stacks.update_stack}[change]
        call(StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])

        def is_over() -> str | None:
            status = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            return None if status.endswith("IN_PROGRESS") else str(status)

        status = wait_for(is_over, seconds=20)
        events = stacks.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [event.get("ResourceStatusReason") for event in events]
        assert status == f"{change.upper()}_COMPLETE", reasons

    def function_log(self, function: str) -> list[str]:
        """Return every line of a function's log group, none before its first invocation."""
        logs, group = self.client("logs"), "/aws/lambda/" + function.rsplit(":", 1)[-1]
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        events = logs.filter_log_events(logGroupName=group)["events"]
        return [event["message"] for event in events]

    def make_cluster(self) -> str:
        """Create a cluster with both Fargate providers; return its name."""
        name = f"cluster-{uuid.uuid4().hex[:8]}"
        self.client("ecs").create_cluster(clusterName=name, capacityProviders=["FARGATE", "FARGATE_SPOT"])
        return name

    def make_definition(self, image: str = "server", **settings: Any) -> str:
        """Register an awsvpc task definition with one container of `image`; return its ARN."""
        container = {"name": "main", "image": image, "essential": True, **settings.pop("container", {})}
        definition = self.client("ecs").register_task_definition(
            family=f"family-{uuid.uuid4().hex[:8]}",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[container],
            **settings,
        )
        return str(definition["taskDefinition"]["taskDefinitionArn"])

    def run_task(self, cluster: str, definition: str, **settings: Any) -> dict[str, Any]:
        """Run a task as start_server does: on Fargate, with a public address."""
        network = {"awsvpcConfiguration": {"subnets": [SUBNET], "assignPublicIp": "ENABLED"}}
        answer = self.client("ecs").run_task(
            cluster=cluster,
            taskDefinition=definition,
            **{"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}], **settings},
            networkConfiguration=network,
        )
        assert not answer["failures"]
        return dict(answer["tasks"][0])

    def describe_task(self, task: dict[str, Any]) -> dict[str, Any]:
        answer = self.client("ecs").describe_tasks(cluster=task["clusterArn"], tasks=[task["taskArn"]])
        return dict(answer["tasks"][0])

    def wait_for_status(self, task: dict[str, Any], status: str, seconds: float = 10.0) -> dict[str, Any]:
        """Return the task once its lastStatus is `status`."""

        def probe() -> dict[str, Any] | None:
            found = self.describe_task(task)
            return found if found["lastStatus"] == status else None

        return dict(wait_for(probe, seconds))

    def stop_task(self, task: dict[str, Any], **settings: Any) -> dict[str, Any]:
        answer = self.client("ecs").stop_task(cluster=task["clusterArn"], task=task["taskArn"], **settings)
        return dict(answer["task"])

    def request(
        self,
        method: str,
        api: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers in lower case, and body of a call to the `live` stage of an API."""
        request = urllib.request.Request(
            f"{self.endpoint}/live{path}",
            data=body,
            method=method,
            headers={"Host": f"{api}.execute-api.localhost:{self.port}", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()

    def stop(self, number: int = signal.SIGTERM) -> set[int]:
        """End the emulator; return its descendants that are still running shortly afterwards."""
        started = processes_started_by(self.process.pid)
        os.kill(self.process.pid, number)
        self.process.wait(timeout=30)
        deadline = time.monotonic() + 3
        while any(map(is_running, started)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return {pid for pid in started if is_running(pid)}


def _pack(source: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("index.py", source)
    return archive.getvalue()


def start_emulator(directory: Path, *arguments: str) -> Emulator:
    """Start an emulator with short delays, and wait until it responds."""
    (directory / "tmp").mkdir()
    for name, source in (("server", SERVER), ("stubborn", STUBBORN)):
        (directory / f"{name}.py").write_text(source)
    images = {
        name: {"command": ["python", f"{name}.py"], "cwd": str(directory)} for name in ("server", "stubborn")
    }
    images["brief"] = {"command": ["python", "-c", "import sys; print('over'); sys.exit(3)"]}
    images["broken"] = {"command": [str(directory / "missing")]}
    (directory / "images.json").write_text(json.dumps(images))
    port = free_port()
    command = [sys.executable, "-m", "hippo_local.emulator", "--port", str(port)]
    command += ["--images", str(directory / "images.json"), "--task-logs", str(directory / "tasks")]
    command += ["--lambda-python", str(ROOT / ".venv-lambda/bin/python"), "--data", str(directory / "data")]
    command += ["--log", str(directory / "emulator.log"), "--state-delay", "0.1", "--stop-timeout", "0.5"]
    command += ["--retry-delays", "0.2,0.3", "--faults", str(directory / "faults.json"), *arguments]
    # Variables that a user may have exported, and that no function or task may see.
    environment = {**os.environ, "EXPORTED_BY_A_PERSON": "1", "PYTHONPATH": str(ROOT)}
    environment["TMPDIR"] = str(directory / "tmp")
    keys = make_keys()
    process = subprocess.Popen(command, cwd=ROOT, env={**environment, **make_key_variables(keys)})
    emulator = Emulator(process, port, directory, keys)

    def answers() -> bool:
        assert process.poll() is None, "the emulator ended while it started"
        try:
            urllib.request.urlopen(emulator.endpoint + "/_ministack/health", timeout=1).close()
        except OSError:
            return False
        return True

    wait_for(answers, seconds=60)
    return emulator
