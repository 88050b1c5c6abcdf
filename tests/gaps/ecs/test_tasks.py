"""Tests of ECS tasks on Fargate: real processes that go through the states of AWS."""

import json
import socket
from typing import Any

import pytest

from tests.gaps.emulators import Emulator
from tests.gaps.processes import is_running, wait_for


def ask(address: str) -> dict[str, Any]:
    """Return what the test server of a task reports about itself."""
    with socket.create_connection((address, 5000), timeout=5) as connection:
        return dict(json.loads(connection.makefile("rb").read()))


def address_of(task: dict[str, Any]) -> str:
    details = {detail["name"]: detail["value"] for detail in task["attachments"][0]["details"]}
    return str(details["privateIPv4Address"])


def states_until(emulator: Emulator, task: dict[str, Any], last: str) -> list[str]:
    """Return the states of a task, from the first one returned."""
    seen = [task["lastStatus"]]
    while seen[-1] != last:
        status = emulator.describe_task(task)["lastStatus"]
        if status != seen[-1]:
            seen.append(status)
    return seen


def run_server(emulator: Emulator, **settings: Any) -> dict[str, Any]:
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition(**settings))
    return emulator.wait_for_status(task, "RUNNING")


def test_a_task_is_a_process_that_listens_on_its_own_address(emulator: Emulator) -> None:
    """Given two tasks, they listen on the same port at once (ECS developer guide, "Fargate task
    networking").
    """
    first, second = run_server(emulator), run_server(emulator)

    answers = [wait_for(lambda task=task: try_ask(address_of(task))) for task in (first, second)]

    assert address_of(first) != address_of(second)
    assert all("env" in answer for answer in answers)


def log_of(emulator: Emulator, task: dict[str, Any]) -> str:
    """Return the output of a task's container."""
    _, cluster, task_id = task["taskArn"].rsplit("/", 2)
    file = emulator.directory / "tasks" / f"{cluster}-{task_id[:8]}-main.log"
    return file.read_text() if file.exists() else ""


def try_ask(address: str) -> dict[str, Any] | None:
    try:
        return ask(address)
    except OSError:
        return None


def test_a_task_goes_through_the_starting_states(emulator: Emulator) -> None:
    """Given a new task, it goes through PROVISIONING, PENDING, ACTIVATING and RUNNING (ECS developer guide,
    "Amazon ECS task lifecycle").
    """
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition())

    seen = states_until(emulator, task, "RUNNING")

    assert seen[0] == "PROVISIONING"
    assert len(seen) > 2
    assert seen == [state for state in ("PROVISIONING", "PENDING", "ACTIVATING", "RUNNING") if state in seen]


def test_stop_task_returns_at_once_and_the_task_goes_through_the_stopping_states(
    emulator: Emulator,
) -> None:
    """Given StopTask, the task goes through DEACTIVATING, STOPPING, DEPROVISIONING and STOPPED (ECS API
    reference, StopTask; task lifecycle).
    """
    task = run_server(emulator)

    answer = emulator.stop_task(task, reason="over")
    seen = states_until(emulator, answer, "STOPPED")

    order = ("RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED")
    assert answer["desiredStatus"] == "STOPPED"
    assert len(seen) > 2
    assert seen == [state for state in order if state in seen]


def test_a_stopped_task_has_its_stop_code_and_reason(emulator: Emulator) -> None:
    """Given StopTask, the task has stopCode UserInitiated, the given reason, and exit code 143 after SIGTERM
    (ECS API reference, Task).
    """
    task = run_server(emulator)

    emulator.stop_task(task, reason="the study is over")
    stopped = emulator.wait_for_status(task, "STOPPED")

    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "the study is over")
    assert stopped["containers"][0]["exitCode"] == 143


def test_a_stopped_task_no_longer_responds(emulator: Emulator) -> None:
    """Given a STOPPED task, its process is gone (ECS developer guide, "Amazon ECS task lifecycle")."""
    task = run_server(emulator)
    process_id = wait_for(lambda: try_ask(address_of(task)))["pid"]

    emulator.stop_task(task)
    emulator.wait_for_status(task, "STOPPED")

    assert not is_running(process_id)
    assert try_ask(address_of(task)) is None


def test_a_container_that_ignores_sigterm_is_killed(emulator: Emulator) -> None:
    """Given a container that ignores SIGTERM, it gets SIGKILL after the stop timeout, with exit code 137
    (ECS API reference, StopTask).
    """
    task = run_server(emulator, image="stubborn")
    wait_for(lambda: "deaf" in log_of(emulator, task))

    emulator.stop_task(task)
    stopped = emulator.wait_for_status(task, "STOPPED")

    assert stopped["containers"][0]["exitCode"] == 137


def test_a_task_whose_container_exits_stops_by_itself(emulator: Emulator) -> None:
    """Given a container that exits, the task has stopCode EssentialContainerExited and its exit code (ECS
    API reference, Task).
    """
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition(image="brief"))

    stopped = emulator.wait_for_status(task, "STOPPED")

    assert stopped["stopCode"] == "EssentialContainerExited"
    assert stopped["stoppedReason"] == "Essential container in task exited"
    assert stopped["containers"][0]["exitCode"] == 3


def test_an_unknown_image_stops_the_task_with_the_reason(emulator: Emulator) -> None:
    """Given an unknown image, RunTask succeeds and the task stops with CannotPullContainerError (ECS guide,
    "Stopped tasks errors").
    """
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition(image="nowhere/unknown:1"))

    stopped = emulator.wait_for_status(task, "STOPPED")

    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["stoppedReason"].startswith("CannotPullContainerError")
    assert "nowhere/unknown:1" in stopped["stoppedReason"]


