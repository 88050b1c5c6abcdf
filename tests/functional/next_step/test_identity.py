"""Whose request it is: placeholders, copied ids, pasted links, previews, and ids that two people share."""

from typing import Any

import pytest

from hippo.records.participant import MOST_OTHER_PARAMETERS
from hippo.studies.links import derive_user_id
from tests.support.study_world import CONSENT, OTHER_USER, PROJECT, QUIZ, USER, StudyWorld

PID = "5f1b2c3d4e5f6a7b8c9d0e1f"
DERIVED = derive_user_id(PROJECT, "PROLIFIC_PID", PID)
USERS = f"{PROJECT}/Users/"
PLACEHOLDERS = (
    *("{{%PROLIFIC_PID%}}", "{{PROLIFIC_PID}}", "{PROLIFIC_PID}", "${e://Field/PROLIFIC_PID}", "#{pid}"),
    *("[[PROLIFIC_PID]]", "[PID]", "[object Object]", "((PID))", "<PID>", "<%= pid %>", "%%PROLIFIC_PID%%"),
    *("%PID%", "%DEAD%", "*|PID|*", "@PID@", "__PID__", "$PID", "PROLIFIC_PID", "XXXX", "xxxxxxxx"),
    *("ASSIGNMENT_ID_NOT_AVAILABLE", "null", "NULL", "undefined", "None", "NaN", "nil", "NA", "n/a", "#N/A"),
    *("", " ", "\t", "\u00a0", "\u200b", "-", "--", "...", "?", "{}", " null ", "%7B%7BPID%7D%7D", "%20"),
    *(
        "$(PID)",
        "@{PID}",
        "@@PID@@",
        "&lt;PID&gt;",
        "%257B%257BPID%257D%257D",
        "xxxx-xxxx",
        "(null)",
        "(None)",
    ),
    *("prolific_pid", "Prolific PID", "prolificPid"),
)
REAL = (
    *("test", "0", "x", "XX", "A1B2", "nanette", "none1", "5f1b…", "ü", "李", "a b", "$5", "a[1]", "50%"),
    *("(1)", "a@b.org", "@ada", "prolific_pid_1", "50%25", "xyxx", "x1-x2"),
    "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}",
)


@pytest.fixture
def one_per_world(world: StudyWorld) -> StudyWorld:
    """Return a study with one participant per PROLIFIC_PID."""
    world.publish(onePer="PROLIFIC_PID")
    return world


@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_a_placeholder_is_nobody(one_per_world: StudyWorld, value: str) -> None:
    """Given two people with a link that no recruiter filled in, neither begins or becomes the other."""
    answers = [one_per_world.get(user=user, PROLIFIC_PID=value, step=0) for user in (USER, OTHER_USER)]

    assert [answer.content["reason"] for answer in answers] == ["recruiterIdMissing"] * 2
    assert answers[0].content["userId"] != answers[1].content["userId"]
    assert one_per_world.list_keys(USERS) == one_per_world.list_keys(f"{PROJECT}/_admission.json") == []


@pytest.mark.parametrize("value", ["{{%PROLIFIC_PID%}}", "null", " ", ""])
def test_a_placeholder_is_recorded_as_given(world: StudyWorld, value: str) -> None:
    """Given a study without `onePer`, each participant begins, and the record has the value unchanged."""
    for user in (USER, OTHER_USER):
        assert world.get(user=user, PROLIFIC_PID=value).page == CONSENT
        assert world.record(user)["parameters"] == {"PROLIFIC_PID": value}


@pytest.mark.parametrize("value", REAL)
def test_an_unusual_id_is_an_id(one_per_world: StudyWorld, value: str) -> None:
    """Given a value that only resembles a placeholder, its participant has the id that it always had."""
    answer = one_per_world.get(PROLIFIC_PID=value)

    assert answer.content["userId"] == derive_user_id(PROJECT, "PROLIFIC_PID", value)


