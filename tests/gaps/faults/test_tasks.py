"""Tests of faults on demand in tasks: slow, crashing, interrupted, without capacity, not visible yet."""

import time
from typing import Any

import pytest

from tests.gaps.ecs.test_tasks import address_of, log_of, try_ask
from tests.gaps.emulators import Emulator
from tests.gaps.processes import wait_for

SPOT = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}
ON_DEMAND = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}
NO_CAPACITY = "Capacity is unavailable at this time"


def start(emulator: Emulator, cluster: str, image: str = "server", **settings: Any) -> dict[str, Any]:
    return emulator.run_task(cluster, emulator.make_definition(image=image), **settings)


def run(emulator: Emulator, cluster: str, **settings: Any) -> dict[str, Any]:
    """Return RunTask's whole response."""
    network = {"awsvpcConfiguration": {"subnets": ["subnet-00000001"], "assignPublicIp": "ENABLED"}}
    answer = emulator.client("ecs").run_task(
        cluster=cluster, taskDefinition=emulator.make_definition(), networkConfiguration=network, **settings
    )
    return dict(answer)


def test_a_slow_start_keeps_a_task_pending(faulty: Emulator) -> None:
    """Given a slow start, PENDING lasts as long as the image takes to pull (ECS guide, "Amazon ECS task
    lifecycle").
    """
    cluster = faulty.make_cluster()
    faulty.set_faults({"kind": "slow-start", "seconds": 3, "match": cluster})

    began = time.monotonic()
    faulty.wait_for_status(start(faulty, cluster), "PENDING")
    faulty.wait_for_status(start(faulty, faulty.make_cluster()), "RUNNING", seconds=2.5)
    [slow] = faulty.client("ecs").list_tasks(cluster=cluster)["taskArns"]
    faulty.wait_for_status({"taskArn": slow, "clusterArn": cluster}, "RUNNING")

    assert time.monotonic() - began > 3


def test_a_slow_program_listens_long_after_its_task_runs(faulty: Emulator) -> None:
    """Given a slow program, RUNNING means that the container runs, not that its program is ready (the same
    page).
    """
    cluster = faulty.make_cluster()
    faulty.set_faults({"kind": "slow-start", "seconds": 1.5, "state": "RUNNING", "match": cluster})

    task = faulty.wait_for_status(start(faulty, cluster), "RUNNING")

    assert try_ask(address_of(task)) is None
    assert wait_for(lambda: try_ask(address_of(task)))


def test_a_slow_start_can_be_stopped(faulty: Emulator) -> None:
    """Given a task in PENDING, StopTask ends it too (ECS developer guide, "Amazon ECS task lifecycle")."""
    cluster = faulty.make_cluster()
    faulty.set_faults({"kind": "slow-start", "seconds": 60, "match": cluster})
    task = faulty.wait_for_status(start(faulty, cluster), "PENDING")

    faulty.stop_task(task)

    assert "startedAt" not in faulty.wait_for_status(task, "STOPPED", seconds=5)


def test_a_crash_ends_a_task_with_the_code_of_sigkill(faulty: Emulator) -> None:
    """Given a crash, the task has exit code 137 and EssentialContainerExited (ECS guide, "Amazon ECS stopped
    tasks error messages").
    """
    cluster = faulty.make_cluster()
    task = faulty.wait_for_status(start(faulty, cluster), "RUNNING")
    wait_for(lambda: try_ask(address_of(task)))

    faulty.set_faults({"kind": "task-crash", "seconds": 0.2, "match": cluster})
    stopped = faulty.wait_for_status(task, "STOPPED")

    assert stopped["stopCode"] == "EssentialContainerExited"
    assert stopped["containers"][0]["exitCode"] == 137


def test_a_spot_interruption_ends_spot_tasks_only_and_with_sigterm_first(faulty: Emulator) -> None:
    """Given a Spot interruption, a Spot task gets SpotInterruption, SIGTERM and SIGKILL (ECS developer
    guide, "Fargate Spot termination notices").
    """
    cluster = faulty.make_cluster()
    polite = faulty.wait_for_status(start(faulty, cluster, **SPOT), "RUNNING")
    deaf = faulty.wait_for_status(start(faulty, cluster, "stubborn", **SPOT), "RUNNING")
    other = faulty.wait_for_status(start(faulty, cluster, **ON_DEMAND), "RUNNING")
    wait_for(lambda: "listening" in log_of(faulty, polite) and "deaf" in log_of(faulty, deaf))

    faulty.set_faults({"kind": "spot-interruption", "seconds": 0.1, "match": cluster})
    stopped = [faulty.wait_for_status(task, "STOPPED") for task in (polite, deaf)]

    assert [task["stopCode"] for task in stopped] == ["SpotInterruption"] * 2
    assert stopped[0]["stoppedReason"] == "Your Spot Task was interrupted."
    assert [task["containers"][0]["exitCode"] for task in stopped] == [143, 137]
    assert faulty.describe_task(other)["lastStatus"] == "RUNNING"


def test_run_task_returns_failures_without_spot_capacity(faulty: Emulator) -> None:
    """Given no Spot capacity, RunTask is 200 with `failures` and no task (ECS API reference, RunTask; "API
    failure reasons").
    """
    cluster = faulty.make_cluster()
    faulty.set_faults({"kind": "no-capacity", "match": cluster})

    refused = run(faulty, cluster, **SPOT)
    accepted = run(faulty, cluster, **ON_DEMAND)

    assert refused["tasks"] == []
    assert NO_CAPACITY in refused["failures"][0]["reason"]
    assert len(accepted["tasks"]) == 1


@pytest.mark.parametrize("provider", ["FARGATE", "any"])
def test_a_task_is_stopped_for_lack_of_capacity(faulty: Emulator, provider: str) -> None:
    """Given no capacity, the task is TaskFailedToStart with the reason, before it has run (ECS guide,
    "Stopped tasks error messages").
    """
    cluster = faulty.make_cluster()
    faulty.set_faults({"kind": "no-capacity", "how": "stopped", "provider": provider, "match": cluster})

    stopped = faulty.wait_for_status(start(faulty, cluster, **ON_DEMAND), "STOPPED")

    assert (stopped["stopCode"], "startedAt" in stopped) == ("TaskFailedToStart", False)
    assert NO_CAPACITY in stopped["stoppedReason"]


def test_a_new_task_is_hidden_for_a_while(faulty: Emulator) -> None:
    """Given a new task, it is MISSING and not listed, as ECS is eventually consistent (ECS API reference,
    RunTask).
    """
    cluster = faulty.make_cluster()
    ecs = faulty.client("ecs")
    faulty.set_faults({"kind": "hidden-task", "seconds": 1.5, "match": cluster})

    task = start(faulty, cluster)["taskArn"]
    answer = ecs.describe_tasks(cluster=cluster, tasks=[task])

    assert answer["tasks"] == []
    assert [(failure["arn"], failure["reason"]) for failure in answer["failures"]] == [(task, "MISSING")]
    assert ecs.list_tasks(cluster=cluster)["taskArns"] == []
    wait_for(lambda: ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"])
    assert ecs.list_tasks(cluster=cluster)["taskArns"] == [task]
