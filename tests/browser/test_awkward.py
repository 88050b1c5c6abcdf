"""Rare events: refusals in the middle, late answers, storage that is cleared or full, odd pages."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from hippo.deployment.frame_page import hash_script
from tests.browser.conftest import Visitor
from tests.browser.pages import content, expect_heading, submit, submit_button
from tests.browser.site import WEB, Fault, FrontDoor
from tests.support.study_world import BUCKET, PAGES, PROJECT, StudyWorld

FIELD = '<h1>{}</h1><label>Word <input name="word"></label>'
KEY = "k" * 40
MakeVisitor = Callable[..., Visitor]


@pytest.fixture(autouse=True)
def study(world: StudyWorld) -> None:
    """Return a study with a field on each of its first pages."""
    publish(world)


def publish(world: StudyWorld, first: str = FIELD.format("Consent"), **changes: object) -> None:
    """Publish that study, with another first page or other settings."""
    world.publish({**PAGES, "consent.html": first, "quiz.html": FIELD.format("Quiz")}, **changes)


def put_key(world: StudyWorld, key: str) -> None:
    """Make it the key of signed links, and let the functions' cache of the old one expire."""
    world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/_keys/links", Body=key.encode())
    world.clock.advance(11)


def sign(user_id: str) -> str:
    """Return the signature of a participant's link."""
    digest = hmac.new(KEY.encode(), f"{PROJECT}/{user_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def words(world: StudyWorld, user: str) -> list[str]:
    """Return the stored words in their order."""
    return [json.loads(body)["word"] for body in world.bodies(user) if body]


# ---- refusals in the middle --------------------------------------------------------------------------------


def test_answers_that_were_refused_are_handed_in_when_they_may_be(
    world: StudyWorld, visitor: Visitor
) -> None:
    """Given links whose key was changed while a page was open, its answers are stored once the key is
    back."""
    put_key(world, KEY)
    publish(world, signedLinks=True)
    page = visitor.open(userId="u1", signature=sign("u1"))
    content(page).get_by_label("Word").fill("one")
    put_key(world, "x" * 40)
    submit(page)
    expect(page.get_by_text("This link does not work.")).to_be_visible()
    put_key(world, KEY)

    page.get_by_role("button", name="Try again").click()

    expect_heading(page, "Quiz")
    assert words(world, "u1") == ["one"]


def test_a_mangled_link_in_another_tab_spoils_nothing(world: StudyWorld, visitor: Visitor) -> None:
    """Given a valid link in one tab and a damaged one in another, the first keeps its draft and signature."""
    put_key(world, KEY)
    publish(world, signedLinks=True)
    page = visitor.open(userId="u1", signature=sign("u1"))
    content(page).get_by_label("Word").fill("half")

    mangled = visitor.open(userId="u1", signature="bad")

    expect(mangled.get_by_text("This link does not work.")).to_be_visible()
    mangled.close()
    page.reload()
    expect(content(page).get_by_label("Word")).to_have_value("half")
    bare = visitor.open(userId="u1")
    expect_heading(bare, "Consent")


def test_the_next_participant_at_a_browser_is_separate(
    world: StudyWorld, door: FrontDoor, visitor: Visitor
) -> None:
    """Given answers of one recruiter id that were not delivered, opening another id's link keeps both
    apart."""
    publish(world, onePer="PROLIFIC_PID")
    page = visitor.open(PROLIFIC_PID="a")
    content(page).get_by_label("Word").fill("of a")
    door.faults += [Fault("refuse")] * 9
    submit(page)
    expect(page.get_by_role("status")).to_contain_text("Not saved yet")
    first = door.queries("POST")[0]["userId"]
    page.close()
    door.faults.clear()

    page = visitor.open(PROLIFIC_PID="b")

    expect_heading(page, "Consent")
    expect(content(page).get_by_label("Word")).to_have_value("")
    assert words(world, first) == ["of a"]
    records = [world.record(key.rsplit("/", 1)[1]) for key in world.list_keys(f"{PROJECT}/Users/")]
    assert sorted(record["parameters"]["PROLIFIC_PID"] for record in records) == ["a", "b"]


# ---- answers that come late --------------------------------------------------------------------------------


def test_a_late_answer_takes_no_one_back(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given a tab whose first answer is delayed while another continues, it catches up, and no draft is
    lost."""
    first = visitor.open(userId="u1")
    expect_heading(first, "Consent")
    second = visitor.context.new_page()
    held: list = []
    second.route(re.compile("/next"), lambda route: held.append(route), times=1)
    second.goto(first.url)
    second.wait_for_timeout(300)
    late = held[0].fetch()
    content(first).get_by_label("Word").fill("one")
    submit(first)
    expect_heading(first, "Quiz")
    content(first).get_by_label("Word").fill("half")

    held[0].fulfill(response=late)

    expect_heading(second, "Quiz")
    first.reload()
    expect(content(first).get_by_label("Word")).to_have_value("half")


@pytest.mark.parametrize("gap", [150, 300, 500])
def test_a_slow_double_click_skips_no_page(world: StudyWorld, visitor: Visitor, gap: int) -> None:
    """Given two clicks at one position with a pause between, the second does not submit the next page."""
    page = visitor.open(userId="u1")
    expect_heading(page, "Consent")
    expect(submit_button(page)).to_be_enabled()
    box = submit_button(page).bounding_box()
    assert box is not None
    place = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(*place)
    page.wait_for_timeout(gap)
    page.mouse.click(*place)

    expect_heading(page, "Quiz")
    page.wait_for_timeout(500)
    assert len([body for body in world.bodies("u1") if body]) == 1


# ---- the browser's storage ---------------------------------------------------------------------------------


def test_storage_cleared_in_the_middle(world: StudyWorld, visitor: Visitor) -> None:
    """Given storage that is cleared while a page is open, the participant stays the same after a reload."""
    page = visitor.open()
    expect_heading(page, "Consent")
    page.evaluate("localStorage.clear()")
    content(page).get_by_label("Word").fill("one")
    submit(page)
    expect_heading(page, "Quiz")

    page.reload()

    expect_heading(page, "Quiz")
    assert len(world.list_keys(f"{PROJECT}/Users/")) == 1


def test_storage_that_is_full(door: FrontDoor, world: StudyWorld, visitor: Visitor) -> None:
    """Given full storage, what is typed and not stored is kept as long as the page is open."""
    page = visitor.open(userId="u1")
    expect_heading(page, "Consent")
    full = "throw new DOMException('full', 'QuotaExceededError');"
    page.evaluate(f"() => {{ Storage.prototype.setItem = () => {{ {full} }}; }}")
    content(page).get_by_label("Word").fill("one")
    door.faults.append(Fault("status"))

    submit(page)

    expect(page.get_by_role("status")).to_contain_text("Not saved yet")
    expect_heading(page, "Quiz")
    assert words(world, "u1") == ["one"]


def test_two_studies_in_one_browser(world: StudyWorld, visitor: Visitor) -> None:
    """Given two studies, each has its own participant and draft."""
    publish(world, id="second")
    first, second = visitor.open(), visitor.open("second")
    content(first).get_by_label("Word").fill("first")
    content(second).get_by_label("Word").fill("second")

    first.reload()

    expect(content(first).get_by_label("Word")).to_have_value("first")
    keys = world.list_keys(f"{PROJECT}/Users/") + world.list_keys("second/Users/")
    assert len({key.rsplit("/", 1)[1] for key in keys}) == 2


# ---- odd pages ---------------------------------------------------------------------------------------------


def test_a_link_in_a_drawing(world: StudyWorld, visitor: Visitor) -> None:
    """Given links in an SVG, old and new, the page is shown and they open in a new tab."""
    link = '<a {}="https://example.org"><text y="20">{}</text></a>'
    drawing = link.format("href", "new") + link.format("xlink:href", "old")
    publish(world, f'<h1>Drawing</h1><svg width="200" height="30">{drawing}</svg>')
    page = visitor.open()
    expect_heading(page, "Drawing")

    for anchor in content(page).locator("svg a").all():
        expect(anchor).to_have_attribute("target", "_blank")


def test_a_page_that_cannot_be_shown_says_so(world: StudyWorld, visitor: Visitor) -> None:
    """Given a page that the browser cannot show, a notice says so and offers to try again, and no page is
    skipped."""
    script = (WEB / "frame.js").read_text(encoding="utf-8")
    broken = script.replace("page.innerHTML = html;", "throw new Error('cannot');")

    def break_frame(route: Route) -> None:
        body = route.fetch().text().replace(script, broken).replace(hash_script(script), hash_script(broken))
        route.fulfill(body=body, content_type="text/html")

    visitor.context.route("**/frame.html", break_frame)

    page = visitor.open(userId="u1")

    expect(page.get_by_text("This page of the study cannot be shown.")).to_be_visible()
    visitor.context.unroute("**/frame.html")
    page.get_by_role("button", name="Try again").click()
    expect_heading(page, "Consent")
    assert words(world, "u1") == []


def test_a_frame_led_away_again_and_again(visitor: Visitor) -> None:
    """Given a frame in which documents are loaded endlessly, a notice replaces it."""
    page = visitor.open()
    for _ in range(4):
        expect_heading(page, "Consent")
        page.evaluate("document.querySelector('iframe.researcher-page').src = 'about:blank'")
        page.wait_for_timeout(300)

    expect(page.get_by_text("This page of the study cannot be shown.")).to_be_visible()


def test_a_missing_page_is_not_skipped(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given a page that was never uploaded, a notice says whom to tell, and it can be requested again."""
    world.publish(
        {**PAGES, "quiz.html": FIELD.format("Quiz")}, steps={"1": "late.html", "finalStep": "thanks.html"}
    )
    page = visitor.open(userId="u1")
    expect(page.get_by_role("heading", name="A page is missing")).to_be_visible()
    expect(page.get_by_text(f"Contact: {world.config['researcher']}")).to_be_visible()
    world.upload({"late.html": "<h1>Late</h1>"})

    page.get_by_role("button", name="Try again").click()

    expect_heading(page, "Late")
    assert door.forms() == []


def test_several_fields_of_one_name_are_all_kept(
    world: StudyWorld, door: FrontDoor, visitor: Visitor
) -> None:
    """Given two text fields with one name, both are stored; a box with a hidden field next to it counts
    once."""
    publish(
        world,
        '<h1>Fields</h1><input name="a" value="1"><input name="a" value="2">'
        '<input type="hidden" name="b" value="no"><input type="checkbox" name="b" value="yes">',
    )
    page = visitor.open()
    expect_heading(page, "Fields")

    submit(page)

    expect_heading(page, "Quiz")
    assert door.forms() == [{"a": ["1", "2"], "b": "no"}]


def test_a_required_field_out_of_sight_is_named(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given required fields in a closed box and hidden, the box opens and the hidden one is named."""
    publish(
        world,
        '<h1>Hidden</h1><details><summary>More</summary><input name="a" aria-label="a" required></details>'
        '<p style="display: none"><label>Secret <input name="b" required></label></p>',
    )
    page = visitor.open()
    expect_heading(page, "Hidden")

    submit(page)

    expect(content(page).get_by_label("a", exact=True)).to_be_visible()
    expect(content(page).get_by_role("alert")).to_have_text("An answer is missing: Secret")
    assert door.forms() == []


def test_right_to_left(world: StudyWorld, visitor: Visitor) -> None:
    """Given a study in Arabic, its pages run from right to left, and texts of the page are marked as
    English."""
    publish(world, language="ar")
    page = visitor.open()
    expect_heading(page, "Consent")

    assert content(page).locator("html").get_attribute("dir") == "rtl"
    expect(submit_button(page)).to_have_attribute("lang", "en")


@pytest.mark.parametrize(
    "css",
    [
        "iframe { max-width: 300px; max-height: 100px; position: absolute; top: 0 }",
        "body { overflow: hidden; height: 100px }",
        "body { background: #111; color: #eee }",
    ],
    ids=["frames", "overflow", "dark"],
)
def test_a_style_for_the_pages_does_not_hide_them(world: StudyWorld, visitor: Visitor, css: str) -> None:
    """Given a study's style for its own frames, body and colours, the page fills the window and stays
    readable."""
    world.publish({**PAGES, "consent.html": "<h1>Consent</h1>" + "<p>word</p>" * 60, "style.css": css})
    page = visitor.open()
    expect_heading(page, "Consent")

    box = page.locator("iframe.researcher-page").bounding_box()
    assert box is not None
    assert (box["width"], box["x"]) == (1280, 0)
    assert box["y"] > 20
    card = content(page).locator(".page")
    assert card.evaluate("e => getComputedStyle(e).color") != card.evaluate(
        "e => getComputedStyle(e).backgroundColor"
    )
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 5000)
    expect(submit_button(page)).to_be_in_viewport()