@pytest.mark.parametrize("copy", [f"{PID} ", f" {PID}", f"\t{PID}\r\n", f"\u00a0{PID}\u200b", f"\ufeff{PID}"])
def test_a_copied_id_is_the_same_person(one_per_world: StudyWorld, copy: str) -> None:
    """Given an id with invisible characters around it, it is the same participant, recorded without them."""
    one_per_world.get(user=USER, PROLIFIC_PID=copy)
    one_per_world.post({"agree": "yes"}, user=DERIVED)

    assert one_per_world.get(user=OTHER_USER, PROLIFIC_PID=PID).page == QUIZ
    assert one_per_world.list_keys(USERS) == [f"{USERS}{DERIVED}"]
    record = one_per_world.record(DERIVED)
    assert record["parameters"] == {"PROLIFIC_PID": PID}
    assert "otherParameters" not in record


@pytest.mark.parametrize("prefix", ["amp;", "amp;amp;"])
def test_a_pasted_link_is_understood(one_per_world: StudyWorld, load_event: Any, prefix: str) -> None:
    """Given a link whose `&` became `&amp;`, its parameters are read, and its signature is not stored."""
    event = load_event("next_get")
    named = {f"{prefix}userId": USER, f"{prefix}PROLIFIC_PID": PID, f"{prefix}signature": "c2VjcmV0"}
    event["queryStringParameters"] = {"projectId": PROJECT, **named}
    event["headers"]["Referer"] = f"https://x.example/?projectId={PROJECT}&amp;signature=c2VjcmV0&amp;a=b"

    answer = one_per_world.send_event(event)

    assert answer.content["userId"] == DERIVED
    record = one_per_world.record(DERIVED)
    assert record["parameters"] == {"PROLIFIC_PID": PID}
    assert "c2VjcmV0" not in str(record)


def test_a_plain_name_takes_precedence(one_per_world: StudyWorld) -> None:
    """Given a parameter under both names, the plain one counts."""
    answer = one_per_world.get(**{"PROLIFIC_PID": PID, "amp;PROLIFIC_PID": "another"})

    assert answer.content["userId"] == DERIVED


@pytest.mark.parametrize("options", [{}, {"onePer": "workerId"}, {"onePer": "assignmentId"}])
def test_a_preview_is_not_a_participant(world: StudyWorld, options: dict[str, str]) -> None:
    """Given MTurk's preview, the page says to accept the task first, and nothing is stored or started."""
    world.publish(**options)

    answer = world.get(assignmentId="ASSIGNMENT_ID_NOT_AVAILABLE", hitId="3H", step=0)

    assert (answer.content["error"], answer.content["reason"]) == ("refused", "taskNotAccepted")
    assert "accept the task first" in answer.page
    assert world.list_keys(USERS) == world.list_keys(f"{PROJECT}/_admission.json") == []
    assert world.messages("start") == []


def test_a_participant_who_previews_again_continues(world: StudyWorld) -> None:
    """Given a participant who has begun, a preview of the task with their user id is not refused."""
    world.get(assignmentId="3A")

    assert world.get(assignmentId="ASSIGNMENT_ID_NOT_AVAILABLE").page == CONSENT


def test_the_ids_of_a_second_link_are_recorded(world: StudyWorld) -> None:
    """Given a user id in two people's links, the recruiter's ids of both are in the record, each once."""
    world.get(PROLIFIC_PID="a", STUDY_ID="s", step=0)
    for _ in range(2):
        world.get(PROLIFIC_PID="b", STUDY_ID="s", step=0)
        world.get(PROLIFIC_PID="a", step=0)
        world.get(step=0)

    record = world.record()
    assert record["parameters"] == {"PROLIFIC_PID": "a", "STUDY_ID": "s"}
    assert record["otherParameters"] == [{"PROLIFIC_PID": "b", "STUDY_ID": "s"}]
    assert world.post({"agree": "yes"}, step=1, SESSION_ID="c").page == QUIZ
    assert world.record()["otherParameters"][1:] == [{"SESSION_ID": "c"}]


def test_other_parameters_are_bounded(world: StudyWorld) -> None:
    """Given more links of one participant than are kept, the study continues and the record does not grow."""
    world.get()
    for number in range(MOST_OTHER_PARAMETERS + 5):
        assert world.get(click=number).page == CONSENT

    assert len(world.record()["otherParameters"]) == MOST_OTHER_PARAMETERS


def test_a_reload_writes_nothing(world: StudyWorld) -> None:
    """Given the same link again, the record is only read."""
    world.get(PROLIFIC_PID=PID, step=0)
    world.aws.reset()

    world.get(PROLIFIC_PID=PID, step=0)

    assert "PutObject" not in str(world.aws.calls)
