"""Reading of stored records, including those of earlier deployments, and of form fields."""

import base64
import json
from typing import Any

import pytest

from hippo_cli.data.form_fields import read_form_fields
from hippo_cli.data.records import WHOLE_BODY, Record, clean, read_answers, read_record
from hippo_cli.data.step_times import list_step_times

POLL = ("GET", None)
QUERY = {"projectId": "p", "userId": "U", "workerId": "w-1"}


def build_event(method: str, body: str | None, second: int, **more: Any) -> dict[str, Any]:
    """Return a whole API Gateway event, as earlier deployments appended it to the record."""
    return {
        "resource": "/next",
        "path": "/next",
        "httpMethod": method,
        "headers": {"User-Agent": "Mozilla", "X-Forwarded-For": "203.0.113.9"},
        "queryStringParameters": QUERY,
        "requestContext": {"requestId": f"r{second}", "requestTimeEpoch": 1606300000000 + 1000 * second},
        "body": body,
        "isBase64Encoded": False,
    } | more


def read(requests: list[dict[str, Any]], game: int | None = None, **more: Any) -> Record:
    """Return the record of these requests."""
    data = {"created": "2020-11-25 10:26:40.123456+00:00", "requests": requests, **more}
    return read_record("U", json.dumps(data).encode(), lambda _: game)


def list_answers(record: Record) -> list[tuple[int, dict[str, str]]]:
    """Return step and answers of each request with answers."""
    return [(entry.step, entry.answers) for entry in record.entries if entry.answers]


def build_history(*requests: tuple[str, str | None]) -> list[dict[str, Any]]:
    """Return events one minute apart."""
    return [build_event(method, body, 60 * number) for number, (method, body) in enumerate(requests)]


def test_an_earlier_deployments_record() -> None:
    """Given whole events without a wait, answers to page k are at step k, with API Gateway's time."""
    record = read(build_history(POLL, ("POST", '{"age": "31"}'), ("POST", '{"q": "x"}'), POLL), nextStep=5)

    assert list_answers(record) == [(1, {"age": "31"}), (2, {"q": "x"})]
    assert record.entries[1].time == "2020-11-25T10:27:40.000+00:00"
    assert record.parameters == {"workerId": "w-1"}
    assert record.created
    assert (record.version, record.next_step) == (None, 5)
    assert "Mozilla" not in record.to_json()
    assert "203.0.113.9" not in record.to_json()


@pytest.mark.parametrize("game", [3, None])
def test_polls_of_an_earlier_deployment_are_no_steps(game: int | None) -> None:
    """Given polls that were appended without being counted, the page after the game keeps its number."""
    answers = ("POST", '{"a": "1"}'), ("POST", '{"b": "2"}')
    # Page 1; page 2, whose response is `wait`; two waiting polls, one that shows the game, one that ends it.
    requests = build_history(POLL, *answers, POLL, POLL, POLL, POLL, ("POST", '{"c": "4"}'))

    record = read(requests, game, nextStep=6)

    assert list_answers(record) == [(1, {"a": "1"}), (2, {"b": "2"}), (4, {"c": "4"})]
    assert [step_time.step for step_time in list_step_times(record)] == [1, 2, 3, 4]
    assert [step_time.seconds for step_time in list_step_times(record)] == [60, 60, 240, 60]


def test_bodies_of_all_kinds() -> None:
    """Given bodies that are not forms, nothing is lost: anything but an object of fields stays one text."""
    assert read_answers('{"a": ["x", "y"], "b": 1.5, "c": true, "d": null, "e": {"f": "é"}}') == {
        "a": '["x", "y"]',
        "b": "1.5",
        "c": "true",
        "d": "",
        "e": '{"f": "é"}',
    }
    assert read_answers("age=31&q=x") == {WHOLE_BODY: "age=31&q=x"}
    assert read_answers("[1]") == {WHOLE_BODY: "[1]"}
    assert read_answers("[" * 100_000) == {WHOLE_BODY: "[" * 100_000}
    assert read_answers({"age": "31"}) == {"age": "31"}
    assert [read_answers(nothing) for nothing in (None, "", "null")] == [{}, {}, {}]


def test_a_body_in_base64() -> None:
    """Given an event with a base64 body, its answers are read."""
    body = base64.b64encode(b'{"age": "31"}').decode()

    record = read(
        [build_event("GET", None, 0), build_event("POST", body, 1, isBase64Encoded=True)], nextStep=3
    )

    assert list_answers(record) == [(1, {"age": "31"})]


def test_half_a_character_does_not_break_a_file() -> None:
    """Given a lone surrogate, which JSON can carry and UTF-8 cannot, only that character is replaced."""
    assert clean(json.loads('"a\\ud83d b \\ud83d\\ude00"')) == "a\ufffd b \U0001f600"
    record = read([{"requestId": "0"}, {"requestId": "1", "body": '{"\\ud800": "\\udfff x"}'}], nextStep=3)
    assert list_answers(record) == [(1, {"\ufffd": "\ufffd x"})]


def test_odd_times_are_left_out() -> None:
    """Given invalid times, the entries stay without a time."""
    entries = [
        {"requestId": "0", "time": "soon"},
        {"requestId": "1", "time": 5},
        build_event("POST", "{}", 0, requestContext={"requestTimeEpoch": 1e300}),
        build_event("POST", "{}", 0, requestContext=None),
    ]

    record = read(entries, nextStep=5)

    assert [entry.time for entry in record.entries] == [None] * 4
    assert list_step_times(record) == []


