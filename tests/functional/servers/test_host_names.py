"""Attack: strangers choose user ids that mean something below a domain; what Route 53 then has."""

import pytest

from hippo.host_labels import derive_host_label
from tests.support.server_world import PROJECT, ROOT_DOMAIN, ServerWorld

UUID = "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c"
CHOSEN = ("wpad", "autodiscover", "login", "vpn", "mta-sts", "isatap", "xn--80ak6aa92e", "anna")


def start_from_link(world: ServerWorld, user: str, **more: str) -> None:
    """Start the server of a participant who has reached step 2, as their requests do."""
    world.put(f"{PROJECT}/Users/{user}", {"created": world.clock.now().isoformat(), "nextStep": 3})
    body = {"projectId": PROJECT, "userId": user, "requestId": f"{PROJECT}/{user}/2", **more}
    world.start(body, request_id=f"start-{user}")


@pytest.mark.parametrize("more", [{}, {"host": "derived"}], ids=["earlier release", "this release"])
@pytest.mark.parametrize("user", CHOSEN)
def test_no_stranger_chooses_a_name(world: ServerWorld, user: str, more: dict[str, str]) -> None:
    """Given an unsigned link with such an id, the server is ready under a label that means nothing."""
    start_from_link(world, user, **more)

    host = f"{derive_host_label(user)}.{ROOT_DOMAIN}"
    assert (world.record(user)["state"], world.record(user)["hostName"]) == ("ready", host)
    assert list(world.names()) == [host]


def test_a_derived_name_goes_with_its_server(world: ServerWorld) -> None:
    """Given such a server, a stop removes its name, and everything else."""
    start_from_link(world, "wpad")

    world.stop({"projectId": PROJECT, "userId": "wpad"})

    assert world.left() == []


@pytest.mark.parametrize(
    ("user", "more"), [(UUID, {}), (UUID, {"host": "derived"}), ("anna", {"host": "userId"})], ids=str
)
def test_uuids_and_signed_ids_stay_names(world: ServerWorld, user: str, more: dict[str, str]) -> None:
    """Given a UUID or a signed link, the server is at `<userId>.<root domain>`, where front ends connect."""
    start_from_link(world, user, **more)

    assert list(world.names()) == [f"{user}.{ROOT_DOMAIN}"]


def test_start_by_hand_keeps_the_name(world: ServerWorld) -> None:
    """Given a signed /start, the server is at `<userId>.<root domain>`, which links with `server=` follow."""
    world.start({"projectId": PROJECT, "userId": "anna"})

    assert list(world.names()) == [f"anna.{ROOT_DOMAIN}"]


def test_a_running_server_of_an_earlier_release_is_stopped_under_its_name(world: ServerWorld) -> None:
    """Given a server that an earlier release named after the id, a stop removes that name."""
    start_from_link(world, "anna", host="userId")

    world.stop({"projectId": PROJECT, "userId": "anna"})

    assert world.left() == []
