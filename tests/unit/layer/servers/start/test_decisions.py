"""Decisions about a start message, without AWS."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hippo.records.codes import ServerState
from hippo.records.messages import StartMessage
from hippo.records.participant import Participant
from hippo.records.server import MAX_ATTEMPTS, ServerRecord, name_replacement
from hippo.servers.start.decisions import Action, Decision, StartCase, decide
from hippo.studies.catalogue import ListedProject
from hippo.studies.study import Study

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
CONFIG = {
    "steps": {"1": "consent.html", "2": "game", "3": "survey.html"},
    "events": {"startServerStep": 1, "stopServerStep": 3},
}
PROJECT = ListedProject("maze", True, None, "bucket", CONFIG)
STUDY = Study("maze", CONFIG, lambda _: None, lambda _: [])
MESSAGE = StartMessage("maze", "ada", "second", NOON)
ENDED = ServerRecord(
    "ada", "maze", ServerState.STOPPED, start_id="first", stopped_at=NOON - timedelta(minutes=1)
)
LATER = NOON + timedelta(minutes=1)


def build_case(current: ServerRecord | None, next_step: int = 3, **changes: object) -> StartCase:
    """Return a case for which project, study and a participant at the game have been read."""
    participant = Participant(NOON - timedelta(hours=1), next_step)
    case = StartCase(MESSAGE, current, NOON, "me", True, PROJECT, STUDY, participant)
    return replace(case, **changes)


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        (None, Action.LOAD),
        (ENDED, Action.LOAD),
        (replace(ENDED, state=ServerState.FAILED), Action.LOAD),
        (replace(ENDED, state=ServerState.READY), Action.IGNORE),
        (replace(ENDED, state=ServerState.STARTING, owner="other", lease_until=LATER), Action.IGNORE),
        (replace(ENDED, state=ServerState.STARTING, owner="me", lease_until=LATER), Action.CONTINUE),
        (replace(ENDED, state=ServerState.STARTING, owner="other"), Action.CONTINUE),
        (replace(ENDED, state=ServerState.STARTING, project_id="pole"), Action.LOAD),
        (replace(ENDED, state=ServerState.STOPPING), Action.WAIT),
        (replace(ENDED, state=ServerState.FAILED, cluster="hippo-1-ada"), Action.WAIT),
        (replace(ENDED, state=ServerState.STOPPING, seen=("second",)), Action.IGNORE),
    ],
)
def test_server_record_decides_alone_where_it_can(current: ServerRecord | None, expected: Action) -> None:
    """Given only a server record, project and participant are read only where it does not decide."""
    assert decide(StartCase(MESSAGE, current, NOON, "me")).action is expected


@pytest.mark.parametrize(("lease", "stops"), [(None, True), (LATER, False)])
def test_abandoned_stop_is_requested_again(lease: datetime | None, stops: bool) -> None:
    """Given an earlier attempt that is ending, a stop is requested unless an invocation works on it."""
    case = StartCase(MESSAGE, replace(ENDED, state=ServerState.STOPPING, lease_until=lease), NOON, "me")

    assert decide(case).stops_current is stops


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (build_case(None), Decision(Action.BEGIN)),
        (build_case(ENDED), Decision(Action.BEGIN)),
        (build_case(None, project=None, study=None), Decision(Action.FAIL, "there is no project maze")),
        (build_case(ENDED, next_step=4), Decision(Action.IGNORE, "past the stop step")),
        (
            build_case(replace(ENDED, start_id="second")),
            Decision(Action.IGNORE, "seen before, or older than the stop", stops_current=True),
        ),
        (
            build_case(replace(ENDED, seen=("second",))),
            Decision(Action.IGNORE, "seen before, or older than the stop"),
        ),
        (build_case(replace(ENDED, tries=MAX_ATTEMPTS)), Decision(Action.FAIL, "5 attempts have failed")),
        (build_case(replace(ENDED, tries=MAX_ATTEMPTS, project_id="pole")), Decision(Action.BEGIN)),
    ],
)
def test_start_of_a_participant(case: StartCase, expected: Decision) -> None:
    """Given project, study and participant, the decision names the action and its reason."""
    assert decide(case) == expected


@pytest.mark.parametrize(
    ("reason", "live", "tries", "expected"),
    [
        ("the task ended", True, 1, Decision(Action.BEGIN)),
        ("the task ended", True, MAX_ATTEMPTS, Decision(Action.FAIL, "5 attempts have failed", False, True)),
        ("requested", True, 1, Decision(Action.IGNORE, "no replacement is needed", False, True)),
        (
            "the task ended",
            False,
            1,
            Decision(Action.IGNORE, "no replacement is needed", False, True),
        ),
    ],
)
def test_replacement(reason: str, live: bool, tries: int, expected: Decision) -> None:
    """Given a replacement's start, it begins only if needed, and otherwise leaves the queue."""
    ended = replace(ENDED, reason=reason, tries=tries)
    message = replace(MESSAGE, start_id=name_replacement(ended))

    assert decide(build_case(ended, message=message, project=replace(PROJECT, live=live))) == expected
