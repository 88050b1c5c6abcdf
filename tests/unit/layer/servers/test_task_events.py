"""Events of ECS about a task: whose it was, and why it ended."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hippo.records.codes import EndReason
from hippo.servers.task_events import is_task_event, read_task_end

NOW = datetime(2030, 1, 1, tzinfo=UTC)
CLUSTER = "arn:aws:ecs:ca-central-1:123456789012:cluster/hippo-2-ada"


def build_event(**detail: Any) -> dict[str, Any]:
    """Return an event of a task that has stopped."""
    full = {"clusterArn": CLUSTER, "taskArn": "arn:task", "lastStatus": "STOPPED", **detail}
    return {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": full}


@pytest.mark.parametrize(
    ("code", "exit_codes", "cause"),
    [
        ("EssentialContainerExited", [0], EndReason.GAME_ENDED),
        ("EssentialContainerExited", [0, 0], EndReason.GAME_ENDED),
        ("EssentialContainerExited", [1], EndReason.TASK_ENDED),
        ("EssentialContainerExited", [0, 137], EndReason.TASK_ENDED),
        ("EssentialContainerExited", [None], EndReason.TASK_ENDED),
        ("EssentialContainerExited", [], EndReason.TASK_ENDED),
        ("SpotInterruption", [0], EndReason.SPOT_TAKEN),
        ("TerminationNotice", [143], EndReason.SPOT_TAKEN),
        ("UserInitiated", [0], EndReason.TASK_ENDED),
        ("TaskFailedToStart", [], EndReason.TASK_ENDED),
    ],
)
def test_cause_is_read_from_stop_code_and_exit_codes(code: str, exit_codes: list[int], cause: str) -> None:
    """Given how a task ended, the cause is one of the record's reasons."""
    containers = [{"exitCode": exit_code} for exit_code in exit_codes]

    end = read_task_end(build_event(stopCode=code, containers=containers), "hippo", NOW)

    assert end
    assert (end.user_id, end.attempt, end.task_arn, end.cause) == ("ada", 2, "arn:task", cause)


@pytest.mark.parametrize(
    "detail",
    [
        {"lastStatus": "RUNNING"},
        {"clusterArn": CLUSTER.replace("hippo", "other")},
        {"clusterArn": ""},
        {"clusterArn": None},
    ],
)
def test_events_of_other_tasks_are_none(detail: dict[str, Any]) -> None:
    """Given a running task, or one in another's cluster, the event is ignored."""
    assert read_task_end(build_event(**detail), "hippo", NOW) is None


@pytest.mark.parametrize("containers", [None, "text", [None], [{}]])
def test_odd_containers_are_no_good_end(containers: Any) -> None:
    """Given containers without exit codes, the task counts as failed."""
    end = read_task_end(build_event(stopCode="EssentialContainerExited", containers=containers), "hippo", NOW)

    assert end
    assert end.cause == EndReason.TASK_ENDED


def test_message_of_our_own_is_no_event() -> None:
    """Given a stop message, or an event of another service, it is not a task event."""
    assert is_task_event(build_event())
    assert not is_task_event({"userId": "ada"})
    assert not is_task_event({**build_event(), "source": "aws.ec2"})
