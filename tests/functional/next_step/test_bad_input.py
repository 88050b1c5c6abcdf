"""Invalid requests and their responses."""

import base64
import json
from typing import Any

import pytest

from tests.support.study_world import CONSENT, PROJECT, QUIZ, USER, Answer, StudyWorld

NOT_FOUND = "Project ID Not Found"  # the text that the existing front end expects


def expect_refusal(world: StudyWorld, answer: Answer, text: str) -> None:
    """Expect status 400 with that JSON string, and nothing written."""
    assert (answer.status, answer.content) == (400, text)
    assert not [key for key in world.list_keys() if "/Users/" in key]


def test_unknown_project(world: StudyWorld) -> None:
    """Given a project that is not in the list, the response is 400 with the text that clients know."""
    expect_refusal(world, world.get(project="nowhere"), NOT_FOUND)


@pytest.mark.parametrize("shorter", ["mountain", "mountain_ca", "mountain_car-", "MOUNTAIN_CAR"])
def test_part_of_a_projects_id_is_unknown(world: StudyWorld, shorter: str) -> None:
    """Given an id that only resembles a project's, it is unknown."""
    expect_refusal(world, world.get(project=shorter), NOT_FOUND)


def test_study_whose_id_begins_with_anothers_is_never_seen(world: StudyWorld) -> None:
    """Given `mountain_car-2` next to `mountain_car`, their pages, participants and versions are separate."""
    world.publish({"consent.html": "the other's"}, id="mountain_car-2", steps={"1": "consent.html"} | FINAL)
    world.post({"a": "b"}, project="mountain_car-2")

    answer = world.get()

    assert (answer.page, answer.step) == (CONSENT, 1)
    assert world.get(project="mountain_car-2").page == "the other's"
    assert world.list_keys(f"{PROJECT}/Users/") == [f"{PROJECT}/Users/{USER}"]


FINAL = {"finalStep": "consent.html"}


