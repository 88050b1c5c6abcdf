"""Answers: untouched controls, translated pages, shared computers and long texts."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from hippo_cli.markup.hidden import find_hidden_controls
from hippo_cli.markup.page import parse_page
from tests.browser.conftest import Visitor
from tests.browser.pages import content, expect_heading, submit
from tests.browser.site import FrontDoor
from tests.support.study_world import PAGES, StudyWorld

SLIDER = '<h1>S</h1><label>Sure <input name="sure" type="range" min="0" max="100"></label>'
MENU = '<h1>S</h1><select name="m" aria-label="m"><option value="1">One<option value="2">Two</select>'
# Translators replace each text, and wrap it in an element of their own.
TRANSLATE = """
() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    if (!text.data.trim() || text.parentElement.closest("[translate=no], script, style")) continue;
    const font = document.createElement("font");
    font.textContent = `<${text.data.trim()}>`;
    text.replaceWith(font);
  }
  for (const button of document.querySelectorAll("input[type=submit]")) button.value = `<${button.value}>`;
}
"""

PAGES_OF_DOUBT = [
    '<p>Why? <textarea name="why" /></p><p>Age <input name="age" required></p>',
    "<iframe /><input name=a>",
    "<title/><input name=a>",
    "<style/><select name=a></select>",
    "<svg><title/></svg><input name=a>",
    "<svg><path/><input name=a></svg>",
    "<svg><foreignObject><input name=a></foreignObject><desc/></svg><input name=b>",
    "<p>x<!-- y <input name=a>",
    "<!-- a -> <input name=a> <!-- b --><input name=b>",
    "<!--> <input name=a>",
    "<![if x]><input name=a><![endif]>",
    "<video src=x /><input name=a>",
    "<noscript><input name=a></noscript><input name=b>",
    "<template><input name=a></template><input name=b>",
    "<option>x<input name=a></option><input name=b>",
    "<select name=a><option>x<input name=b><textarea name=c></textarea></select>",
    "<select name=a><option>x<select name=b></select><input name=c>",
    '<input name="a>\n<p>Age <input name="b"><input name=c>',
    "<tr><td><input name=a><table><input name=b><tr><td><input name=c></table>",
    "<col><input name=a>",
    "<html><head><title>T</title></head><body><form><input name=a></form><form><input name=b></form>",
    "<div/><p/><b><p><input name=a></b><input name=b>",
    "<dialog><input name=a></dialog><dialog open><input name=b></dialog>",
    "<textarea name=a><input name=b></textarea><plaintext><input name=c>",
    "<canvas><input name=b></canvas><meter><input name=c></meter>",
]
# As web/frame.js shows a page: each control's name, and whether it takes up space. A select may be empty.
SHOWN = """
(html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  document.forms[0].append(template.content);
  return [...document.querySelectorAll("input[name], select[name], textarea[name]")]
    .filter((control) => control instanceof HTMLElement)
    .map((control) => [control.name, control.getClientRects().length > 0]);
}
"""


def publish(world: StudyWorld, html: str, **changes: Any) -> None:
    """Publish the sample study with this first page."""
    world.publish({**PAGES, "consent.html": html}, **changes)


def open_page(visitor: Visitor, heading: str = "S") -> Page:
    """Open the study and wait for its first page."""
    page = visitor.open(userId="u1")
    expect_heading(page, heading)
    return page


@pytest.mark.parametrize(
    ("html", "answers"),
    [
        (SLIDER, {"sure": "50", "_untouched": ["sure"]}),
        (MENU, {"m": "1", "_untouched": ["m"]}),
        ('<h1>S</h1><input name="c" type="color">', {"c": "#000000", "_untouched": ["c"]}),
        ('<h1>S</h1><input name="n" type="number" value="3">', {"n": "3", "_untouched": ["n"]}),
        (
            '<h1>S</h1><input name="d" type="date" value="2026-01-01">',
            {"d": "2026-01-01", "_untouched": ["d"]},
        ),
        (
            '<h1>S</h1><input name="r" type="radio"><input name="r" type="radio" value="b" checked>',
            {"r": "b", "_untouched": ["r"]},
        ),
        ('<h1>S</h1><input name="b" type="checkbox" checked>', {"b": "on", "_untouched": ["b"]}),
        (
            '<h1>S</h1><select name="m"><option value="">-<option>x</select><input name="n" type="number">'
            '<input name="t" value="text"><input name="h" type="hidden" value="1">'
            '<input type="radio" name="r">',
            {"m": "", "n": "", "t": "text", "h": "1"},
        ),
        (
            '<h1>S</h1><input type="hidden" name="b" value="no"><input type="checkbox" name="b" value="yes">'
            '<input name="o" type="range" disabled><input name="n" type="number" value="3" readonly>',
            {"b": "no", "n": "3"},
        ),
        ('<h1>S</h1><input name="sure" type="range"><input name="_untouched" value="x">', None),
    ],
)
def test_controls_that_were_not_touched_are_listed(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, html: str, answers: dict[str, Any] | None
) -> None:
    """Given controls that have a value from the start, the answers list those that were not touched."""
    publish(world, html)
    page = open_page(visitor)

    submit(page)

    expect_heading(page, "Quiz")
    assert door.forms() == [answers or {"sure": "50", "_untouched": "x"}]


@pytest.mark.parametrize(
    ("rule", "answers"),
    [("mark", {"sure": "50", "_untouched": ["sure"]}), ("empty", {"sure": ""}), ("ignore", {"sure": "50"})],
)
def test_the_study_decides_what_untouched_means(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, rule: str, answers: dict[str, Any]
) -> None:
    """Given `untouched` in the config, an untouched slider is stored as it says."""
    publish(world, SLIDER, untouched=rule)
    page = open_page(visitor)

    submit(page)

    expect_heading(page, "Quiz")
    assert door.forms() == [answers]


@pytest.mark.parametrize("how", ["press", "key", "touch"])
def test_a_slider_that_is_left_where_it_is_on_purpose(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, how: str
) -> None:
    """Given a press or a key on a slider that does not move it, it counts as touched."""
    publish(world, SLIDER)
    page = open_page(visitor)
    slider = content(page).get_by_label("Sure")

    if how == "key":
        slider.press("Home")
        slider.fill("50")
    elif how == "press":
        slider.click()  # in its middle
    else:
        slider.dispatch_event("pointerup", {"pointerType": "touch", "bubbles": True})
    submit(page)

    expect_heading(page, "Quiz")
    assert door.forms() == [{"sure": "50"}]


def test_passing_a_slider_does_not_touch_it(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given a participant who moves through the page by Tab, the slider was not touched."""
    publish(world, SLIDER)
    page = open_page(visitor)
    content(page).get_by_label("Sure").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")

    submit(page)

    expect_heading(page, "Quiz")
    assert door.forms() == [{"sure": "50", "_untouched": ["sure"]}]


