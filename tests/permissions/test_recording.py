"""The use of the local platform, whose requests must be those of the committed record."""

from collections.abc import Iterator

import pytest

from tests.permissions.deployed import read_template
from tests.permissions.judge import find_used
from tests.permissions.policies import OTHER_OPTIONS, list_statements, read_statements
from tests.permissions.recording import RecordingPlatform, record_platform
from tests.permissions.requests import PLATFORM, SIMULATION, Request, load_requests

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingPlatform]:
    """Return a platform that records the decisions of IAM."""
    platform = RecordingPlatform(tmp_path_factory.mktemp("recording"))
    try:
        platform.wait_until_up()
        yield platform
    finally:
        platform.stop()


@pytest.fixture(scope="module")
def recorded(platform: RecordingPlatform) -> set[Request]:
    """Return the requests of everything except a shutdown alarm that fires by itself."""
    return record_platform(platform, cron=False)


def test_the_roles_used_what_the_record_says(recorded: set[Request]) -> None:
    """Given everything done again, the same permissions are used as in the committed record."""
    statements, simulated = list_statements(), load_requests(SIMULATION)

    # The faster one decides whether a start or a stop makes a call; the simulation covers both.
    used = find_used(statements, [*recorded, *simulated])

    assert used == find_used(statements, [*load_requests(PLATFORM), *simulated])


def test_no_role_was_refused_anything(recorded: set[Request]) -> None:
    """Given everything done again under the template's roles, IAM refuses none of it."""
    assert [request for request in recorded if not request.is_allowed] == []


@pytest.mark.usefixtures("recorded")
def test_the_deployed_policies_are_the_judged_ones(platform: RecordingPlatform) -> None:
    """Given the deployed stack, each role has the statements that the proof reads from the template."""
    template = read_template(read_statements(OTHER_OPTIONS))

    assert set(platform.deployed) == set(template)
    for role, statements in template.items():
        assert platform.deployed[role] == statements, role
