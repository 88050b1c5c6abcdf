"""The local platform is used in every way, and asks for what the committed record says."""

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
    """A platform that writes down what IAM judges."""
    platform = RecordingPlatform(tmp_path_factory.mktemp("recording"))
    try:
        platform.wait_until_up()
        yield platform
    finally:
        platform.stop()


@pytest.fixture(scope="module")
def recorded(platform: RecordingPlatform) -> set[Request]:
    """What has been asked for by all that is done, but for a shutdown rule that fires by itself."""
    return record_platform(platform, cron=False)


def test_the_roles_used_what_the_record_says(recorded: set[Request]) -> None:
    """Given everything done once more, the same permissions are used as in the committed record."""
    statements, simulated = list_statements(), load_requests(SIMULATION)

    # Who is first decides whether a start or a stop does a thing; the simulation has both.
    used = find_used(statements, [*recorded, *simulated])

    assert used == find_used(statements, [*load_requests(PLATFORM), *simulated])


def test_no_role_was_refused_anything(recorded: set[Request]) -> None:
    """Given everything done once more under the template's roles, IAM refused none of it."""
    assert [request for request in recorded if not request.is_allowed] == []


@pytest.mark.usefixtures("recorded")
def test_the_deployed_policies_are_the_judged_ones(platform: RecordingPlatform) -> None:
    """Given the deployed stack, each role holds the statements that the proof reads from the template."""
    template = read_template(read_statements(OTHER_OPTIONS))

    assert set(platform.deployed) == set(template)
    for role, statements in template.items():
        assert platform.deployed[role] == statements, role