def test_a_command_that_cannot_run_stops_the_task_with_the_reason(emulator: Emulator) -> None:
    """Given a command that cannot run, the task stops with CannotStartContainerError (ECS developer guide,
    "Stopped tasks error messages").
    """
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition(image="broken"))

    stopped = emulator.wait_for_status(task, "STOPPED")

    assert stopped["stoppedReason"].startswith("CannotStartContainerError")


def test_a_new_image_is_found_without_a_restart(emulator: Emulator) -> None:
    """Given an image added in the meantime, the next RunTask finds it; here the file of images is read each
    time.
    """
    file = emulator.directory / "images.json"
    table = json.loads(file.read_text())
    file.write_text(json.dumps({**table, "pushed": table["brief"]}))

    task = emulator.run_task(
        emulator.make_cluster(), emulator.make_definition(image="registry.example/pushed:latest")
    )

    assert emulator.wait_for_status(task, "STOPPED")["stopCode"] == "EssentialContainerExited"


def test_a_task_stopped_while_it_starts_never_runs(emulator: Emulator) -> None:
    """Given StopTask in PROVISIONING, the task ends (ECS developer guide, "Amazon ECS task lifecycle")."""
    task = emulator.run_task(emulator.make_cluster(), emulator.make_definition())

    emulator.stop_task(task)
    stopped = emulator.wait_for_status(task, "STOPPED")

    assert "startedAt" not in stopped


def test_a_container_has_its_variables_and_the_credentials_of_its_task_role(emulator: Emulator) -> None:
    """Given a task role, the container has its credentials (ECS developer guide, "Amazon ECS task IAM
    role").
    """
    role = emulator.make_role()
    container = {"environment": [{"name": "PROJECT_ID", "value": "mountain"}]}
    task = run_server(emulator, taskRoleArn=role, container=container)

    environment = wait_for(lambda: try_ask(address_of(task)))["env"]
    keys = {
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": environment["AWS_SESSION_TOKEN"],
    }
    caller = emulator.client("sts", keys).get_caller_identity()

    assert environment["PROJECT_ID"] == "mountain"
    assert caller["Arn"].split("/")[1] == role.rsplit("/", 1)[-1]


def test_a_container_has_the_variables_of_an_override(emulator: Emulator) -> None:
    """Given an override, its variables are added to those of the task definition (ECS API reference,
    ContainerOverride).
    """
    definition = emulator.make_definition(container={"environment": [{"name": "KEPT", "value": "yes"}]})
    override = {"name": "main", "environment": [{"name": "HIPPO_GROUP", "value": "1"}]}
    task = emulator.run_task(
        emulator.make_cluster(), definition, overrides={"containerOverrides": [override]}
    )
    task = emulator.wait_for_status(task, "RUNNING")

    environment = wait_for(lambda: try_ask(address_of(task)))["env"]

    assert (environment["KEPT"], environment["HIPPO_GROUP"]) == ("yes", "1")


def test_a_container_without_a_task_role_has_no_credentials(emulator: Emulator) -> None:
    """Given no task role, the container has no credentials (ECS developer guide, "Amazon ECS task IAM
    role").
    """
    task = run_server(emulator)

    environment = wait_for(lambda: try_ask(address_of(task)))["env"]

    assert not [name for name in environment if "KEY" in name or "TOKEN" in name]


def test_the_output_of_a_container_goes_to_its_file_and_its_log_group(emulator: Emulator) -> None:
    """Given the awslogs driver, output goes to CloudWatch Logs (ECS developer guide, "Send Amazon ECS logs
    to CloudWatch") and to a file.
    """
    options = {"awslogs-group": "/tasks", "awslogs-region": "ca-central-1", "awslogs-stream-prefix": "game"}
    emulator.client("logs").create_log_group(logGroupName="/tasks")
    container = {"logConfiguration": {"logDriver": "awslogs", "options": options}}

    task = emulator.run_task(
        emulator.make_cluster(), emulator.make_definition(image="brief", container=container)
    )
    emulator.wait_for_status(task, "STOPPED")

    task_id = task["taskArn"].rsplit("/", 1)[-1]
    events = emulator.client("logs").get_log_events(
        logGroupName="/tasks", logStreamName=f"game/main/{task_id}"
    )
    assert log_of(emulator, task) == "over\n"
    assert [event["message"] for event in events["events"]] == ["over"]


@pytest.mark.parametrize("interface", ["'0.0.0.0'", "''", "None"])
def test_every_way_to_say_all_interfaces_means_the_address_of_the_task(
    emulator: Emulator, interface: str
) -> None:
    """Given a server on all interfaces, it listens on the task's own address (ECS developer guide, "Fargate
    task networking").
    """
    code = (
        "import asyncio\n"
        "async def main():\n"
        f"    server = await asyncio.start_server(lambda r, w: w.close(), {interface}, 5000)\n"
        "    print('up', flush=True)\n"
        "    await server.serve_forever()\n"
        "asyncio.run(main())\n"
    )
    file = emulator.directory / "images.json"
    command = {"command": ["python", "-c", code]}
    file.write_text(json.dumps({**json.loads(file.read_text()), "asyncio": command}))
    task = run_server(emulator, image="asyncio")

    wait_for(lambda: "up" in log_of(emulator, task))

    socket.create_connection((address_of(task), 5000), timeout=5).close()
