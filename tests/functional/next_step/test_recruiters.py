"""Recruiters' links: recorded parameters, one participant per id, and the link back."""

from typing import Any

import pytest

from hippo.studies.links import derive_user_id
from tests.support.study_world import CONSENT, OTHER_USER, PROJECT, QUIZ, THANKS, USER, StudyWorld

PID = "5f1b2c3d4e5f6a7b8c9d0e1f"
DERIVED = derive_user_id(PROJECT, "PROLIFIC_PID", PID)
LINK = {"PROLIFIC_PID": PID, "STUDY_ID": "s 1", "SESSION_ID": "x"}


def test_parameters_of_the_first_request_are_recorded_once(world: StudyWorld) -> None:
    """Given a link with recruiters' parameters, the record has those of the first request only, and none
    of the platform's own."""
    world.get(**LINK, screenWidth=1280, mobile=0, css="a.css", step=0)
    world.post({"agree": "yes"}, step=1, PROLIFIC_PID="another", late="1")

    assert world.record()["parameters"] == LINK


def test_record_without_parameters_has_no_key_for_them(world: StudyWorld) -> None:
    """Given a plain link, the record is as before."""
    world.get()

    assert "parameters" not in world.record()


def test_what_is_too_long_stays_with_the_request(world: StudyWorld) -> None:
    """Given a value that is too long, only the first request has it, complete."""
    world.get(a="x" * 513, b="y")

    record = world.record()
    assert record["parameters"] == {"b": "y"}
    assert record["requests"][0]["queryStringParameters"]["a"] == "x" * 513


def test_signature_is_stored_nowhere(world: StudyWorld, load_event: Any) -> None:
    """Given a signature in the query and in the Referer, nothing of it is in the record."""
    secret = "c2lnbmF0dXJl"
    link = f"https://hippogym.example.org/?projectId={PROJECT}&signature={secret}&a=b"
    event = load_event("next_get")
    event["headers"] |= {"Referer": link, "referer": link.replace("&a=b", "#x")}
    event["queryStringParameters"] |= {"signature": secret, "a": "b"}
    world.send_event(event)
    world.post({"agree": "yes"}, signature=secret)
    world.post({"agree": "no"}, step=1, signature=secret)

    record = world.record()
    assert secret not in str(record)
    assert record["parameters"] == {"a": "b"}
    assert record["requests"][0]["headers"]["Referer"].endswith("&signature=&a=b")


def test_completion_comes_with_the_final_page_and_not_before(world: StudyWorld) -> None:
    """Given a code and a URL, the final page's responses have both, filled in, and no earlier one."""
    url = "https://recruiter.example/done?cc={code}&u={userId}&s={STUDY_ID}&p={missing}"
    world.publish(completion={"code": "C1", "url": url})
    world.get(**LINK)
    early = [world.get(), world.reach_survey()]

    final = [world.post({"page": "survey"}), world.get(), world.post({"more": "1"})]

    assert all("completion" not in answer.content for answer in early)
    assert {answer.page for answer in final} == {THANKS}
    filled = f"https://recruiter.example/done?cc=C1&u={USER}&s=s%201&p="
    assert [answer.content["completion"] for answer in final] == [{"code": "C1", "url": filled}] * 3


@pytest.mark.parametrize("completion", [None, {}, {"code": ""}])
def test_study_without_completion_has_no_key_for_it(world: StudyWorld, completion: Any) -> None:
    """Given no completion, the final response is as before."""
    world.publish(completion=completion)

    assert "completion" not in world.reach_final().content


def test_completion_is_that_of_the_version_they_began_with(world: StudyWorld) -> None:
    """Given a code that changes meanwhile, earlier participants get the old one."""
    world.publish(completion={"code": "old"})
    world.reach_survey()
    world.publish(completion={"code": "new"})

    assert world.post({"page": "survey"}).content["completion"] == {"code": "old"}


@pytest.fixture
def one_per_world(world: StudyWorld) -> StudyWorld:
    """Return a study with one participant per PROLIFIC_PID."""
    world.publish(onePer="PROLIFIC_PID")
    return world


def test_same_recruiter_id_is_the_same_participant(one_per_world: StudyWorld) -> None:
    """Given a participant who returns in another browser with another user id, they continue at their
    step, and there is one record."""
    first = one_per_world.get(user=USER, **LINK)
    one_per_world.post({"agree": "yes"}, user=first.content["userId"])

    again = one_per_world.get(user=OTHER_USER, **LINK)

    assert (first.page, again.page) == (CONSENT, QUIZ)
    assert first.content["userId"] == again.content["userId"] == DERIVED
    assert one_per_world.list_keys(f"{PROJECT}/Users/") == [f"{PROJECT}/Users/{DERIVED}"]
    assert one_per_world.record(DERIVED)["parameters"] == LINK


def test_server_is_that_of_the_participant_and_not_of_the_browser(one_per_world: StudyWorld) -> None:
    """Given a derived id, the server is started under it."""
    one_per_world.get(**LINK)

    assert [m["userId"] for m in one_per_world.messages("start")] == [DERIVED]


def test_answers_without_the_parameter_go_on_by_user_id(one_per_world: StudyWorld) -> None:
    """Given a page that sends only its user id as soon as it has it, the study continues."""
    one_per_world.get(**LINK)

    assert one_per_world.post({"agree": "yes"}, user=DERIVED).page == QUIZ


@pytest.mark.parametrize("value", ["", "x" * 513, None])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_newcomer_without_recruiter_id_is_refused(
    one_per_world: StudyWorld, method: str, value: str | None
) -> None:
    """Given no id, or an empty or too long one, the page says so and nothing is stored."""
    query = {} if value is None else {"PROLIFIC_PID": value}

    answer = one_per_world.send(method, None, user=USER, project=PROJECT, **query)

    assert (answer.content["error"], answer.content["reason"]) == ("refused", "recruiterIdMissing")
    assert (answer.step, answer.content["steps"]) == (0, 4)
    assert one_per_world.list_keys(f"{PROJECT}/Users/") == []
    assert one_per_world.list_keys(f"{PROJECT}/_admission.json") == []


def test_participant_from_before_the_option_continues(world: StudyWorld) -> None:
    """Given a participant who began before the study asked for ids, they continue without one."""
    world.get()
    world.publish(onePer="PROLIFIC_PID")

    assert world.post({"agree": "yes"}).page == QUIZ


def test_two_browsers_of_one_recruiter_id_at_once_are_one_participant(one_per_world: StudyWorld) -> None:
    """Given the same id in two browsers at once, there is one record and both see step 1."""
    rivals = []
    one_per_world.aws.before(
        "PutObject", lambda: rivals.append(one_per_world.get(user=OTHER_USER, **LINK)), key="/Users/"
    )

    answers = [one_per_world.get(user=USER, **LINK), *rivals]

    assert [(a.page, a.step) for a in answers] == [(CONSENT, 1)] * 2
    assert len(one_per_world.record(DERIVED)["requests"]) == 1
