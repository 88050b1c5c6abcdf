"""CORS: a browser hides a response without these headers from the page, so every response has them."""

from collections.abc import Callable

import pytest

from tests.support.study_world import Answer, StudyWorld


def ask_while_s3_is_down(world: StudyWorld) -> Answer:
    """Return a request that ends in 503."""
    world.aws.fail("GetObject", "InternalError", 500, times=1000)
    return world.get()


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (200, lambda world: world.get()),
        (200, lambda world: world.post({"a": "b"})),
        (200, lambda world: world.reach_waiting()),
        (200, lambda world: world.reach_game()),
        (400, lambda world: world.get(project="nowhere")),
        (400, lambda world: world.get(user="www")),
        (400, lambda world: world.post("not JSON")),
        (400, lambda world: world.get(step="x")),
        (400, lambda world: world.post("x" * 300_000)),
        (503, ask_while_s3_is_down),
    ],
)
def test_every_answer_has_cors_headers(
    world: StudyWorld, status: int, ask: Callable[[StudyWorld], Answer]
) -> None:
    """Given any request, its response can be read by any page, is JSON, and is not cached."""
    answer = ask(world)

    assert answer.status == status
    assert answer.headers == {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Allow-Methods": "OPTIONS,GET,POST",
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
    }
