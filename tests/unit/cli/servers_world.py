"""Shared parts of the tests of servers: two participants, one of them with a running server."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.study_world import OTHER_USER, USER, StudyWorld

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def put_ready(stack_world: StudyWorld, user: str = USER, minutes: float = 30, **more: Any) -> None:
    """Store a server that has run for this many minutes."""
    begun = NOW - timedelta(minutes=minutes)
    deadline = NOW + timedelta(minutes=5)
    stack_world.put_server(
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


def put_participants(stack_world: StudyWorld) -> None:
    """Store two participants who have begun: one with a running server, one whose server failed."""
    stack_world.put_record({"nextStep": 3}, USER)
    stack_world.put_record({"nextStep": 3}, OTHER_USER)
    put_ready(stack_world)
    stack_world.put_server(
        "stopped", OTHER_USER, requested_at=NOW - timedelta(hours=3), error="no such image"
    )
