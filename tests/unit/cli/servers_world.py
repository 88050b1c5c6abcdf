"""What the tests of servers share: two participants, one of them with a server that runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.study_world import OTHER_USER, USER, StudyWorld

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def put_ready(lab: StudyWorld, user: str = USER, minutes: float = 30, **more: Any) -> None:
    """A server that has run for so long."""
    begun = NOW - timedelta(minutes=minutes)
    deadline = NOW + timedelta(minutes=5)
    lab.put_server(
        "ready",
        user,
        **{
            "requested_at": begun,
            "started_at": begun,
            "deadline": deadline,
            "task_arn": "arn:aws:ecs:x:1:task/c/0123456789abcdef",
            **more,
        },
    )


def put_participants(lab: StudyWorld) -> None:
    """Two who have begun: one with a server that runs, one whose server failed."""
    lab.put_record({"nextStep": 3}, USER)
    lab.put_record({"nextStep": 3}, OTHER_USER)
    put_ready(lab)
    lab.put_server("stopped", OTHER_USER, requested_at=NOW - timedelta(hours=3), error="no such image")