def test_a_record_is_kept_as_it_was_read() -> None:
    """Given a complete record, it is unchanged after it was written and read as JSON."""
    entry = {
        "requestId": "1",
        "httpMethod": "POST",
        "body": '{"a": "1"}',
        "time": "2030-01-01T12:00:00.000+00:00",
    }
    consent = {"sha256": "ab", "time": "2030-01-01T12:00:00.000+00:00"}
    more = {"version": "v1", "waitingSince": "2030-01-01T12:00:00.000+00:00", "parameters": {"x": "y"}}

    record = read([entry, {**entry, "consent": consent}], repeats=[{**entry, "step": 1}], nextStep=3, **more)

    assert record.entries[1].consent == "ab"
    assert (record.entries[2].repeat, record.entries[2].step) == (True, 1)
    assert Record.from_json(record.to_json()) == record


PAGE = """
<style>label { color: red }</style>
<form>
 <p><label for="age">Your age</label> <input type="number" id="age" name="age" required></p>
 <fieldset><legend>How was <b>it</b>?</legend>
  <label><input type="radio" name="how" value="1"> Bad</label>
  <label><input type="radio" name="how" value="2" required> Good</label>
 </fieldset>
 <label>Country <select name="country"><option value="">choose<option value="ca">Canada</option>
  <option>France</select></label>
 <select name="several" multiple aria-label="Some"><option>a</option></select>
 <label><input type="checkbox" name="agree"> I agree</label>
 <textarea name="more" placeholder="Anything else?"></textarea>
 <input type="hidden" name="page" value="quiz">
 <input type="submit" name="go"><input id="nameless">
</form>
"""


def test_what_a_page_asks() -> None:
    """Given a page with all kinds of controls, each name is one form field with label and options."""
    fields = {form_field.name: form_field for form_field in read_form_fields(PAGE)}

    assert list(fields) == ["age", "how", "country", "several", "agree", "more", "page", "go"]
    assert (fields["age"].kind, fields["age"].required, fields["age"].label) == (
        "number",
        True,
        "Your age",
    )
    assert (fields["how"].kind, fields["how"].required, fields["how"].label) == (
        "radio",
        True,
        "How was it?",
    )
    assert fields["how"].options == [("1", "Bad"), ("2", "Good")]
    assert fields["country"].label == "Country"
    assert fields["country"].options == [("", "choose"), ("ca", "Canada"), ("France", "France")]
    assert (fields["several"].kind, fields["several"].label) == ("select multiple", "Some")
    assert (fields["agree"].label, fields["agree"].options) == ("I agree", [("on", "I agree")])
    assert fields["more"].label == "Anything else?"
    assert json.loads(fields["how"].format_options()) == [
        {"value": "1", "label": "Bad"},
        {"value": "2", "label": "Good"},
    ]
    assert fields["age"].format_options() == ""
    assert (fields["go"].kind, fields["go"].options) == ("button", [("", "")])


@pytest.mark.parametrize(
    ("html", "kind", "options"),
    [
        (
            "<button name=choice value=a><b>Left</b></button><button name=choice value=b>Right</button>",
            "button",
            [("a", "Left"), ("b", "Right")],
        ),
        ("<input type=submit name=choice value=Yes>", "button", [("Yes", "Yes")]),
        ("<input type=image name=choice alt=Map value=m>", "button", [("m", "Map")]),
        ("<button name=choice type=nonsense value=a>A</button>", "button", [("a", "A")]),
    ],
)
def test_buttons_that_store_an_answer(html: str, kind: str, options: list[tuple[str, str]]) -> None:
    """Given buttons with a name that submit the page, they are one form field with their values."""
    (field,) = read_form_fields(html + "<button type=button name=hint>Hint</button><button>Go</button>")

    assert (field.name, field.kind, field.options) == ("choice", kind, options)


@pytest.mark.parametrize(
    ("html", "note"),
    [
        ("<input type=checkbox name=a> Cats <input type=checkbox name=a> Dogs", 'the value "on"'),
        ("<input type=radio name=a value=1><input type=radio name=a value=1>", 'the value "1"'),
        ("<select name=a><option value=''>-<option value=1>x<option value=1>y</select>", 'the value "1"'),
        ("<button name=a>Yes</button><button name=a>No</button>", 'the value ""'),
        ("<input type=range name=a>", "before it is touched"),
        ("<select name=a><option>x<option>y</select>", "before it is touched"),
    ],
)
def test_answers_that_are_less_than_they_seem(html: str, note: str) -> None:
    """Given options that share a value, or a control that always has one, the field's note says so."""
    (field,) = read_form_fields(html)

    assert note in field.note


def test_controls_that_browsers_do_not_show() -> None:
    """Given a text area that is not closed, the control after it is listed with the reason."""
    first, second = read_form_fields('<textarea name="why" /></p>\n<input name="age" required>')

    assert (first.name, first.kind, first.note) == ("why", "textarea", "")
    assert (second.name, second.kind) == ("age", "input")
    assert "text inside <textarea> of line 1" in second.note


def test_pages_that_are_hardly_html() -> None:
    """Given malformed HTML that browsers display, reading it ends with the existing controls."""
    for html in (
        "",
        "<",
        "<![if x]><input name=a>",
        "</label></fieldset></select>",
        "<legend>x",
        "<option>",
        "\x00",
    ):
        assert [form_field.name for form_field in read_form_fields(html)] == (
            ["a"] if "name=a" in html else []
        )
