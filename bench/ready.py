"""Time from the start message to `ready`, beyond the time that the task itself takes to start.

The task's own time is from RunTask until its port accepts connections, which no handler can shorten.
"""

import json
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench.platforms import open_platform
from bench.tables import format_table
from tests.e2e.account_view import AccountView

GAME_PORT = 5000
_POLL_SECONDS = 0.02
_GIVE_UP_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Start:
    """A start in seconds: message to RunTask, RunTask to the first connection, and from there to `ready`."""

    before: float
    task: float
    after: float

    @property
    def beyond(self) -> float:
        """The time that the message, the handler and its polls add."""
        return self.before + self.after


def measure_starts(runs: int) -> list[Start]:
    """Start one server after another on a new platform, the first with a cold function."""
    with open_platform(max_servers=runs) as account:
        return [_measure_start(account, f"ready-{number}") for number in range(runs)]


def _measure_start(account: AccountView, user: str) -> Start:
    topics = account.outputs["stackOutputs"]
    message = {"projectId": account.outputs["projectId"], "userId": user}
    sns = account.client("sns")
    published = time.time()
    sns.publish(TopicArn=topics["StartServerTopicArn"], Message=json.dumps(message))
    # ECS returns the time of RunTask in whole seconds here, so the time of the task's first sight is used.
    cluster, task_arn = f"hippo-1-{user}", _await_task(account, f"hippo-1-{user}")
    ran = time.time()
    answered = _await_port(_await_address(account, cluster, task_arn))
    record = _await_ready(account, user)
    ready = datetime.fromisoformat(record["readyAt"]).timestamp()
    sns.publish(TopicArn=topics["StopServerTopicArn"], Message=json.dumps(message))
    return Start(ran - published, answered - ran, ready - answered)


def _await_task(account: AccountView, cluster: str) -> str:
    ecs = account.client("ecs")
    for _ in _poll_for(f"a task in {cluster}"):
        try:
            arns = ecs.list_tasks(cluster=cluster)["taskArns"]
        except ecs.exceptions.ClusterNotFoundException:
            continue
        if arns:
            return str(arns[0])
    raise AssertionError


def _await_address(account: AccountView, cluster: str, task_arn: str) -> str:
    ecs = account.client("ecs")
    for _ in _poll_for(f"an address of {task_arn}"):
        attachments = ecs.describe_tasks(cluster=cluster, tasks=[task_arn])["tasks"][0]["attachments"]
        for detail in (entry for attachment in attachments for entry in attachment["details"]):
            if detail["name"] == "privateIPv4Address":
                return str(detail["value"])
    raise AssertionError


def _await_port(address: str) -> float:
    for _ in _poll_for(f"{address} to accept connections"):
        try:
            socket.create_connection((address, GAME_PORT), timeout=1).close()
        except OSError:
            continue
        return time.time()
    raise AssertionError


def _await_ready(account: AccountView, user: str) -> Mapping[str, Any]:
    for _ in _poll_for(f"{user}'s server to be ready"):
        record = account.read_server(user)
        if record.get("state") == "ready":
            return record
    raise AssertionError


def _poll_for(what: str) -> Iterator[None]:
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(_POLL_SECONDS)
    raise TimeoutError(f"still waiting for {what}")


def format_starts_table(starts: Iterable[Start]) -> str:
    """Return a table with a row for each start."""
    headers = ["start", "message to RunTask, s", "RunTask to port, s", "port to ready, s"]
    rows = [
        [number, *(f"{part:.2f}" for part in (start.before, start.task, start.after, start.beyond))]
        for number, start in enumerate(starts, start=1)
    ]
    return format_table([*headers, "beyond the task's own, s"], rows)
