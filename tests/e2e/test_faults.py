"""Each kind of fault against the whole study: a game or a clear page, no lost answer, nothing left behind.

All participants of this file take the study at the same time, each with their own faults.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.account_view import AccountView
from tests.e2e.journeys import FORMS, Faults, Journey, choose_match, travel
from tests.e2e.running_platform import RunningPlatform

pytestmark = pytest.mark.e2e

# More would only wait for the processor, because every game server is a Python process with many imports.
AT_ONCE = 8
CHANGE = "route53:ChangeResourceRecordSets"
Fault = dict[str, Any]


def death(function: str, **limits: Any) -> Fault:
    """Return a fault: a function is killed once."""
    return {"kind": "lambda-death", "function": function, "times": 1, **limits}


def fails(kind: str, action: str, times: int, **more: Any) -> Fault:
    """Return a fault: calls of an action fail `times` times."""
    return {"kind": kind, "action": action, "times": times, **more}


# Faults by participant id (no id is part of another). CUT_OFF begins during the game, the others before.
STARTS: dict[str, list[Fault]] = {
    "slow-image": [{"kind": "slow-start", "seconds": 6}],
    "slow-program": [{"kind": "slow-start", "seconds": 6, "state": "RUNNING"}],
    "hidden": [{"kind": "hidden-task", "seconds": 3}],
    "throttled": [
        fails("throttle", "ecs", 6),
        fails("throttle", "events", 3),
        fails("throttle", CHANGE, 2),
        fails("throttle", "s3:PutObject", 2),
        fails("throttle", "sns", 1),
    ],
    "slow-lane": [{"kind": "throttle", "action": "ecs", "rate": 1}],
    "refused-calls": [
        fails("fail-before", "ecs:CreateCluster", 2),
        fails("fail-before", "ecs:RunTask", 1, answer="close"),
        fails("fail-before", "events:PutTargets", 2),
    ],
    "lost-answers": [
        fails("fail-after", "ecs:CreateCluster", 1),
        fails("fail-after", "ecs:RunTask", 1),
        fails("fail-after", CHANGE, 2),
        fails("fail-after", "ecs:DeleteCluster", 1),
        fails("fail-after", "events:DeleteRule", 1),
    ],
    "lost-writes": [
        fails("fail-after", "s3:PutObject", 6),
        fails("fail-after", "sns:Publish", 2, answer="500"),
    ],
    "busy-cluster": [{"kind": "update-in-progress", "seconds": 4}],
    "busy-zone": [{"kind": "prior-request-not-complete", "times": 3}],
    "start-dies-early": [death("start_server", calls=3, when="before")],
    "start-dies-late": [death("start_server", calls=1, action="ecs:RunTask", when="after")],
    "start-dies-naming": [death("start_server", calls=1, action=CHANGE, when="after")],
    "start-times-out": [death("start_server", seconds=1)],
    "stop-dies-early": [death("stop_server", calls=1, action="ecs:StopTask", when="after")],
    "stop-dies-late": [death("stop_server", calls=1, action="ecs:DeleteCluster", when="after")],
    "page-dies": [
        death("next_step", calls=1, action="s3:PutObject", when="after"),
        death("next_step", calls=1, action="sns:Publish", when="before"),
    ],
}
ON_DEMAND: dict[str, list[Fault]] = {
    "no-spot": [{"kind": "no-capacity"}],
    "stopped-spot": [{"kind": "no-capacity", "how": "stopped"}],
    "interrupted-spot": [{"kind": "spot-interruption", "seconds": 0, "times": 1}],
    "nothing-free": [{"kind": "no-capacity", "provider": "any", "times": 3}],
}
FAILURES: dict[str, list[Fault]] = {"crash-at-start": [{"kind": "task-crash", "seconds": 0}]}
CUT_OFF: dict[str, list[Fault]] = {
    "crash-in-game": [{"kind": "task-crash", "seconds": 1}],
    "interrupted-game": [{"kind": "spot-interruption", "seconds": 1}],
}
TABLES = (STARTS, ON_DEMAND, FAILURES, CUT_OFF)


@pytest.fixture(scope="module")
def account(running_platform: RunningPlatform) -> AccountView:
    """Return the operator's view of the account that the platform runs in."""
    return AccountView(running_platform)


