"""Forms: what a participant fills in is stored, for all kinds of controls."""

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.pages import content, expect_heading, submit, submit_button
from tests.browser.site import FrontDoor
from tests.support.study_world import PAGES, StudyWorld

ALL_KINDS = """
<h1>Form</h1>
<label>Name <input name="name"></label>
<label>Age <input name="age" type="number" min="18" max="99"></label>
<label>Day <input name="day" type="date"></label>
<label>How much <input name="how-much" type="range" min="0" max="10" value="5"></label>
<label>Remarks <textarea name="remarks"></textarea></label>
<table><tr><th>Item</th><th>no</th><th>yes</th></tr>
  <tr><td>Fun</td><td><input type="radio" name="fun" value="no" aria-label="fun no"></td>
      <td><input type="radio" name="fun" value="yes" aria-label="fun yes"></td></tr></table>
<label><input type="checkbox" name="agree" value="on"> Agree</label>
<label><input type="checkbox" name="news" value="on"> News</label>
<label><input type="checkbox" name="likes" value="tea"> Tea</label>
<label><input type="checkbox" name="likes" value="milk"> Milk</label>
<label><input type="checkbox" name="likes" value="rum"> Rum</label>
<label>Colour <select name="colour"><option>red<option>blue</select></label>
<label>Places <select name="places" multiple><option>Rome<option>Oslo<option>Lima</select></label>
<label>Nothing <select name="none" multiple><option>x</select></label>
<input type="hidden" name="form" value="7"><label>Off <input name="off" value="x" disabled></label>
"""
FILLED = {
    "name": "Zoë",
    "age": "41",
    "day": "2026-02-03",
    "how-much": "8",
    "remarks": "line 1\nline 2",
    "fun": "yes",
    "agree": "on",
    "likes": ["tea", "rum"],
    "colour": "blue",
    "places": ["Rome", "Lima"],
    "none": [],
    "form": "7",
}


def publish_page(world: StudyWorld, html: str, **changes: Any) -> None:
    """Publish the sample study with this first page."""
    world.publish({**PAGES, "consent.html": html}, **changes)


def fill_in(page: Any) -> None:
    """Fill in the form of all kinds by mouse and keyboard."""
    form = content(page)
    form.get_by_label("Name").fill("Zoë")
    form.get_by_label("Age").fill("41")
    form.get_by_label("Day").fill("2026-02-03")
    form.get_by_label("How much").fill("8")
    form.get_by_label("Remarks").fill("line 1\nline 2")
    for label in ("fun yes", "Agree", "Tea", "Rum"):
        form.get_by_label(label, exact=True).check()
    form.get_by_label("Colour").select_option("blue")
    form.get_by_label("Places").select_option(["Rome", "Lima"])


def test_all_kinds_of_controls_are_collected_under_their_names(
    world: StudyWorld, door: FrontDoor, visitor: Visitor
) -> None:
    """Given a page with every kind of control, each is stored under its name when the page is submitted."""
    publish_page(world, ALL_KINDS)
    page = visitor.open()
    fill_in(page)

    submit(page)

    expect_heading(page, "Quiz")
    assert door.forms() == [FILLED]


def test_what_is_typed_and_not_handed_in_survives_a_reload(world: StudyWorld, visitor: Visitor) -> None:
    """Given a half-filled page, everything typed is there again after a reload."""
    publish_page(world, ALL_KINDS)
    page = visitor.open(userId="u1")
    fill_in(page)

    page.reload()
    expect(content(page).get_by_label("Name")).to_have_value("Zoë")
    submit(page)

    expect_heading(page, "Quiz")
    assert json.loads(world.bodies("u1")[1] or "") == FILLED


def test_typed_text_is_not_a_draft_of_the_next_page(world: StudyWorld, visitor: Visitor) -> None:
    """Given two pages with a field of the same name, the second is empty after the first is submitted."""
    field = '<h1>{}</h1><label>Word <input name="word"></label>'
    world.publish({**PAGES, "consent.html": field.format("One"), "quiz.html": field.format("Two")})
    page = visitor.open()
    content(page).get_by_label("Word").fill("first")
    submit(page)
    expect_heading(page, "Two")

    expect(content(page).get_by_label("Word")).to_have_value("")


def test_a_password_is_not_kept(world: StudyWorld, visitor: Visitor) -> None:
    """Given a typed password, it is gone after a reload: no browser may keep it."""
    publish_page(world, '<h1>P</h1><label>Word <input name="p" type="password"></label>')
    page = visitor.open()
    content(page).get_by_label("Word").fill("secret")

    page.reload()

    expect(content(page).get_by_label("Word")).to_have_value("")
    assert "secret" not in page.evaluate("JSON.stringify(localStorage)")


