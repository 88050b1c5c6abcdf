"""Tests of the messages that clients send to the game server."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol import (
    Action,
    ChangeFrameRate,
    Command,
    Hello,
    ProtocolError,
    format_interface,
    parse_message,
)


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ({"userId": "Ab-1", "projectId": "p_1", "frameId": 0}, Hello("ab-1", "p_1")),
        ({"userId": "a", "projectId": ""}, Hello("a", None)),
        ({"command": "start", "browser": "x"}, Command("start")),
        ({"command": " Pause "}, Command("pause")),
        ({"ButtonEvent": {"BUTTONPRESSED": "stop"}}, Command("stop")),
        ({"actionType": "leftArrow", "action": "left"}, Action("left")),
        ({"changeFrameRate": "faster"}, ChangeFrameRate("faster")),
        ({"changeFrameRate": 20}, ChangeFrameRate("20")),
        ({"MouseEvent": {"MOUSEMOTION": []}}, None),
        ({"KeyboardEvent": {"KEYUP": ["a"]}}, None),
        ({}, None),
    ],
)
def test_messages_of_front_ends(message, meaning):
    """Given a message as front ends send it, it is parsed."""
    assert parse_message(json.dumps(message)) == meaning


def test_bare_done_stops():
    """Given the bare text done, it is parsed as the command to stop."""
    assert parse_message("done") == Command("stop")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "1", '"done"', "null", b"{}", "[" * 5000, '{"command": 5}', '{"action": ["left"]}']
    + [
        json.dumps({"userId": value})
        for value in (None, 7, "", "a/b", "..", "-a", "a-", "a" * 49, "a\n", "\u212a")
    ]
    + [
        json.dumps({"userId": "a", "projectId": value})
        for value in (7, "..", "a/b", "_servers", "a\n", "p" * 129)
    ],
)
def test_malformed_messages(text):
    """Given an invalid message, or ids that could leave the participant's folder, it is rejected."""
    with pytest.raises(ProtocolError):
        parse_message(text)


@given(
    st.text()
    | st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner)).map(json.dumps)
)
def test_nothing_makes_the_parser_fail_otherwise(text):
    """Given any text, it is parsed, ignored or rejected, and causes no other error."""
    with contextlib.suppress(ProtocolError):
        parse_message(text)


def test_interface_without_instructions_is_the_buttons_only():
    """Given no instructions, the first message has only the key that all front ends know."""
    assert json.loads(format_interface(["left", "start"])) == {"UI": ["left", "start"]}


def test_instructions_go_with_the_buttons():
    """Given instructions, they are in the first message."""
    assert json.loads(format_interface(["left"], ["Hold left."]))["Instructions"] == ["Hold left."]
