"""Two studies whose participants have the same user id: a signed link takes the server over."""

from typing import Any

import pytest

from tests.support.server_world import PROJECT, ServerWorld

GUEST, DEMO = "p0017", "demo"


@pytest.fixture
def demo_plays(world: ServerWorld) -> ServerWorld:
    """Return a world in which anyone has started a server of an unsigned study under a signed study's id."""
    config = world.read("project_master_list.json")["projects"][0]
    signed, other = {**config, "signedLinks": True}, {**config, "id": "signed-too", "signedLinks": True}
    world.put("project_master_list.json", {"projects": [signed, {**config, "id": DEMO}, other]})
    for project in (PROJECT, DEMO, "signed-too"):
        created = world.clock.now().isoformat()
        world.put(f"{project}/Users/{GUEST}", {"created": created, "nextStep": 3})
    ask(world, DEMO, 2)
    assert describe(world) == (DEMO, "ready")
    return world


def ask(world: ServerWorld, project: str, number: int) -> None:
    """Deliver a start as next_step requests it, a minute after whatever was before."""
    world.clock.advance(60)
    request = f"{project}/{GUEST}/2"
    message = {"projectId": project, "userId": GUEST, "requestId": request, "host": "userId"}
    world.start(message, request_id=f"{project}-{number}")


def deliver_stops(world: ServerWorld) -> list[dict[str, Any]]:
    """Deliver the stops that start_server has requested; return them."""
    stops = world.published()
    for number, stop in enumerate(stops):
        world.stop(stop, request_id=f"stop-{number}")
    return stops


def describe(world: ServerWorld) -> tuple[str, str]:
    """Return the project and the state of the one server record."""
    record = world.record(GUEST)
    return record["projectId"], record["state"]


def test_a_signed_link_displaces_an_unsigned_server(demo_plays: ServerWorld) -> None:
    """Given the unsigned study's server, the signed participant's start stops it and the next gets theirs."""
    ask(demo_plays, PROJECT, 1)
    (stop,) = deliver_stops(demo_plays)
    ask(demo_plays, PROJECT, 2)

    assert stop["attempt"] == 1
    assert describe(demo_plays) == (PROJECT, "ready")
    assert len(demo_plays.clusters()) == 1


def test_the_id_is_kept_for_them(demo_plays: ServerWorld) -> None:
    """Given a stranger who asks again before the displaced study's participant, no server starts for them."""
    ask(demo_plays, PROJECT, 1)
    deliver_stops(demo_plays)
    demo_plays.clock.advance(1)
    ask(demo_plays, DEMO, 3)

    assert describe(demo_plays) == (DEMO, "stopped")
    ask(demo_plays, PROJECT, 2)
    assert describe(demo_plays) == (PROJECT, "ready")


def test_the_id_is_free_after_a_while(demo_plays: ServerWorld) -> None:
    """Given a signed participant who does not come back, the unsigned study's start works again."""
    ask(demo_plays, PROJECT, 1)
    deliver_stops(demo_plays)
    demo_plays.clock.advance(600)
    demo_plays.start(
        {"projectId": DEMO, "userId": GUEST, "requestId": f"{DEMO}/{GUEST}/2/2"}, request_id="demo-again"
    )

    assert describe(demo_plays) == (DEMO, "ready")


def test_nothing_displaces_a_signed_server(demo_plays: ServerWorld) -> None:
    """Given a signed study's server, neither an unsigned start nor another signed one stops it."""
    ask(demo_plays, PROJECT, 1)
    deliver_stops(demo_plays)
    ask(demo_plays, PROJECT, 2)

    ask(demo_plays, DEMO, 3)
    ask(demo_plays, "signed-too", 1)

    assert len(demo_plays.published()) == 1
    assert describe(demo_plays) == (PROJECT, "ready")


def test_an_unsigned_start_displaces_nothing(demo_plays: ServerWorld) -> None:
    """Given two unsigned studies, the first server stays."""
    config = demo_plays.read("project_master_list.json")["projects"][1]
    demo_plays.put("project_master_list.json", {"projects": [config, {**config, "id": PROJECT}]})

    ask(demo_plays, PROJECT, 1)

    assert demo_plays.published() == []
    assert describe(demo_plays) == (DEMO, "ready")
