"""No answer is lost or stored twice: reloads, lost connections, second tabs, repeated clicks."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visitor
from tests.browser.pages import content, expect_heading, submit, submit_button
from tests.browser.site import Fault, FrontDoor
from tests.support.study_world import PAGES, StudyWorld

FIELD = '<h1>{}</h1><label>Word <input name="word"></label>'
TITLES = ("Consent", "Quiz")


@pytest.fixture(autouse=True)
def study(world: StudyWorld) -> None:
    """Return a study with a field on each of its first pages."""
    consent, quiz = (FIELD.format(title) for title in TITLES)
    world.publish({**PAGES, "consent.html": consent, "quiz.html": quiz})


def answer(page: Page, text: str) -> None:
    """Type a word and submit it."""
    content(page).get_by_label("Word").fill(text)
    submit(page)


def words(world: StudyWorld, user: str = "u1") -> list[str]:
    """Return the stored words in their order."""
    return [json.loads(body)["word"] for body in world.bodies(user) if body]


@pytest.mark.parametrize(
    "faults",
    [
        [Fault("refuse")],
        [Fault("lose")],
        [Fault("status", status=503), Fault("status", status=502)],
        [Fault("status", status=429)],
        [Fault("lose"), Fault("lose")],
    ],
    ids=["not reached", "answer lost", "5xx", "throttled", "lost twice"],
)
def test_a_submit_without_an_answer_is_tried_again_until_it_is_stored(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, faults: list[Fault]
) -> None:
    """Given a study that does not respond at first, the page says so, continues, and the answer is stored
    once."""
    page = visitor.open(userId="u1")
    expect_heading(page, "Consent")
    door.faults += faults

    answer(page, "one")

    expect(page.get_by_role("status")).to_contain_text("Not saved yet")
    expect_heading(page, "Quiz")
    expect(page.get_by_role("status")).to_have_text("")
    assert words(world) == ["one"]
    assert "repeats" not in world.record("u1")


def test_while_it_saves_the_page_says_so(door: FrontDoor, visitor: Visitor) -> None:
    """Given a slow response, the button and the status line say that the answers are being saved."""
    page = visitor.open()
    expect_heading(page, "Consent")
    door.faults.append(Fault("status", status=503, seconds=0.5))

    answer(page, "one")

    expect(page.get_by_role("status")).to_have_text("Saving your answers…")
    expect(content(page).get_by_role("button", name="Saving your answers…")).to_be_disabled()
    expect_heading(page, "Quiz")


def test_a_first_page_that_does_not_come_is_asked_for_again(door: FrontDoor, visitor: Visitor) -> None:
    """Given a study that is down when the link is opened, the page says so, and shows it when it is up."""
    door.faults += [Fault("status", "GET"), Fault("refuse", "GET")]

    page = visitor.open()

    expect(page.get_by_role("status")).to_have_text("The study is not responding. Trying again…")
    expect_heading(page, "Consent")


def test_an_offline_minute(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given a network that is down while the page is submitted, everything is stored when it is back."""
    page = visitor.open(userId="u1")
    expect_heading(page, "Consent")
    visitor.context.set_offline(True)
    answer(page, "one")
    expect(page.get_by_role("status")).to_contain_text("You are offline. Nothing is lost")
    assert door.forms() == []

    visitor.context.set_offline(False)

    expect_heading(page, "Quiz")
    assert words(world) == ["one"]


def test_a_page_closed_while_it_saves_submits_when_opened_again(
    world: StudyWorld, door: FrontDoor, visitor: Visitor
) -> None:
    """Given a submit that was not delivered before the tab was closed, it is stored when the link is
    opened again."""
    page = visitor.open(userId="u1")
    expect_heading(page, "Consent")
    door.faults += [Fault("refuse")] * 3
    answer(page, "one")
    expect(page.get_by_role("status")).to_contain_text("Not saved yet")
    page.close()
    door.faults.clear()

    page = visitor.open(userId="u1")

    expect_heading(page, "Quiz")
    assert words(world) == ["one"]


def test_a_lost_answer_and_a_reload_store_it_once(
    world: StudyWorld, door: FrontDoor, visitor: Visitor
) -> None:
    """Given an answer that was stored but not confirmed, the study continues after a reload, and it is
    stored once."""
    page = visitor.open(userId="u1")
    expect_heading(page, "Consent")
    door.faults += [Fault("lose")]
    answer(page, "one")
    expect(page.get_by_role("status")).to_contain_text("Not saved yet")

    page.reload()

    expect_heading(page, "Quiz")
    assert words(world) == ["one"]
    assert "repeats" not in world.record("u1")


