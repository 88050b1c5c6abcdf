"""One participant's trial: episodes played tick by tick, the frames to show and the lines to record."""

import base64
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from environment import Environment
from recorder import Recorder, TrialLog
from settings import TrialSettings

from hippo_game.messages import NOOP, Action, ChangeFrameRate, Command, Message

# Far more messages than a person sends between two ticks.
INBOX_SIZE = 200
COMMANDS = ("start", "pause", "stop", "reset")


class Presence(Enum):
    """Whether the participant has the game open; it waits while they do not."""

    AWAY = auto()
    BACK = auto()


@dataclass(frozen=True)
class Participant:
    """The participant, with ids that are already checked; `group` is None if groups follow from the id."""

    user_id: str
    project_id: str
    group: int | None = None


def read_utc_clock() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


class Trial:
    """A trial of up to `max_episodes` episodes.

    `receive` may be called from any thread at any time, other methods only from the one that calls `tick`.
    """

    def __init__(
        self,
        settings: TrialSettings,
        participant: Participant,
        environment: Environment,
        recorder: Recorder,
        clock: Callable[[], datetime] = read_utc_clock,
    ) -> None:
        self.frame_rate = settings.frame_rate
        self.finished = False
        self._settings, self._participant, self._environment = settings, participant, environment
        self._clock = clock
        self._inbox: deque[Message | Presence] = deque()
        self._actions = {name.lower(): name for name in settings.action_space}
        self._actions.setdefault(NOOP, settings.default_action)
        self._playing = self._away = False
        self._held, self._tapped = settings.default_action, ""
        self._episode = self._step = self._frame_id = 0
        self._pause_left = self._idle_ticks = 0
        self._caption = ""
        self._group = {} if participant.group is None else {"group": participant.group}
        prefix = f"{participant.project_id}/Trials/{participant.user_id}"
        self._log = TrialLog(recorder, prefix, f"{clock():%Y%m%dT%H%M%SZ}", settings.data_file)
        self._begin_episode()

    def receive(self, message: Message | Presence) -> str | None:
        """Queue a message, which takes effect at the next tick. Return why it is refused, if it is."""
        refusal = None if isinstance(message, Presence) else self._refuse(message)
        if refusal is None:
            self._inbox.append(message)
        return refusal

    def tick(self) -> dict[str, Any] | None:
        """Advance by one frame: apply messages, take a step if playing. Return the frame to send, if due."""
        while self._inbox:
            self._apply(self._inbox.popleft())
        if self.finished:
            return None
        if self._pause_left:
            self._pause_left -= 1
            if not self._pause_left:
                self._begin_episode()
        elif self._playing and not self._away:
            self._take_step()
            self._idle_ticks = 0
        return self._make_due_frame()

    def save(self) -> None:
        """Pass the lines so far to the recorder."""
        self._log.save()

    def _refuse(self, message: Message) -> str | None:
        if len(self._inbox) >= INBOX_SIZE:
            return "Too many messages arrived at once. Send fewer."
        match message:
            case Command(name) if name not in COMMANDS:
                return f"This game has no command {name[:40]!r}. It has {', '.join(COMMANDS)}."
            case Action(name) if name not in self._actions:
                return f"This game has no action {name[:40]!r}. It has {', '.join(self._actions)}."
            case ChangeFrameRate() if not self._settings.allow_frame_rate_change:
                return "The frame rate of this game cannot be changed."
            case ChangeFrameRate(change) if self._find_frame_rate(change) is None:
                return f"{change[:40]!r} is not a frame rate. Send faster, slower or a number from 1 to 999."
        return None

    def _apply(self, message: Message | Presence) -> None:
        match message:
            case Presence.AWAY:
                self._away = True
                self._held = self._settings.default_action
                self._log.save()
            case Presence.BACK:
                self._away = False
                self._idle_ticks = 0
            case Command(name):
                self._run_command(name)
            case Action(name):
                self._choose(name)
            case ChangeFrameRate(change):
                self._change_frame_rate(change)

    def _run_command(self, command: str) -> None:
        self._idle_ticks = 0
        if command in ("start", "pause"):
            self._playing = command == "start"
        elif command == "stop":
            self._end_trial()
        elif command == "reset" and self._step:
            self._log.save()
            if self._episode >= self._settings.max_episodes:
                self._end_trial()
            else:
                self._begin_episode()

    def _choose(self, action: str) -> None:
        self._held = self._actions[action]
        # A key pressed and released between two frames counts for one step, so that no short tap is lost.
        if self._held != self._settings.default_action and not self._tapped:
            self._tapped = self._held

    def _change_frame_rate(self, change: str) -> None:
        rate = self._find_frame_rate(change) or self.frame_rate
        self.frame_rate = max(self._settings.min_frame_rate, min(rate, self._settings.max_frame_rate))

    def _find_frame_rate(self, change: str) -> int | None:
        steps = {"faster": self._settings.frame_rate_step, "slower": -self._settings.frame_rate_step}
        if change in steps:
            return self.frame_rate + steps[change]
        is_number = change.isascii() and change.isdecimal() and len(change) < 4
        return int(change) if is_number else None

    def _begin_episode(self) -> None:
        self._episode += 1
        self._step = self._pause_left = self._idle_ticks = 0
        self._tapped = self._caption = ""
        self._observation = self._environment.reset()
        self._log.begin_episode(self._episode)

    def _take_step(self) -> None:
        action, self._tapped = self._tapped or self._held, ""
        code = self._settings.action_space.index(action)
        before = self._observation
        outcome = self._environment.step(code)
        self._observation = outcome.observation
        self._step += 1
        self._log.add(
            {
                "time": self._clock().isoformat(timespec="milliseconds"),
                "userId": self._participant.user_id,
                "projectId": self._participant.project_id,
                **self._group,
                "episode": self._episode,
                "step": self._step,
                "frameId": self._frame_id,
                "observation": before,
                "action": action,
                "actionCode": code,
                "reward": outcome.reward,
                "nextObservation": outcome.observation,
                "terminated": outcome.terminated,
                "truncated": outcome.truncated,
            }
        )
        if outcome.terminated or outcome.truncated:
            self._end_episode("You made it!" if outcome.terminated else "Time is up")

    def _end_episode(self, caption: str) -> None:
        self._log.save()
        self._caption = caption
        if self._episode >= self._settings.max_episodes:
            self._end_trial()
        else:
            self._pause_left = max(1, self._settings.episode_pause * self.frame_rate)

    def _end_trial(self) -> None:
        self._log.save()
        self._playing = False
        self.finished = True

    def _make_due_frame(self) -> dict[str, Any] | None:
        # A picture that does not change is sent once a second, to show that the server is running.
        due = not self._away and self._idle_ticks % self.frame_rate == 0
        self._idle_ticks += 1
        return self._make_frame() if due else None

    def _make_frame(self) -> dict[str, Any]:
        # Front ends treat a frameId of 0 as no id, so the first is 1.
        self._frame_id += 1
        caption = self._caption or ("" if self._playing else "Press Start")
        picture = self._environment.draw_frame(caption)
        display = {"attempt": f"{self._episode} of {self._settings.max_episodes}"}
        if limit := self._environment.max_steps:
            display["time left"] = f"{-(-(limit - self._step) // self.frame_rate)} s"
        return {
            "frame": base64.b64encode(picture).decode("ascii"),
            "frameId": self._frame_id,
            "display": display,
            "playing": self._playing,
        }