def test_required_fields_are_enforced_before_anything_is_sent(
    world: StudyWorld, door: FrontDoor, visitor: Visitor
) -> None:
    """Given a required box, nothing is sent until it is checked."""
    publish_page(world, '<h1>C</h1><label><input type="checkbox" name="ok" required> I agree</label>')
    page = visitor.open()
    submit(page)
    box = content(page).get_by_label("I agree")
    assert box.evaluate("box => box.matches(':invalid') && document.activeElement === box")
    assert door.forms() == []

    box.check()
    submit(page)

    expect_heading(page, "Quiz")
    assert door.forms() == [{"ok": "on"}]


def test_a_file_is_refused_with_a_clear_word(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given a page that asks for a file, even a required one, it says that files cannot be uploaded."""
    publish_page(world, '<h1>F</h1><input type="file" name="photo" required><input name="a" aria-label="a">')
    page = visitor.open()

    expect(content(page).locator("input[type=file]")).to_be_disabled()
    expect(content(page).get_by_text("Files cannot be uploaded here.")).to_be_visible()

    submit(page)
    expect_heading(page, "Quiz")
    assert door.forms() == [{"a": ""}]


def test_a_form_of_the_researchers_own_is_handed_in_as_well(
    world: StudyWorld, door: FrontDoor, visitor: Visitor
) -> None:
    """Given a page with its own <form> elements, buttons and address, our form takes the answers."""
    publish_page(
        world,
        '<h1>F</h1><form action="https://elsewhere.example/" id="own" class="k"><input name="a" value="1">'
        '<button name="which" value="second">Second</button></form><input form="own" name="b" value="2">',
    )
    page = visitor.open()
    expect_heading(page, "F")
    expect(submit_button(page)).to_be_enabled()

    content(page).get_by_role("button", name="Second").click()

    expect_heading(page, "Quiz")
    assert door.forms() == [{"a": "1", "b": "2", "which": "second"}]


@pytest.mark.parametrize("name", ["submit", "elements", "querySelectorAll", "__proto__", "addEventListener"])
def test_names_that_mean_something_to_browsers_are_names(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, name: str
) -> None:
    """Given a control whose name is one of the document's or the form's own, it is stored under it."""
    publish_page(
        world,
        f'<h1>N</h1><input name="{name}" id="{name}" value="v" aria-label="x"><img name="createElement">',
    )
    page = visitor.open()
    expect_heading(page, "N")

    submit(page)

    expect_heading(page, "Quiz")
    assert door.requests[-1]["body"] == json.dumps({name: "v"}, separators=(",", ":"))


def test_enter_in_a_field_submits(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given a text field with the focus, Enter submits the page."""
    publish_page(world, '<h1>E</h1><input name="a" aria-label="a">')
    page = visitor.open()
    content(page).get_by_label("a").fill("x")
    expect(submit_button(page)).to_be_enabled()

    page.keyboard.press("Enter")

    expect_heading(page, "Quiz")
    assert door.forms() == [{"a": "x"}]


def test_refused_answers_can_be_changed(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given answers too large to be stored, the page says so and stays, and a shorter text is accepted."""
    publish_page(world, '<h1>L</h1><textarea name="long" aria-label="long"></textarea>')
    page = visitor.open()
    content(page).get_by_label("long").fill("x" * 300_000)
    submit(page)
    expect(content(page).get_by_role("alert")).to_contain_text("too long to be saved")
    assert door.forms() == []

    content(page).get_by_label("long").fill("short")
    submit(page)

    expect_heading(page, "Quiz")


def test_a_final_page_without_questions_has_no_button(world: StudyWorld, visitor: Visitor) -> None:
    """Given the end of the study, its page has nothing to submit."""
    world.reach_final()
    page = visitor.open(userId="3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c")
    expect_heading(page, "Thanks")

    expect(submit_button(page)).to_be_hidden()


def test_a_final_page_may_ask_something(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given a question on the final page, its answer is stored and the page says so."""
    world.publish({**PAGES, "thanks.html": '<h1>Thanks</h1><input name="mail" aria-label="mail">'})
    world.reach_final()
    page = visitor.open(userId="3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c")
    content(page).get_by_label("mail").fill("a@example.org")

    submit(page)

    expect(page.get_by_role("status")).to_have_text("Your answers are saved.")
    expect(submit_button(page)).to_be_hidden()
    assert world.bodies()[-1] == '{"mail":"a@example.org"}'
