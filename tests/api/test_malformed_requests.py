"""Ten thousand requests that no client of ours sends, to a whole platform."""

from collections.abc import Iterator

import pytest

from tests.api.campaign import Campaign, report
from tests.e2e.account_view import AccountView
from tests.e2e.running_platform import RunningPlatform

pytestmark = pytest.mark.e2e

# The same ones each time; `make fuzz` sends others.
SEED, COUNT = 20261125, 10_000


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """A platform of its own, since its limits are lifted and its studies are odd."""
    platform = RunningPlatform(tmp_path_factory.mktemp("fuzz"))
    try:
        platform.wait_until_up()
        yield Campaign(AccountView(platform))
    finally:
        platform.stop()


@pytest.mark.timeout(1800)
def test_malformed_requests_break_nothing_and_leave_nothing(campaign: Campaign) -> None:
    """Given wild methods, paths, ids, steps, bodies and headers, then each answer is as described and none
    a failure, no object appears that a good request would not have made, and no log holds what they said."""
    results, left, summary = campaign.execute(SEED, COUNT)

    assert results.findings == [], report(results, campaign.url, SEED)
    assert left == [], summary
    # Many have to get past the gateway, and some past the handlers' checks, for this to mean anything.
    assert sum(results.statuses.values()) == COUNT
    assert results.statuses[400] > COUNT / 3
    assert results.statuses[200] > COUNT / 20
