"""Two recruits in one browser, and what the previous release left in it."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from hippo.studies.links import derive_user_id
from tests.browser.conftest import Visitor
from tests.browser.identity_world import COMPLETION, publish
from tests.browser.pages import content, expect_heading, submit
from tests.browser.site import Fault, FrontDoor
from tests.support.study_world import PROJECT, StudyWorld

ONE_PER: dict[str, object] = {"onePer": "PROLIFIC_PID"}
OPTIONS = pytest.mark.parametrize("options", [ONE_PER, {}], ids=["onePer", "plain"])
USERS = f"{PROJECT}/Users/"
EARLIER = "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c"  # a random id that the previous release has made up
DERIVED = derive_user_id(PROJECT, "PROLIFIC_PID", "a")


def fill(page: Page, word: str) -> None:
    """Type into the field of a page."""
    content(page).get_by_label("Word").fill(word)


def expect_word(page: Page, word: str) -> None:
    """Wait until the field of a page contains this word."""
    expect(content(page).get_by_label("Word")).to_have_value(word)


def answer(page: Page, word: str) -> None:
    """Type into a page, and submit it."""
    fill(page, word)
    submit(page)


def words_by_id(world: StudyWorld) -> dict[str, list[str]]:
    """Return the stored words of each recruiter's id."""
    records = [json.loads(world.read_object(key)) for key in world.list_keys(USERS)]
    return {
        record["parameters"]["PROLIFIC_PID"]: [
            json.loads(entry["body"])["word"] for entry in record["requests"] if entry["body"]
        ]
        for record in records
    }


@OPTIONS
def test_the_second_recruit_begins_their_own(
    world: StudyWorld, visitor: Visitor, options: dict[str, Any]
) -> None:
    """Given a recruit who left in the middle, the next one begins at the first page with nothing of theirs,
    and the first finds what they typed."""
    publish(world, options)
    first = visitor.open(PROLIFIC_PID="a")
    answer(first, "one of a")
    expect_heading(first, "second")
    fill(first, "half of a")
    first.close()

    second = visitor.open(PROLIFIC_PID="b")
    expect_heading(second, "first")
    expect_word(second, "")
    answer(second, "one of b")
    expect_heading(second, "second")
    expect_word(second, "")

    first = visitor.open(PROLIFIC_PID="a")
    expect_heading(first, "second")
    expect_word(first, "half of a")
    assert words_by_id(world) == {"a": ["one of a"], "b": ["one of b"]}


@OPTIONS
def test_the_second_recruit_does_not_get_the_firsts_code(
    world: StudyWorld, visitor: Visitor, options: dict[str, Any]
) -> None:
    """Given a recruit who has finished, the next one sees the first page, and no link with another's id."""
    publish(world, {**options, "steps": {"1": "first.html", "finalStep": "thanks.html"}})
    first = visitor.open(PROLIFIC_PID="a")
    answer(first, "one of a")
    expect(first.get_by_role("link", name="Complete the study")).to_be_visible()

    second = visitor.open(PROLIFIC_PID="b")
    expect_heading(second, "first")
    answer(second, "one of b")

    link = second.get_by_role("link", name="Complete the study").get_attribute("href") or ""
    assert link.startswith(COMPLETION["url"].format(code="C0DE", PROLIFIC_PID="b", userId=""))


@OPTIONS
def test_unsent_answers_are_submitted_by_the_next_recruits_page(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, options: dict[str, Any]
) -> None:
    """Given a recruit whose answers were not delivered and who never returns, the next one's page submits
    them as theirs, even if that fails at first."""
    publish(world, options)
    first = visitor.open(PROLIFIC_PID="a")
    expect_heading(first, "first")
    door.faults += [Fault("refuse")] * 9
    answer(first, "one of a")
    expect(first.get_by_role("status")).to_contain_text("Not saved yet")
    first.close()
    door.faults[:] = [Fault("status")]

    second = visitor.open(PROLIFIC_PID="b")
    expect_heading(second, "first")
    expect(second.get_by_role("status")).to_have_text("")
    second.wait_for_function("() => !Object.values(localStorage).some((state) => state.includes('pending'))")

    assert words_by_id(world) == {"a": ["one of a"], "b": []}
    answer(second, "one of b")
    expect_heading(second, "second")
    assert words_by_id(world) == {"a": ["one of a"], "b": ["one of b"]}


def test_two_tabs_of_two_recruits(world: StudyWorld, visitor: Visitor) -> None:
    """Given two recruits with a tab each, a reload of either shows their own page."""
    publish(world, {})
    tabs = {name: visitor.open(PROLIFIC_PID=name) for name in ("a", "b")}
    answer(tabs["a"], "one of a")
    expect_heading(tabs["a"], "second")

    for page in tabs.values():
        page.reload()

    expect_heading(tabs["a"], "second")
    expect_heading(tabs["b"], "first")


