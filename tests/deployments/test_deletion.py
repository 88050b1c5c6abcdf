"""Deletion: refused while a game server is left, without side effects; otherwise done, and the data is
kept."""

from typing import Any

import pytest

from tests.deployments.local_account import Build, LocalAccount, wait_until
from tests.e2e.participant import Participant, play

pytestmark = pytest.mark.e2e

STACK, PREFIX, USER = "doomed", "doomed", "last-guest"


def read_rules(account: LocalAccount) -> list[str]:
    """Return the names of all rules with the stack's prefix that are not the stack's own."""
    rules = account.client("events").list_rules(NamePrefix=f"{PREFIX}-1-")["Rules"]
    return [rule["Name"] for rule in rules]


@pytest.fixture(scope="module")
def doomed(account: LocalAccount, current: Build) -> dict[str, str]:
    """Return the outputs of a stack for deletion."""
    parameters = account.make_parameters(
        Prefix=PREFIX,
        UpdateFunctionName="doomed_update",
        Subnet=account.given.subnet_id,
        SecurityGroup=account.given.security_group_id,
    )
    return account.deploy(STACK, current, parameters)


def test_stack_is_kept_with_a_server_and_deleted_without_one(
    account: LocalAccount, doomed: dict[str, str]
) -> None:
    """Given a participant in the game, deletion of the stack is refused with the reason and they play
    to the end, and once their server has stopped, the stack is deleted and the answers are kept."""
    guest = Participant(account.describe(doomed, account.publish(doomed)), USER)
    guest.begin()
    guest.submit({"consent": "yes"})
    guest.submit({"quiz": "done"})
    guest.await_game()
    before = account.read_ids(STACK)

    assert account.delete(STACK) == "DELETE_FAILED"

    events = account.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("1 game server is left (doomed-1-last-guest)" in reason for reason in reasons), reasons
    gone = before.keys() - account.read_ids(STACK).keys()
    # Monitoring may be deleted at the same time as the guard.
    assert {name for name in gone if not is_only_watching(name)} == set()

    with guest.connect() as socket:
        play(socket)
    guest.finish_game()
    guest.submit({"rating": "4"})
    wait_until("the server to stop", lambda: not read_rules(account))

    assert account.delete(STACK) == "DELETE_COMPLETE"

    keys = [entry["Key"] for entry in list_objects(account, doomed["BucketName"])]
    assert f"{guest.project_id}/Users/{USER}" in keys
    assert any(key.startswith(f"{guest.project_id}/Trials/{USER}/") for key in keys)


def is_only_watching(logical_id: str) -> bool:
    """Return whether no participant misses it: alarms, the dashboard, values for the researchers' tool."""
    return logical_id.endswith(("Alarm", "Dashboard", "Parameter", "Budget", "AlarmTopic"))


def list_objects(account: LocalAccount, bucket: str) -> list[dict[str, Any]]:
    """Return the objects of a bucket."""
    contents: list[dict[str, Any]] = account.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return contents
