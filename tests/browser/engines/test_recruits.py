"""Two recruits who use one browser after each other, in Firefox and WebKit."""

import json
from typing import Any

import pytest

from tests.browser.site import FrontDoor
from tests.support.study_window import StudyWindow
from tests.support.study_world import PAGES, PROJECT, StudyWorld
from tests.support.windows import wait_for

FIELD = '<h1>{}</h1><label>Word <input name="word" id="word"></label>'


@pytest.fixture
def config(door: FrontDoor) -> dict[str, str]:
    """Return the site's config.json: the frame does not matter here."""
    return {"nextUrl": door.url}


@pytest.fixture(params=[True, False], ids=["one per recruit", "any number"])
def link(request: pytest.FixtureRequest, world: StudyWorld, site: str) -> str:
    """Publish a study with a field on its first pages; return its link without a recruit's id."""
    options: dict[str, Any] = {"onePer": "PROLIFIC_PID"} if request.param else {}
    pages = {
        name: FIELD.format(title) for name, title in (("consent.html", "Consent"), ("quiz.html", "Quiz"))
    }
    world.publish({**PAGES, **pages}, **options)
    return f"{site}/?projectId={PROJECT}&PROLIFIC_PID="


def type_word(visit: StudyWindow, word: str) -> None:
    """Type into the field, and wait until the browser remembers it."""
    visit.click("#word", frame=True)
    visit.type(word)
    kept = "return JSON.stringify(localStorage).includes(values[0])"
    wait_for("the draft", lambda: visit.window.evaluate(kept, word))


def answer(visit: StudyWindow, heading: str, word: str) -> None:
    """Answer a page."""
    visit.wait_for_heading(heading)
    type_word(visit, word)
    visit.submit()


def read_records(world: StudyWorld) -> dict[str, list[Any]]:
    """Return the words that each recruit has submitted, by the id that their link names."""
    records = [json.loads(world.read_object(key)) for key in world.list_keys(f"{PROJECT}/Users/")]
    return {
        record["parameters"]["PROLIFIC_PID"]: [
            json.loads(entry["body"])["word"] for entry in record["requests"] if entry["body"]
        ]
        for record in records
    }


def test_the_second_recruit_sees_nothing_of_the_first(
    world: StudyWorld, door: FrontDoor, visit: StudyWindow, link: str
) -> None:
    """Given a recruit who left in the middle, the next begins with an own record, and the first continues."""
    visit.window.open(f"{link}first")
    answer(visit, "Consent", "alpha")
    visit.wait_for_heading("Quiz")
    type_word(visit, "half")
    begun = len(door.requests)

    visit.window.open_new_tab(f"{link}second")
    visit.wait_for_heading("Consent")
    assert visit.read_value("#word") == ""
    answer(visit, "Consent", "beta")
    visit.wait_for_heading("Quiz")
    assert visit.read_value("#word") == ""

    sent = json.dumps(door.requests[begun:])
    assert "second" in sent
    assert not [word for word in ("first", "alpha", "half") if word in sent]
    assert read_records(world) == {"first": ["alpha"], "second": ["beta"]}
    visit.window.open_new_tab(f"{link}first")
    visit.wait_for_heading("Quiz")
    assert visit.read_value("#word") == "half"
    visit.submit()
    wait_for("the answer", lambda: read_records(world) == {"first": ["alpha", "half"], "second": ["beta"]})


def test_a_finished_recruits_code_is_not_shown_to_the_next(
    world: StudyWorld, visit: StudyWindow, link: str
) -> None:
    """Given a recruit who finished, the next one in the same browser begins at the first page."""
    completion = {"url": "https://recruiter.example/complete?pid={PROLIFIC_PID}"}
    world.publish(
        {**PAGES, "consent.html": FIELD.format("Consent")},
        steps={"1": "consent.html", "finalStep": "thanks.html"},
        events={"startServerStep": "", "stopServerStep": ""},
        completion=completion,
    )
    visit.window.open(f"{link}first")
    answer(visit, "Consent", "alpha")
    visit.wait_for(".completion a")
    assert "pid=first" in visit.window.evaluate("return document.querySelector('.completion a').href")

    visit.window.open_new_tab(f"{link}second")
    visit.wait_for_heading("Consent")

    assert visit.window.evaluate("return document.querySelector('.completion')") is None
    answer(visit, "Consent", "beta")
    visit.wait_for(".completion a")
    assert "pid=second" in visit.window.evaluate("return document.querySelector('.completion a').href")
