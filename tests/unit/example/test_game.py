"""Tests of a trial: episodes, actions, pauses and recorded lines, without a clock or network."""

import base64

import pytest
from game import INBOX_SIZE, Presence

from hippo_game.messages import Action, ChangeFrameRate, Command

PREFIX = "mountain_car/Trials/3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c/20250301T142205Z_"


def send(trial, *messages, ticks=1):
    """Send messages, advance some ticks, and return the frames of these ticks."""
    for message in messages:
        trial.receive(message)
    return [trial.tick() for _ in range(ticks)]


def test_nothing_is_played_before_start(make_trial, environment):
    """Given a new trial, it shows the first picture and takes no step."""
    frame = send(make_trial())[0]

    assert base64.b64decode(frame["frame"]) == b"picture"
    assert (frame["frameId"], environment.codes, environment.captions) == (1, [], ["Press Start"])


def test_each_tick_is_a_step_and_a_frame(make_trial, environment):
    """Given a started trial, every tick takes a step and returns a frame with the next id."""
    frames = send(make_trial(), Command("start"), ticks=3)

    assert [frame["frameId"] for frame in frames] == [1, 2, 3]
    assert environment.codes == [1, 1, 1]


def test_still_picture_is_sent_once_a_second(make_trial):
    """Given a paused trial at 10 frames a second, every tenth tick returns a frame."""
    frames = send(make_trial(startingFrameRate=10), ticks=21)

    assert [bool(frame) for frame in frames] == [i % 10 == 0 for i in range(21)]


def test_pause_and_start_again(make_trial, environment):
    """Given a pause, no steps are taken until the next start."""
    trial = make_trial()
    send(trial, Command("start"), ticks=2)

    send(trial, Command("pause"), ticks=5)
    assert len(environment.codes) == 2

    send(trial, Command("start"))
    assert len(environment.codes) == 3


def test_action_is_held_until_the_next(make_trial, environment):
    """Given an action, it is taken at every step until another one arrives."""
    trial = make_trial()
    send(trial, Command("start"), Action("right"), ticks=3)
    send(trial, Action("noop"), ticks=2)

    assert environment.codes == [2, 2, 2, 1, 1]


def test_short_tap_counts_for_one_step(make_trial, environment):
    """Given a key pressed and released between two ticks, its action is taken once."""
    send(make_trial(), Command("start"), Action("left"), Action("noop"), ticks=2)

    assert environment.codes == [0, 1]


def test_unknown_action_changes_nothing(make_trial, environment):
    """Given an action that the game does not have, the held action continues."""
    trial = make_trial()
    send(trial, Command("start"), Action("right"))
    send(trial, Action("jump"))

    assert environment.codes == [2, 2]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Command("good"), "no command 'good'. It has start, pause, stop, reset."),
        (Action("jump"), "no action 'jump'. It has left, noop, right."),
        (ChangeFrameRate("faster"), "cannot be changed"),
    ],
)
def test_what_the_game_does_not_know_is_refused(make_trial, message, reason):
    """Given a command, an action or a rate that the game does not have, the refusal says what it has."""
    assert reason in make_trial().receive(message)


@pytest.mark.parametrize("change", ["fast", "1000", "-5", "2.5", ""])
def test_frame_rate_that_is_not_one_is_refused(make_trial, change):
    """Given a game whose rate may change, anything but faster, slower and whole numbers is refused."""
    assert "is not a frame rate" in make_trial(allowFrameRateChange=True).receive(ChangeFrameRate(change))


def test_flood_is_refused_and_leaves_what_came_first(make_trial):
    """Given more messages than fit between two ticks, the later ones are refused; presence never is."""
    trial = make_trial()
    kept = [trial.receive(Command("start")) for _ in range(INBOX_SIZE)]

    assert set(kept) == {None}
    assert "Too many messages" in trial.receive(Command("stop"))
    assert trial.receive(Presence.AWAY) is None
    trial.tick()
    assert not trial.finished


def test_actions_may_be_written_with_capitals(make_trial, environment):
    """Given an action space with capitals, the lower-case word of a message is the same action."""
    trial = make_trial(actionSpace=["leftUp", "noop", "right"])
    send(trial, Command("start"), Action("leftup"))

    assert environment.codes == [0]


def test_noop_means_the_default_where_the_game_has_none(make_trial, environment):
    """Given a game without noop, releasing a key returns to the default action."""
    trial = make_trial(actionSpace=["brake", "left", "right"], defaultAction="brake")
    send(trial, Command("start"), Action("right"))
    send(trial, Action("noop"))

    assert environment.codes == [2, 0]


def test_line_of_a_step(make_trial, environment, saved):
    """Given a step to the right, its line has the participant, the time, what they saw and did, and the
    reward.
    """
    environment.goal = 1
    trial = make_trial()
    send(trial)
    send(trial, Command("start"), Action("right"))

    assert saved() == [
        {
            "time": "2025-03-01T14:22:05.120+00:00",
            "userId": "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c",
            "projectId": "mountain_car",
            "episode": 1,
            "step": 1,
            "frameId": 1,
            "observation": [0.0],
            "action": "right",
            "actionCode": 2,
            "reward": -1.0,
            "nextObservation": [1.0],
            "terminated": True,
            "truncated": False,
        }
    ]


