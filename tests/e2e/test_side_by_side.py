"""Two platforms on one machine, each with its own directory, ports, account and game servers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.account_view import AccountView
from tests.e2e.journeys import FORMS, Faults, travel
from tests.e2e.running_platform import RunningPlatform

pytestmark = pytest.mark.e2e

# The same participant on both, so that names shared by mistake would collide.
USER_ID = "in-two-places"


@pytest.fixture
def two_accounts(tmp_path: Path) -> Iterator[list[AccountView]]:
    """Start two platforms at the same time; return the operator's view of each."""
    platforms = [RunningPlatform(tmp_path / name) for name in ("one", "two")]
    try:
        for platform in platforms:
            platform.wait_until_up()
        yield [AccountView(platform) for platform in platforms]
    finally:
        for platform in platforms:
            platform.stop()


def test_two_platforms_run_a_study_each_at_the_same_time(two_accounts: list[AccountView]) -> None:
    """Given the same participant on both at once, each study completes and keeps its own answers."""
    outputs = [account.outputs for account in two_accounts]
    faults = [Faults(Path(one["faults"])) for one in outputs]

    with ThreadPoolExecutor(2) as pool:
        journeys = list(pool.map(travel, two_accounts, [USER_ID] * 2, faults))

    for name in ("webPort", "gamePort", "endpointUrl", "bucket", "data"):
        assert outputs[0][name] != outputs[1][name], name
    for journey in journeys:
        assert journey.error == ""
        assert journey.forms == list(FORMS)
        assert len(journey.trials) == 1
        assert journey.left == {}