@pytest.fixture(scope="module")
def journeys(account: AccountView) -> Iterator[dict[str, Future[Journey]]]:
    """Start all participants, by id, at the same time; remove their faults at the end."""
    faults = Faults(Path(account.outputs["faults"]))
    for user_id, entries in (STARTS | ON_DEMAND | FAILURES).items():
        faults.add(user_id, *entries)
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield {
                user_id: pool.submit(travel, account, user_id, faults, *CUT_OFF.get(user_id, ()))
                for table in TABLES
                for user_id in table
            }
    finally:
        faults.clear()


def check_faults_struck(account: AccountView, user_id: str) -> None:
    """Check that the emulator's log reports every fault that was set for the participant."""
    log = Path(account.outputs["logs"]["emulator"]).read_text()
    for fault in (entry for table in TABLES for entry in table.get(user_id, ())):
        details = [f"{name}={value}" for name, value in fault.items() if name != "kind"]
        match = choose_match(user_id, fault)
        assert f": {' '.join([fault['kind'], *details])} match={match}, at " in log


@pytest.mark.parametrize("user_id", [*STARTS, *ON_DEMAND])
def test_the_participant_gets_the_game_and_reaches_the_end(
    account: AccountView, journeys: dict[str, Future[Journey]], user_id: str
) -> None:
    """Given a fault on the way, the study only takes longer: each answer is stored once, nothing is left."""
    journey = journeys[user_id].result(timeout=200)

    assert journey.error == ""
    assert len(set(journey.pages)) == 3
    assert journey.forms == list(FORMS)
    assert journey.trials
    assert journey.left == {}
    check_faults_struck(account, user_id)


@pytest.mark.parametrize("user_id", [user_id for user_id in ON_DEMAND if user_id != "nothing-free"])
def test_without_spot_the_game_runs_on_demand(journeys: dict[str, Future[Journey]], user_id: str) -> None:
    """Given no Spot capacity or an interruption during the start, the on-demand provider runs the task."""
    assert journeys[user_id].result(timeout=200).server["capacityProvider"] == "FARGATE"


@pytest.mark.parametrize("user_id", ["lost-answers", "start-dies-late"])
def test_a_lost_answer_starts_no_second_task(
    account: AccountView, journeys: dict[str, Future[Journey]], user_id: str
) -> None:
    """Given a RunTask whose response was lost and that was repeated, one task ran (each task has a log)."""
    journeys[user_id].result(timeout=200)

    assert len(list(Path(account.outputs["logs"]["tasks"]).glob(f"*{user_id}*"))) == 1


@pytest.mark.parametrize("user_id", FAILURES)
def test_a_server_that_cannot_run_is_reported(
    account: AccountView, journeys: dict[str, Future[Journey]], user_id: str
) -> None:
    """Given a game server that exits at once, the participant gets a page that says so; nothing is left."""
    journey = journeys[user_id].result(timeout=200)

    assert journey.error == "server_failed"
    assert journey.forms == list(FORMS[:2])
    assert journey.left == {}
    check_faults_struck(account, user_id)


@pytest.mark.parametrize("user_id", CUT_OFF)
def test_a_game_that_is_cut_off_does_not_end_the_study(
    account: AccountView, journeys: dict[str, Future[Journey]], user_id: str
) -> None:
    """Given a server that ends during the game, the participant continues, and it is cleaned up."""
    journey = journeys[user_id].result(timeout=200)

    assert journey.cut_off
    assert journey.forms == list(FORMS)
    assert journey.left == {}
    check_faults_struck(account, user_id)


def test_an_interrupted_game_has_been_saved(journeys: dict[str, Future[Journey]]) -> None:
    """Given a Spot interruption, the server gets SIGTERM first and saves what it has recorded."""
    assert journeys["interrupted-game"].result(timeout=200).trials