def test_touching_survives_a_reload(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given two sliders of which one was pressed, after a reload only the other counts as not touched."""
    publish(world, SLIDER + '<label>Happy <input name="happy" type="range"></label>')
    page = open_page(visitor)
    content(page).get_by_label("Sure").click()
    page.wait_for_function("JSON.stringify(localStorage).includes('isTouched')")

    page.reload()
    expect_heading(page, "S")
    submit(page)

    expect_heading(page, "Quiz")
    assert door.forms() == [{"sure": "50", "happy": "50", "_untouched": ["happy"]}]


def test_a_draft_of_the_page_before_an_update(world: StudyWorld, door: FrontDoor, visitor: Visitor) -> None:
    """Given a draft without marks, as earlier versions kept it, its values count as answers."""
    publish(world, SLIDER)
    page = open_page(visitor)
    content(page).get_by_label("Sure").fill("60")
    page.wait_for_function("JSON.stringify(localStorage).includes('isTouched')")
    page.evaluate(
        """() => { for (const [key, value] of Object.entries(localStorage))
          localStorage[key] = value.replace(/"isTouched":true,?/, "") }"""
    )

    page.reload()
    expect_heading(page, "S")
    submit(page)

    expect_heading(page, "Quiz")
    assert door.forms() == [{"sure": "60"}]


TRANSLATED = """<h1>S</h1>
<label>Origin <select name="origin"><option>Yes</option><option>No</option></select></label>
<label>Several <select name="several" multiple><option> In  part </option></select></label>
<label>Text <textarea name="text">as it was</textarea></label>
<label><input type="radio" name="r" value="a"> First</label>
<p><span class="MTURK_CODE"></span></p>
<input type="submit" name="go" value="Continue">"""


def test_a_translated_page_stores_what_the_researcher_wrote(
    world: StudyWorld, door: FrontDoor, visitor: Visitor
) -> None:
    """Given a page whose texts a translator has replaced, the answers are those of the original."""
    publish(world, TRANSLATED, untouched="ignore")
    page = open_page(visitor)
    content(page).locator("body").evaluate(TRANSLATE)
    frame = content(page)
    expect(frame.locator("option").nth(1)).to_have_text("<No>")
    expect(frame.locator(".code code")).to_have_text("u1")

    frame.locator("select[name=origin]").select_option(index=1)
    frame.locator("select[name=several]").select_option(index=0)
    frame.locator("input[type=radio]").check()
    # A click on a page that was shown a moment ago counts as the second of a double click.
    expect(frame.locator("form")).not_to_have_class(re.compile("fresh"))
    frame.locator("input[type=submit]").click()

    page.wait_for_function("() => document.querySelector('iframe').title === 'Quiz'")
    assert door.forms() == [
        {"origin": "No", "several": ["In part"], "text": "as it was", "r": "a", "go": "Continue"}
    ]


@pytest.mark.parametrize("html", PAGES_OF_DOUBT)
def test_the_check_reads_pages_as_browsers_do(visitor: Visitor, html: str) -> None:
    """Given a page that parsers may disagree about, the check finds the same controls as the browser, and
    reports those that the browser does not display."""
    page = visitor.context.new_page()
    page.set_content("<form></form>")
    shown = page.evaluate(SHOWN, html)

    markup = parse_page(html)
    found = [tag.attributes["name"] for tag in markup.tags if tag.is_control]
    hidden = {control.name for control in find_hidden_controls(markup)}

    assert found == [name for name, _ in shown]
    assert [name for name in found if name not in hidden] == [name for name, is_shown in shown if is_shown]


def test_browsers_do_not_offer_earlier_entries(world: StudyWorld, visitor: Visitor) -> None:
    """Given a page with fields, autocomplete is off, unless a field asks for it."""
    publish(world, '<h1>S</h1><input name="a"><input name="b" autocomplete="country-name">')
    page = open_page(visitor)

    # A control without the attribute takes the form's.
    assert content(page).locator("input[name=a]").evaluate("control => control.form.autocomplete") == "off"
    assert content(page).locator("input[name=a]").get_attribute("autocomplete") is None
    assert (
        content(page).locator("input[name=b]").evaluate("control => control.autocomplete") == "country-name"
    )


@pytest.mark.parametrize(("language", "text"), [("en", "too long"), ("fr", "trop longues")])
def test_answers_over_the_limit(
    world: StudyWorld, door: FrontDoor, visitor: Visitor, language: str, text: str
) -> None:
    """Given answers over the limit, the page says so in its language, without the API's own text."""
    publish(world, '<h1>S</h1><textarea name="long" aria-label="long"></textarea>', language=language)
    page = open_page(visitor)
    alert = content(page).get_by_role("alert")
    content(page).get_by_label("long").fill("é" * 131_100)  # over 256 KiB only in bytes

    submit(page)

    expect(alert).to_contain_text(text)
    expect(alert).not_to_contain_text("body")
    assert door.forms() == []


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "shorten the answers on this page"), ("fr", "raccourcir les réponses de cette")],
)
def test_answers_without_room_in_the_record(
    world: StudyWorld, visitor: Visitor, language: str, text: str
) -> None:
    """Given a record without room, the page says so in its language and stays, and then takes an answer."""
    publish(world, '<h1>S</h1><input name="a" aria-label="a">', language=language)
    world.set_environment(MAX_RECORD_KIB="1")
    page = open_page(visitor)
    alert = content(page).get_by_role("alert")
    content(page).get_by_label("a").fill("x" * 1000)

    submit(page)

    expect(alert).to_contain_text(text)
    expect(alert).not_to_contain_text("body")
    world.set_environment(MAX_RECORD_KIB="1024")
    content(page).get_by_label("a").fill("x")
    submit(page)
    expect_heading(page, "Quiz")


def test_other_refusals_are_in_the_pages_language(
    world: StudyWorld, door: FrontDoor, visitor: Visitor
) -> None:
    """Given a French study whose API refuses a request, none of the API's English reaches the participant."""
    publish(world, '<h1>S</h1><input name="a" aria-label="a">', language="fr")
    page = open_page(visitor)
    page.route("**/next?*", lambda route: route.fulfill(status=400, json="body: must be JSON"))

    submit(page)

    alert = content(page).get_by_role("alert")
    expect(alert).to_contain_text("n’ont pas pu être enregistrées")
    expect(alert).to_contain_text("(HTTP 400)")
    expect(alert).not_to_contain_text("must be")
