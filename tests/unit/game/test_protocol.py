"""Tests of the messages that clients send to a game server, and of those that it sends in each vocabulary."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo_game.messages import Action, ChangeFrameRate, Command, Hello
from hippo_game.protocol import Client
from hippo_game.reading import MAX_MESSAGE_BYTES
from hippo_game.vocabulary import Vocabulary

ROUTED = {"userId": "a", "sendTo": "backend"}
HELLO = {"userId": "a", "projectId": "p", "frameCount": 0, "frameId": 0}
RESIZED = {"WindowEvent": {"WINDOWRESIZED": [700, 600]}, "frameCount": 1, "frameId": 1}
PRESSED = {
    Vocabulary.V1: {"command": "start", "frameCount": 1, "frameId": 1},
    Vocabulary.V2: {"ButtonEvent": {"BUTTONPRESSED": "start"}, "frameCount": 1, "frameId": 1},
}
FRAME = {"frame": "abc", "frameId": 7, "display": {"attempt": "1 of 3"}, "playing": True}


def say(client, message):
    """Let a client say a message."""
    return client.read(json.dumps(message))


def meet(vocabulary, buttons=("left", "start", "stop"), instructions=("Hold left.",)):
    """Return a client that has shown this vocabulary."""
    client = Client(buttons, instructions)
    first = {"action": "start", "projectId": "p", **ROUTED} if vocabulary is Vocabulary.V3 else HELLO
    assert say(client, first).messages == (Hello("a", "p"),)
    if vocabulary in (Vocabulary.V2, Vocabulary.V1_OR_V2):
        say(client, RESIZED)
    if vocabulary in PRESSED:
        say(client, PRESSED[vocabulary])
    assert client.vocabulary is vocabulary
    return client


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ({"userId": "Ab-1", "projectId": "p_1", "frameId": 0}, Hello("ab-1", "p_1")),
        ({"userId": "a", "projectId": ""}, Hello("a", None)),
        ({"command": "start", "browser": "x"}, Command("start")),
        ({"command": " Pause "}, Command("pause")),
        ({"command": "end"}, Command("stop")),
        ({"ButtonEvent": {"BUTTONPRESSED": "stop"}}, Command("stop")),
        ({"ButtonEvent": {"BUTTONPRESSED": "end"}}, Command("stop")),
        ({"ButtonEvent": {"BUTTONPRESSED": "leftUp"}}, Action("leftup")),
        ({"ButtonEvent": {"BUTTONPRESSED": "fpsDown"}}, ChangeFrameRate("slower")),
        ({"actionType": "leftArrow", "action": "left"}, Action("left")),
        ({"changeFrameRate": "faster"}, ChangeFrameRate("faster")),
        ({"changeFrameRate": 20}, ChangeFrameRate("20")),
    ],
)
def test_messages_of_front_ends(message, meaning):
    """Given a message as front ends send it, it is understood completely."""
    reading = say(Client(), message)

    assert (reading.messages, reading.errors) == ((meaning,), ())


def test_bare_done_stops():
    """Given the bare text done, it is parsed as the command to stop."""
    assert Client().read("done").messages == (Command("stop"),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        '"done"',
        "null",
        b"{}",
        b"\xff",
        "[" * 5000,
        '{"command": 5}',
        '{"action": ["left"]}',
    ]
    + ["{}", '{"command": ""}', '{"ButtonEvent": "start"}', '{"changeFrameRate": [1]}', '{"other": 1}']
    + ['{"save": {"step": 1}}', '{"webcamImage": "x"}', " " * (MAX_MESSAGE_BYTES + 1), "\ud800"]
    + ['{"userId": "a", "sendTo": "backend", "action": "command"}']
    + [json.dumps({"command": "x" * MAX_MESSAGE_BYTES})]
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
    """Given an invalid, empty or too large message, or ids that could leave the participant's folder, the
    client gets one error, and nothing takes effect.
    """
    reading = Client().read(text)

    assert len(reading.errors) == 1
    assert not [message for message in reading.messages if message != Hello("a", None)]


@given(
    st.text()
    | st.binary()
    | st.recursive(
        st.none() | st.text() | st.integers() | st.lists(st.text()),
        lambda inner: st.dictionaries(
            st.sampled_from(
                ["userId", "action", "command", "ButtonEvent", "BUTTONPRESSED", "KeyboardEvent", "KEYDOWN"]
                + ["sendTo", "changeFrameRate", "actionType", "frameCount", "x"]
            ),
            inner,
        ),
    ).map(json.dumps)
)
def test_whatever_a_client_sends_has_an_effect_or_an_error(text):
    """Given anything, it is understood or answered by an error, and causes no exception."""
    reading = Client().read(text)

    assert reading.messages or reading.errors


@pytest.mark.parametrize("vocabulary", Vocabulary)
@pytest.mark.parametrize("text", ["{", b"\x00", "[]", '{"strange": 1}', " " * (MAX_MESSAGE_BYTES + 1)])
def test_each_vocabulary_reports_what_it_does_not_understand(vocabulary, text):
    """Given a client of any vocabulary, what is not understood leads to an error in its own form."""
    client = meet(vocabulary)

    (error,) = client.read(text).errors

    told = json.loads(client.format_error(error))
    assert told["error"] == error
    assert ("env" in told) == (vocabulary is Vocabulary.V3)


def test_frequent_reports_lead_to_one_error_each():
    """Given mouse moves and keys without a meaning, each kind is reported once in a connection."""
    client = meet(Vocabulary.V2)
    moves = [say(client, {"MouseEvent": {"MOUSEMOTION": [x]}}).errors for x in range(3)]
    keys = [say(client, {"KeyboardEvent": {"KEYDOWN": ["q", 113]}}).errors for _ in range(2)]

    assert moves == [("MouseEvent has no effect in this game.",), (), ()]
    assert keys == [("KeyboardEvent has no effect in this game.",), ()]


def test_wrong_user_id_voids_the_whole_message():
    """Given a command with an invalid user id, the command does not count."""
    reading = say(Client(), {"userId": "../x", "command": "stop"})

    assert (reading.messages, len(reading.errors)) == ((), 1)


def test_part_of_a_message_that_is_wrong_is_reported_beside_the_rest():
    """Given a message with a command and something strange, the command counts and the rest is reported."""
    reading = say(Client(), {"command": "pause", "minutiaList": [1]})

    assert reading.messages == (Command("pause"),)
    assert reading.errors == ("minutiaList has no effect in this game.",)


@pytest.mark.parametrize(
    ("content", "meaning"),
    [
        ({"action": "command", "command": "start"}, [Command("start")]),
        ({"action": "command", "ButtonEvent": {"BUTTONPRESSED": "pause"}}, [Command("pause")]),
        ({"action": "command", "KeyboardEvent": {"KEYDOWN": ["ArrowLeft", 65]}}, [Action("left")]),
        ({"actionType": "mousedown", "action": "left"}, [Action("left")]),
        ({"action": "left"}, [Action("left")]),
        ({"command": "start"}, [Command("start")]),
        ({"action": "start"}, []),
        ({}, []),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_hello_and_command_in_one_message(content, meaning, known):
    """Given the user id in every message, each is a hello and whatever else it says, the first one too."""
    client = meet(Vocabulary.V3) if known else Client(["left"])

    reading = say(client, {**ROUTED, **content})

    assert reading.messages == (Hello("a", None), *meaning)
    assert reading.errors == ()
    assert client.vocabulary is Vocabulary.V3


def test_user_id_with_a_command_tells_the_newest_vocabulary():
    """Given a client that does not address its messages, its user id with a command tells what it reads."""
    client = Client()
    say(client, {"userId": "a", "command": "start"})

    assert client.vocabulary is Vocabulary.V3


def test_keys_are_held_until_released():
    """Given two keys held in V2, releasing the later one returns to the earlier one, then to noop."""
    client = meet(Vocabulary.V2, buttons=("left", "right"))
    events = [("KEYDOWN", "ArrowLeft"), ("KEYDOWN", "d"), ("KEYUP", "D"), ("KEYUP", "ArrowLeft")]

    read = [say(client, {"KeyboardEvent": {kind: [key]}}).messages for kind, key in events]

    assert read == [(Action(name),) for name in ("left", "right", "left", "noop")]


@pytest.mark.parametrize("vocabulary", [Vocabulary.UNKNOWN, Vocabulary.V1, Vocabulary.V1_OR_V2])
def test_keys_count_once_where_they_are_actions_too(vocabulary):
    """Given a client that may report a key as an action, the key itself has no effect."""
    assert say(meet(vocabulary), {"KeyboardEvent": {"KEYDOWN": ["ArrowLeft", 65]}}).messages == ()


def test_key_of_a_button_that_is_not_shown_has_no_effect():
    """Given a key whose button is hidden, it is reported and has no effect."""
    reading = say(meet(Vocabulary.V2, buttons=("start",)), {"KeyboardEvent": {"KEYDOWN": ["ArrowLeft"]}})

    assert (reading.messages, len(reading.errors)) == ((), 1)


@pytest.mark.parametrize("vocabulary", [Vocabulary.V1, Vocabulary.V2])
def test_start_button_tells_the_first_two_vocabularies_apart(vocabulary):
    """Given a hello and a window that both report, the press of start decides, once and for all."""
    client = meet(Vocabulary.V1_OR_V2)
    say(client, {"ButtonEvent": {"BUTTONPRESSED": "pause"}})
    assert client.vocabulary is Vocabulary.V1_OR_V2

    say(client, PRESSED[vocabulary])
    for message in PRESSED.values():
        say(client, message)

    assert client.vocabulary is vocabulary


def test_own_study_page_is_written_to_in_the_first_vocabulary():
    """Given the hello and the presses of our page, it gets no panels, which would double its buttons."""
    client = Client(["start"])
    for message in (HELLO, {"command": "start"}, RESIZED, {"actionType": "leftArrow", "action": "left"}):
        say(client, message)

        assert json.loads(client.format_frame(FRAME)) == FRAME


def test_interface_without_instructions_is_the_buttons_only():
    """Given no instructions, the first message has only the key that all front ends know."""
    client = meet(Vocabulary.V1, ("left", "start"), ())

    assert json.loads(client.format_interface()) == {"UI": ["left", "start"]}


def test_instructions_go_with_the_buttons():
    """Given instructions, they are in the first message."""
    client = meet(Vocabulary.V1, ("left",), ["Hold left."])

    assert json.loads(client.format_interface())["Instructions"] == ["Hold left."]


def test_frames_in_each_vocabulary():
    """Given a frame, each client finds it where it looks, and what goes with it stays."""
    picture = {"frame": "abc", "frameId": 7}
    others = {"display": FRAME["display"], "playing": True}

    frames = {one: json.loads(meet(one).format_frame(FRAME)) for one in Vocabulary}

    assert frames[Vocabulary.V1] == frames[Vocabulary.UNKNOWN] == FRAME
    assert frames[Vocabulary.V2] == {"GameWindow": picture, **others}
    assert frames[Vocabulary.V1_OR_V2].items() > {**FRAME, "GameWindow": picture}.items()
    assert frames[Vocabulary.V3] == {
        "action": "UI",
        "userId": "a",
        "sendTo": "frontend",
        "env": picture,
        **others,
    }


def test_client_that_may_read_panels_gets_them_with_its_frames():
    """Given a client of V1 or V2, its frames bring the panels that V2 reads; `stop` is the button `end`."""
    frame = json.loads(meet(Vocabulary.V1_OR_V2).format_frame(FRAME))

    buttons = [item["Button"] for item in frame["ControlPanel"]["Buttons"]]
    assert [(button["text"], button["value"], button["confirm"]) for button in buttons] == [
        ("left", "left", False),
        ("start", "start", False),
        ("stop", "end", True),
    ]
    assert frame["ControlPanel"]["Keys"] is True
    assert frame["InfoPanel"]["items"] == ["Hold left."]


def test_interface_of_the_newest_vocabulary_has_an_empty_environment():
    """Given V3, whose client reads `env.frame` in every message, the interface has `env` as well."""
    message = json.loads(meet(Vocabulary.V3).format_interface())

    assert (message["UI"], message["env"]) == (["left", "start", "stop"], {})


@pytest.mark.parametrize(
    ("vocabulary", "end"),
    [
        (Vocabulary.V1, ["done"]),
        (Vocabulary.V2, ['{"done": true}']),
        (Vocabulary.V1_OR_V2, ["done", '{"done": true}']),
        (Vocabulary.V3, ["done"]),
    ],
)
def test_end_in_each_vocabulary(vocabulary, end):
    """Given the end of the game, each client gets the message that it takes for it."""
    assert meet(vocabulary).format_end() == end


def test_unknown_keys_do_not_fill_the_memory():
    """Given many messages with ever new, long keys, each gets an error and none is kept."""
    client = Client()
    text = lambda number: json.dumps({f"{number}" + "k" * 16_000: 1})  # noqa: E731
    client.read(text(0))
    tracemalloc.start()
    errors = [len(client.read(text(number)).errors) for number in range(100)]
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert set(errors) == {1}
    assert kept < 200_000