def test_a_double_click_submits_once(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given a participant who clicks twice, and presses Enter too, one answer is sent and no page is
    skipped."""
    page = visitor.open(userId="u1")
    content(page).get_by_label("Word").fill("one")
    door.faults.append(Fault("status", status=503, seconds=0.3))

    submit_button(page).dblclick()
    page.keyboard.press("Enter")

    expect_heading(page, "Quiz")
    assert words(world) == ["one"]
    assert {query["step"] for query in door.queries("POST")} == {"1"}


def test_a_reload_at_every_page_skips_none(world: StudyWorld, visitor: Visitor) -> None:
    """Given a participant who reloads each page once, they see every page and keep their step."""
    page = visitor.open(userId="u1")
    for title in TITLES:
        expect_heading(page, title)
        page.reload()
        expect_heading(page, title)
        answer(page, title)
    waiting = page.get_by_role("heading", name="Getting your game ready")
    expect(waiting).to_be_visible()
    page.reload()
    expect(waiting).to_be_visible()

    assert words(world) == list(TITLES)


def test_the_link_opened_again_continues_as_the_same_participant(world: StudyWorld, visitor: Visitor) -> None:
    """Given a link without a user id, the study continues when it is opened again in the same browser."""
    page = visitor.open()
    answer(page, "one")
    expect_heading(page, "Quiz")
    page.close()

    page = visitor.open()

    expect_heading(page, "Quiz")
    assert len(world.list_keys("mountain_car/Users/")) == 1


def test_the_back_button_and_the_way_forward(world: StudyWorld, visitor: Visitor) -> None:
    """Given a participant who leaves with the back button and returns, they continue at the same step."""
    page = visitor.context.new_page()
    page.goto(f"{visitor.site}/base.css")  # Firefox does not go back to about:blank
    page.goto(f"{visitor.site}/?projectId=mountain_car&userId=u1")
    expect_heading(page, "Consent")
    answer(page, "one")
    expect_heading(page, "Quiz")
    content(page).get_by_label("Word").fill("half")

    page.go_back()
    page.go_forward()

    expect_heading(page, "Quiz")
    expect(content(page).get_by_label("Word")).to_have_value("half")
    assert words(world) == ["one"]


def test_a_second_tab_follows_the_first(world: StudyWorld, visitor: Visitor) -> None:
    """Given two tabs on the same page, the second follows when the first continues, and one answer is
    stored."""
    first, second = visitor.open(userId="u1"), visitor.open(userId="u1")
    expect_heading(second, "Consent")

    answer(first, "one")

    expect_heading(first, "Quiz")
    expect_heading(second, "Quiz")
    answer(second, "two")
    expect(first.get_by_role("heading", name="Getting your game ready")).to_be_visible()
    assert words(world) == ["one", "two"]


def test_two_browsers_keep_both_answers(
    world: StudyWorld, visitor: Visitor, make_visitor: type[Visitor]
) -> None:
    """Given two browsers with the same link that both answer a page, the later answer is a repeat, and no
    page is skipped."""
    first, second = visitor.open(userId="u1"), make_visitor().open(userId="u1")
    expect_heading(second, "Consent")
    answer(first, "one")
    expect_heading(first, "Quiz")

    answer(second, "other")

    expect_heading(second, "Quiz")
    assert words(world) == ["one"]
    assert [json.loads(repeat["body"]) for repeat in world.record("u1")["repeats"]] == [{"word": "other"}]


def test_a_browser_without_storage_takes_part(world: StudyWorld, visitor: Visitor) -> None:
    """Given disabled storage, the study works for as long as the page is open."""
    visitor.context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {"
        " get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    page = visitor.open(userId="u1")
    answer(page, "one")
    expect_heading(page, "Quiz")

    answer(page, "two")

    expect(page.get_by_role("heading", name="Getting your game ready")).to_be_visible()
    assert words(world) == ["one", "two"]


def test_a_record_that_is_new_meets_no_old_draft(world: StudyWorld, visitor: Visitor) -> None:
    """Given a browser that was ahead, nothing old is sent or shown when the participant's record
    is a new one."""
    page = visitor.open(userId="u1")
    answer(page, "one")
    expect_heading(page, "Quiz")
    content(page).get_by_label("Word").fill("old")
    world.s3.delete_object(Bucket="hippo-data", Key="mountain_car/Users/u1")

    page.reload()
    expect_heading(page, "Consent")
    answer(page, "new")

    expect_heading(page, "Quiz")
    expect(content(page).get_by_label("Word")).to_have_value("")
    assert words(world) == ["new"]


def test_a_study_closed_in_the_middle_keeps_the_answer(world: StudyWorld, visitor: Visitor) -> None:
    """Given a study that closes while a page is open, the answer is stored and the page says it is closed."""
    page = visitor.open(userId="u1")
    expect_heading(page, "Consent")
    world.publish({**PAGES, "consent.html": FIELD.format("Consent")}, live=False)

    answer(page, "one")

    expect(page.get_by_role("heading", name="This study is not open")).to_be_visible()
    assert words(world) == ["one"]


def test_a_page_whose_frame_does_not_load_at_first(visitor: Visitor) -> None:
    """Given a network that fails just before a page is shown, the page says so and shows it later."""
    held: list[Route] = []
    visitor.context.route("**/frame.html", lambda route: held.append(route), times=1)
    visitor.context.route("**/frame.html", lambda route: route.abort(), times=1)

    page = visitor.open()

    expect(page.get_by_role("status")).to_have_text("The study is not responding. Trying again…")
    held[0].continue_()
    expect_heading(page, "Consent")
    expect(page.get_by_role("status")).to_have_text("")


def test_an_unreachable_host_of_pages_keeps_no_one_out(visitor: Visitor, config: dict[str, str]) -> None:
    """Given pages on another host that is blocked, they are shown from the page's own host, sandboxed."""
    config["pagesUrl"] = visitor.site.replace("localhost", "127.0.0.1") + "/"
    blocked: list[Route] = []

    def block(route: Route) -> None:
        blocked.append(route)
        route.abort()

    visitor.context.route("http://127.0.0.1:*/frame.html", block)
    visitor.context.clock.install()

    def give_up(page: Page, shown: int) -> None:
        """Let the time run out that each page allows that host twice; `shown` counts the pages."""
        for number, patience in ((2 * shown - 1, 5_000), (2 * shown, 10_000)):
            while len(blocked) < number:
                page.wait_for_timeout(50)
            if len(blocked) == number:  # otherwise the time has run out by itself
                page.clock.fast_forward(patience)

    page = visitor.open(userId="u1")
    give_up(page, shown=1)
    expect_heading(page, "Consent")
    frame = next(frame for frame in page.frames if "frame.html" in frame.url)
    assert frame.evaluate("origin") == "null"
    answer(page, "one")
    give_up(page, shown=2)
    expect_heading(page, "Quiz")
