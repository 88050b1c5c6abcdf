"""Two invocations at once: steps in every order, servers with one pre-emption; more is `make simulate`."""

import pytest

from tests.simulation import meetings, units


@pytest.mark.parametrize("name", meetings.SERVER_MEETINGS)
def test_servers_with_one_pre_emption(name: str) -> None:
    """Given two server invocations, when one is held at any of its calls, all invariants hold."""
    report = units.run_meeting(name, most=1)

    assert report.found == []
    assert report.cases > 10


@pytest.mark.parametrize("name", meetings.IDLE_MEETINGS)
def test_participant_meets_the_stop_of_an_unused_server(name: str) -> None:
    """Given a request that may show the game, and the stop of an unused server, a game once shown stays."""
    report = units.run_meeting(name, most=3)

    assert report.found == []
    assert report.cases > 10


@pytest.mark.parametrize("name", meetings.GROUP_MEETINGS)
def test_balanced_groups(name: str) -> None:
    """Given two requests at once, with three pre-emptions, groups are even and counted exactly."""
    report = units.run_meeting(name, most=3)

    assert report.found == []
    assert report.cases > 50


@pytest.mark.parametrize("name", [*meetings.STEP_MEETINGS, *meetings.LIST_MEETINGS])
def test_requests_in_every_order(name: str) -> None:
    """Given two requests at once, in any order of their calls, no step is skipped and nothing lost."""
    report = units.run_meeting(name)

    assert report.found == []
    assert report.cases > 20
