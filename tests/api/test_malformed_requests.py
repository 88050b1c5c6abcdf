"""Ten thousand requests that no existing client sends, to a whole platform."""

from collections.abc import Iterator

import pytest

from tests.api.campaign import Campaign, report
from tests.e2e.account_view import AccountView
from tests.e2e.running_platform import RunningPlatform

pytestmark = pytest.mark.e2e

# The same requests each time; `make fuzz` sends others.
SEED, COUNT = 20261125, 10_000


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """Return a platform of its own, because its limits are lifted and its studies are unusual."""
    platform = RunningPlatform(tmp_path_factory.mktemp("fuzz"))
    try:
        platform.wait_until_up()
        yield Campaign(AccountView(platform))
    finally:
        platform.stop()


@pytest.mark.timeout(1800)
def test_malformed_requests_break_nothing_and_leave_nothing(campaign: Campaign) -> None:
    """Given arbitrary methods, paths, ids, steps, bodies and headers, each response is as described and
    not a failure, no object appears that a valid request would not have created, and no log contains
    their contents."""
    results, left, summary = campaign.execute(SEED, COUNT)

    assert results.findings == [], report(results, campaign.url, SEED)
    assert left == [], summary
    # The test is meaningful only if many requests pass the gateway, and some pass the handlers' checks.
    assert sum(results.statuses.values()) == COUNT
    assert results.statuses[400] > COUNT / 3
    assert results.statuses[200] > COUNT / 20