@pytest.mark.parametrize(
    "query", [{}, {"projectId": PROJECT}, {"userId": USER}, {"projectId": PROJECT, "userId": ""}]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_missing_ids(world: StudyWorld, load_event: Any, query: dict[str, str], method: str) -> None:
    """Given a request that lacks an id, the response is 400 with the text that clients know."""
    event = load_event("next_get") | {"httpMethod": method, "queryStringParameters": query or None}

    expect_refusal(world, world.send_event(event), NOT_FOUND)


def test_null_query_and_headers(world: StudyWorld, load_event: Any) -> None:
    """Given an event whose query and headers are null, as API Gateway sends them, the response is 400,
    not a crash."""
    expect_refusal(world, world.send_event(load_event("next_null_query")), NOT_FOUND)


def test_null_headers_do_not_keep_anybody_out(world: StudyWorld, load_event: Any) -> None:
    """Given ids but null headers, the study begins."""
    event = load_event("next_get") | {"headers": None, "multiValueHeaders": None}

    assert world.send_event(event).page == CONSENT
    assert world.record()["requests"][0]["headers"] == {}


@pytest.mark.parametrize(
    "project", ["_servers", "_slots", "a/b", "../mountain_car", "a b", "é", "a" * 65, "mountain_car\n"]
)
def test_malformed_project_id(world: StudyWorld, project: str) -> None:
    """Given an id that is not valid for a project, the response is 400 without a lookup."""
    world.aws.reset()

    expect_refusal(world, world.get(project=project), NOT_FOUND)
    assert "GetObject" not in world.aws.count()


@pytest.mark.parametrize("user", ["-a", "a-", "a_b", "a.b", "a/b", "é", "a" * 49, "a b", "a\n", "\u212a"])
def test_malformed_user_id(world: StudyWorld, user: str) -> None:
    """Given an id that cannot be a host name, the response is 400 that says what is allowed."""
    expect_refusal(world, world.get(user=user), "userId: must be 1 to 48 letters, digits or inner hyphens")


@pytest.mark.parametrize("user", ["www", "api", "mail", "ns", "ns1", "NS2", "WWW"])
def test_reserved_user_id(world: StudyWorld, user: str) -> None:
    """Given a label that the operator needs, the response is 400 that says whom to contact: a game server
    must not take it."""
    text = "userId: this name is reserved. Contact: Ada Example, ada@example.org"
    expect_refusal(world, world.get(user=user), text)


def test_reserved_user_id_of_an_unknown_study(world: StudyWorld) -> None:
    """Given a reserved label and an unknown study, the response is 400 without a contact."""
    expect_refusal(world, world.get(project="nowhere", user="www"), "userId: this name is reserved")


@pytest.mark.parametrize("user", ["nsmith", "NS001", "nsa-2"])
def test_a_participant_whose_id_begins_like_a_name_server(world: StudyWorld, user: str) -> None:
    """Given an id that only begins with ns, the participant begins the study."""
    assert world.get(user=user).page == CONSENT


def test_reserved_names_are_the_operators(world: StudyWorld) -> None:
    """Given the operator's own list, it replaces the default one."""
    world.set_environment(RESERVED_NAMES="Study,hippo*")

    assert world.get(user="hippo-1").status == 400
    assert world.get(user="study").status == 400
    assert world.get(user="www").status == 200


def test_body_over_256_kib(world: StudyWorld) -> None:
    """Given a body one byte too long, the response is 400 and the participant stays; one byte less is
    accepted."""
    world.get()
    frame = len(json.dumps({"a": ""}))
    too_large = json.dumps({"a": "x" * (256 * 1024 - frame + 1)})

    refused = world.post(too_large)
    taken = world.post(too_large.replace("x", "", 1))

    assert (refused.status, refused.content) == (400, "body: larger than 256 KiB")
    assert taken.page == QUIZ


def test_body_is_measured_in_bytes(world: StudyWorld) -> None:
    """Given fewer than 256 Ki characters that are more bytes, the response is 400."""
    text = json.dumps({"a": "é" * (200 * 1024)}, ensure_ascii=False)

    assert world.post(text).content == "body: larger than 256 KiB"


def test_endless_other_answers_are_refused(world: StudyWorld) -> None:
    """Given more than a megabyte of other answers to an old page, the response is 400, and the study
    continues."""
    world.get()
    world.post({"a": "first"})
    answers = [world.post({"a": f"{number}" + "x" * 250_000}, step=1) for number in range(6)]
    before = world.record()

    assert [answer.status for answer in answers] == [200] * 5 + [400]
    assert len(before["repeats"]) == 5
    assert world.get().page == QUIZ
    assert world.post({"a": "second"}, step=2).status == 200


@pytest.mark.parametrize(
    "body",
    ["name=Ada&agree=yes", "{", "[]", '"text"', "null", "NaN", "1", "[" * 100_000],
    ids=lambda body: body[:20],
)
def test_body_that_is_not_a_json_object(world: StudyWorld, body: str) -> None:
    """Given a POST that is not form data as JSON, the response is 400 with the reason, and the
    participant stays."""
    world.get()
    before = world.record()

    answer = world.post(body)

    assert answer.status == 400
    assert answer.content.startswith("body: ")
    assert world.record() == before


def test_base64_body_is_decoded(world: StudyWorld, load_event: Any) -> None:
    """Given a body that API Gateway has encoded, the stored text is decoded."""
    world.get()
    text = json.dumps({"name": "Zoë"}, ensure_ascii=False)
    event = load_event("next_post")
    event |= {"body": base64.b64encode(text.encode()).decode(), "isBase64Encoded": True}

    assert world.send_event(event).page == QUIZ
    assert world.bodies()[1] == text


@pytest.mark.parametrize(
    "body", ["%%%", base64.b64encode(b"\xff\xfe").decode()], ids=["not base64", "not UTF-8"]
)
def test_base64_body_that_is_not_text(world: StudyWorld, load_event: Any, body: str) -> None:
    """Given bytes that are not text, the response is 400."""
    event = load_event("next_post") | {"body": body, "isBase64Encoded": True}

    expect_refusal(world, world.send_event(event), "body: must be UTF-8 text")


def test_odd_characters_are_stored_as_they_came(world: StudyWorld) -> None:
    """Given a lone surrogate, as JSON may hold one, the answer is kept."""
    world.get()

    assert world.post('{"a": "\ud800"}').page == QUIZ
    assert world.bodies()[1] == '{"a": "\ud800"}'


def test_project_with_broken_steps_shows_a_clear_page(world: StudyWorld) -> None:
    """Given a list entry edited by hand into nonsense, the page says so and the answer is kept."""
    world.write_list([{"id": PROJECT, "live": True, "steps": ["consent.html"], "events": None}])

    answer = world.post({"a": "b"})

    assert answer.content["error"] == "page_missing"
    assert world.bodies() == ['{"a": "b"}']


@pytest.mark.parametrize("number", ["²", "1.5", "-1", "one"])
def test_list_entry_with_an_odd_number_is_served(world: StudyWorld, number: str) -> None:
    """Given steps and events that are not plain numbers in an old list, the others are served."""
    steps = {"1": "consent.html", number: "quiz.html", "finalStep": "thanks.html"}
    entry = {"id": PROJECT, "live": True, "steps": steps, "events": {"startServerStep": number}}
    world.write_list([entry])

    answer = world.get()

    assert (answer.page, answer.content["steps"]) == (CONSENT, 1)
    assert world.messages("start") == []