def test_one_file_for_each_episode(make_trial, environment, store, saved):
    """Given a trial played to its end, each episode has its own file."""
    environment.goal = 2
    trial = make_trial()
    send(trial, Command("start"), ticks=6)

    assert [line["step"] for line in saved()] == [1, 2, 1, 2]
    assert sorted(store.files) == [f"{PREFIX}episode_001.jsonl", f"{PREFIX}episode_002.jsonl"]
    assert trial.finished


def test_one_file_for_the_whole_trial(make_trial, environment, store, saved):
    """Given dataFile: trial, one file holds all episodes."""
    environment.goal = 1
    trial = make_trial(dataFile="trial")
    send(trial, Command("start"), ticks=4)

    assert [line["episode"] for line in saved()] == [1, 2]
    assert list(store.files) == [f"{PREFIX}trial.jsonl"]


def test_break_between_episodes(make_trial, environment):
    """Given a pause of one second at 5 frames a second, five ticks pass between two episodes."""
    environment.goal = 1
    trial = make_trial(startingFrameRate=5, episodePause=1)

    frames = send(trial, Command("start"), ticks=1 + 5)
    assert len(environment.codes) == 1
    assert environment.captions[0] == "You made it!"
    assert frames[-1]["display"]["attempt"] == "2 of 2"

    send(trial)
    assert len(environment.codes) == 2


def test_last_frame_is_shown_before_the_end(make_trial, environment):
    """Given the step that ends the trial, its frame is returned and no other follows."""
    environment.goal = 1
    trial = make_trial(maxEpisodes=1)

    assert send(trial, Command("start"))[0]["frameId"] == 1
    assert trial.finished
    assert send(trial) == [None]


def test_stop_keeps_what_was_played(make_trial, saved):
    """Given a stop in the middle of an episode, the trial is over and its steps are kept."""
    trial = make_trial()
    send(trial, Command("start"), ticks=3)
    send(trial, Command("stop"))

    assert trial.finished
    assert len(saved()) == 3


def test_reset_begins_the_next_episode(make_trial, environment, saved):
    """Given a reset after some steps, they are kept and the next episode begins."""
    trial = make_trial()
    send(trial, Command("start"), ticks=2)
    send(trial, Command("reset"))
    send(trial, Command("stop"))

    assert [(line["episode"], line["step"]) for line in saved()] == [(1, 1), (1, 2), (2, 1)]


def test_reset_of_the_last_episode_ends_the_trial(make_trial):
    """Given a reset in the last episode, the trial is over."""
    trial = make_trial(maxEpisodes=1)
    send(trial, Command("start"))
    send(trial, Command("reset"))

    assert trial.finished


def test_reset_before_the_first_step_costs_no_episode(make_trial):
    """Given a reset before the first step, the same episode continues."""
    assert send(make_trial(), Command("reset"))[0]["display"]["attempt"] == "1 of 2"


def test_game_waits_while_the_participant_is_away(make_trial, environment, saved):
    """Given a participant who left, steps are kept, none is taken, and play continues when they are back."""
    trial = make_trial()
    send(trial, Command("start"), ticks=2)

    assert send(trial, Presence.AWAY, ticks=3) == [None] * 3
    assert len(saved()) == 2

    send(trial, Presence.BACK)
    assert len(environment.codes) == 3


def test_held_action_ends_when_the_participant_leaves(make_trial, environment):
    """Given a connection lost with a key held, the key counts as released."""
    trial = make_trial()
    send(trial, Command("start"), Action("right"))
    send(trial, Presence.AWAY, Presence.BACK)

    assert environment.codes == [2, 1]


@pytest.mark.parametrize(
    ("change", "rate"),
    [("faster", 35), ("slower", 25), ("50", 50), ("900", 60), ("1", 10), ("\u00b2", 30), ("x", 30)],
)
def test_frame_rate_stays_within_its_bounds(make_trial, change, rate):
    """Given a change of the frame rate, it is applied as far as the bounds allow."""
    trial = make_trial(startingFrameRate=30, allowFrameRateChange=True, minFrameRate=10, maxFrameRate=60)
    send(trial, ChangeFrameRate(change))

    assert trial.frame_rate == rate


def test_frame_rate_is_fixed_unless_allowed(make_trial):
    """Given a trial that does not allow changes of the frame rate, it stays."""
    trial = make_trial(startingFrameRate=30)
    send(trial, ChangeFrameRate("faster"))

    assert trial.frame_rate == 30


def test_time_left_is_rounded_up(make_trial):
    """Given 600 steps at 90 a second, the first frame shows seven seconds."""
    assert send(make_trial())[0]["display"] == {"attempt": "1 of 2", "time left": "7 s"}


def test_frame_says_whether_the_game_is_running(make_trial):
    """Given a start and a pause, frames report them, so that a reloaded page shows the right button."""
    trial = make_trial()

    states = [send(trial, Command(name))[0]["playing"] for name in ("pause", "start", "pause")]

    assert states == [False, True, False]
