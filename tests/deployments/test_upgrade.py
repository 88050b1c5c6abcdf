"""Upgrades: a running stack of the last release becomes one of this release, unnoticed by participants."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from tests.deployments.local_account import Build, LocalAccount, wait_until
from tests.e2e.participant import Participant, play

pytestmark = pytest.mark.e2e

STACK, PREFIX = "upgraded", "upgraded"
# Resources that a release must not replace: data, names that clients and messages in flight know, logs.
LASTING = ("Bucket", "Topic", "Queue", "Function", "LogGroup", "Role", "Api", "Distribution", "AccessControl")


@dataclass
class Upgrade:
    """The state before the upgrade, and the participant who played during it."""

    ids: dict[str, str]
    outputs: dict[str, str]
    guest: Participant
    socket: ClientConnection
    task: str


@pytest.fixture(scope="module")
def parameters(account: LocalAccount) -> dict[str, str]:
    """Return the parameters that the operator of the last release has set."""
    return account.make_parameters(
        Prefix=PREFIX,
        UpdateFunctionName="upgraded_update",
        Subnet=account.given.subnet_id,
        SecurityGroup=account.given.security_group_id,
    )


@pytest.fixture(scope="module")
def upgrade(
    account: LocalAccount, last_release: Build, current: Build, parameters: dict[str, str]
) -> Iterator[Upgrade]:
    """Deploy the last release, put a participant in the game, then deploy this release."""
    outputs = account.deploy(STACK, last_release, parameters)
    guest = Participant(account.describe(outputs, account.publish(outputs)), "steady-guest")
    guest.begin()
    guest.submit({"consent": "yes"})
    guest.submit({"quiz": "done"})
    guest.await_game()
    ids, task = account.read_ids(STACK), find_task(account, guest.user_id)
    with ExitStack() as stack:
        # The last release named every server after its participant.
        socket = stack.enter_context(guest.connect(guest.user_id))
        # An operator passes only new parameters; the others keep their values.
        account.deploy(STACK, current, {})
        yield Upgrade(ids, outputs, guest, socket, task)


def find_task(account: LocalAccount, user_id: str) -> str:
    """Return the ARN of the one task that runs for a participant."""
    ecs = account.client("ecs")
    clusters = [arn for arn in ecs.list_clusters()["clusterArns"] if arn.endswith(f"/{PREFIX}-1-{user_id}")]
    (task,) = [arn for cluster in clusters for arn in ecs.list_tasks(cluster=cluster)["taskArns"]]
    return str(task)


def test_lasting_resources_are_kept(account: LocalAccount, upgrade: Upgrade) -> None:
    """Given the lasting resources of the last release, each of them keeps its physical id."""
    now = account.read_ids(STACK)

    lasting = {name: value for name, value in upgrade.ids.items() if name.endswith(LASTING)}
    assert len(lasting) > 25
    assert {name: now.get(name) for name in lasting} == lasting
    after = account.read_outputs(STACK)
    assert {key: after.get(key) for key in upgrade.outputs} == upgrade.outputs
    assert "DeletionGuard" in now


def test_game_continues_and_ends(account: LocalAccount, upgrade: Upgrade) -> None:
    """Given a game that began before the upgrade, it is played to its end on the same server, the rest
    of the study follows, and this release stops the server that the last one started."""
    guest = upgrade.guest
    assert find_task(account, guest.user_id) == upgrade.task

    play(upgrade.socket)
    guest.finish_game()
    last = guest.submit({"rating": "4"})

    assert last["step"] == last["steps"] + 1
    rules, own = account.client("events"), f"{PREFIX}-1-{guest.user_id}"
    wait_until("the server to stop", lambda: not rules.list_rules(NamePrefix=own)["Rules"])
    stored = read_json(account, upgrade, f"{guest.project_id}/Users/{guest.user_id}")
    bodies = [json.loads(entry["body"] or "null") for entry in stored["requests"]]
    assert [body for body in bodies if body] == [{"consent": "yes"}, {"quiz": "done"}, {"rating": "4"}]
    server = read_json(account, upgrade, f"_servers/{guest.user_id}.json")
    assert (server["state"], server["attempt"], server["taskArn"]) == ("stopped", 1, upgrade.task)


def read_json(account: LocalAccount, upgrade: Upgrade, key: str) -> dict[str, Any]:
    """Return an object of the stack's bucket."""
    s3 = account.client("s3")
    body = s3.get_object(Bucket=upgrade.outputs["BucketName"], Key=key)["Body"].read()
    record: dict[str, Any] = json.loads(body)
    return record


def test_study_of_the_last_release_is_served(account: LocalAccount, upgrade: Upgrade) -> None:
    """Given a study that was published to the last release, newcomers get it."""
    newcomer = Participant(upgrade.guest.outputs, "newcomer")

    assert newcomer.begin()["step"] == 1


def test_second_deployment_keeps_lasting_resources(
    account: LocalAccount, upgrade: Upgrade, current: Build
) -> None:
    """Given a second deployment of the same release, it succeeds and replaces only the API's deployment."""
    before = account.read_ids(STACK)

    account.deploy(STACK, current, {}, "--no-fail-on-empty-changeset")

    after = account.read_ids(STACK)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name for name in changed if not name.startswith("ApiDeployment")} == set()