def test_one_user_id_in_two_links(world: StudyWorld, visitor: Visitor) -> None:
    """Given a user id that two recruits' links share, what one typed is not shown to the other, and the ids
    of both are recorded."""
    publish(world, {})
    first = visitor.open(userId="lab", PROLIFIC_PID="a")
    fill(first, "half of a")
    first.close()

    second = visitor.open(userId="lab", PROLIFIC_PID="b")

    expect_heading(second, "first")
    expect_word(second, "")
    assert world.record("lab")["parameters"] == {"PROLIFIC_PID": "a"}
    assert world.record("lab")["otherParameters"] == [{"PROLIFIC_PID": "b"}]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"PID": "a"}, {"PID": "%20a%C2%A0"}),
        ({"PID": "a", "S": "1"}, {"S": "1", "PID": "a"}),
        ({"PID": "a", "S": "1"}, {"S": "1", "amp;PID": "a"}),
        ({"PID": "a"}, {"PID": "a", "fbclid": "x1", "utm_source": "mail"}),
        ({}, {"fbclid": "x2"}),
        ({"userId": "U1"}, {"userId": "u1%20"}),
    ],
    ids=["blanks", "order", "pasted", "clicks", "bare clicks", "user id"],
)
def test_one_person_with_two_forms_of_a_link(
    world: StudyWorld, visitor: Visitor, first: dict[str, str], second: dict[str, str]
) -> None:
    """Given the same link in another form, the participant continues."""
    publish(world, {})
    page = visitor.open(**first)
    answer(page, "one")
    expect_heading(page, "second")
    page.close()

    expect_heading(visitor.open(**second), "second")
    assert len(world.list_keys(USERS)) == 1


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Please accept the task first"), ("fr", "Veuillez d’abord accepter la tâche")],
)
def test_a_preview_says_what_to_do(world: StudyWorld, visitor: Visitor, language: str, text: str) -> None:
    """Given MTurk's preview, the page says in its language to accept the task first; nothing is stored."""
    publish(world, {"language": language})

    page = visitor.open(assignmentId="ASSIGNMENT_ID_NOT_AVAILABLE", hitId="3H")

    expect(page.get_by_text(text)).to_be_visible()
    assert world.list_keys(USERS) == []
    accepted = visitor.open(assignmentId="3A", hitId="3H", workerId="W")
    expect_heading(accepted, "first")


# ---- what the previous release kept ------------------------------------------------------------------------


def leave(visitor: Visitor, user_id: str, **state: Any) -> None:
    """Store what the previous release stored of its last participant."""
    page = visitor.context.new_page()
    page.goto(f"{visitor.site}/base.css")
    page.evaluate(
        "([id, project, state]) => { localStorage.setItem(`hippo-gym:userId:${project}`, id);"
        " localStorage.setItem(`hippo-gym:state:${project}:${id}`, JSON.stringify(state)); }",
        [user_id, PROJECT, state],
    )
    page.close()


@pytest.mark.parametrize("link", [{}, {"userId": EARLIER}], ids=["bare", "user id"])
def test_a_participant_of_the_previous_release_continues(
    world: StudyWorld, visitor: Visitor, link: dict[str, str]
) -> None:
    """Given unsent answers that the previous release kept, they are submitted, and the study continues."""
    publish(world, {})
    world.get(user=EARLIER)
    leave(visitor, EARLIER, step=1, pending={"step": 1, "answers": {"word": "one"}})

    page = visitor.open(**link)

    expect_heading(page, "second")
    assert world.bodies(EARLIER) == [None, '{"word":"one"}']


def test_a_recruit_of_the_previous_release_continues(world: StudyWorld, visitor: Visitor) -> None:
    """Given a recruit whom the study identifies, what they had submitted and not sent is theirs; another
    recruit and a link without an id get nothing of it."""
    publish(world, ONE_PER)
    world.get(PROLIFIC_PID="a")
    leave(visitor, DERIVED, step=1, pending={"step": 1, "answers": {"word": "one"}})

    bare = visitor.open()
    expect(bare.get_by_text("Your participant ID is missing from this link.")).to_be_visible()
    expect_heading(visitor.open(PROLIFIC_PID="b"), "first")
    expect_heading(visitor.open(PROLIFIC_PID="a"), "second")
    assert words_by_id(world) == {"a": ["one"], "b": []}


@pytest.mark.parametrize(
    ("options", "link", "user_id"),
    [({}, {}, EARLIER), ({}, {"userId": "u1"}, "u1"), (ONE_PER, {"PROLIFIC_PID": "a"}, DERIVED)],
    ids=["bare", "user id", "onePer"],
)
def test_what_was_typed_in_the_previous_release_is_there(
    world: StudyWorld, visitor: Visitor, options: dict[str, object], link: dict[str, str], user_id: str
) -> None:
    """Given a draft that the previous release kept, its participant finds it, once."""
    publish(world, options)
    world.get(user=user_id, **{name: value for name, value in link.items() if name != "userId"})
    values = [{"name": "word", "type": "text", "value": "half"}]
    leave(visitor, user_id, step=1, draft={"step": 1, "values": values})

    page = visitor.open(**link)

    expect_word(page, "half")
    answer(page, "whole")
    expect_heading(page, "second")
    assert "half" not in page.evaluate("JSON.stringify(localStorage)")
