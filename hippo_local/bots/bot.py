"""One scripted participant: pages, waits, the game, to the end of the study or to what is in the way."""

import http.client
import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hippo_local.bots.forms import Answers, fill_in
from hippo_local.bots.game import GameError, Played, play

_ATTEMPTS = 5  # at a request that the platform cannot answer just now, as the study page does
_READ_SECONDS = (2.0, 12.0)  # that a person spends on a page
_POLL_SECONDS = 2.0
_MOST_GAMES = 5  # of which a server died or was left


class BotError(Exception):
    """Something is in the way of a participant."""


@dataclass(slots=True)
class Journey:
    """What one of them saw; times in seconds."""

    user_id: str
    pages: list[int] = field(default_factory=list)  # steps
    waits: int = 0
    waited: float = 0.0
    time_to_game: float | None = None
    games: list[Played] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""

    @property
    def has_finished(self) -> bool:
        """Whether they came to the last page."""
        return not self.error


@dataclass(frozen=True, slots=True)
class Manner:
    """How they go through the study: at a person's pace, or as fast as it goes; and for how long at most."""

    fast: bool
    seconds: float


class Bot:
    """Goes through the study once; all that is random follows from `seed`."""

    def __init__(
        self,
        next_url: str,
        project_id: str,
        seed: str,
        manner: Manner,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._next_url = next_url
        self._chance = random.Random(seed)
        # Anew each time: the same seed gives the same answers, not the same participant.
        self.journey = Journey(str(uuid.uuid4()))
        self._ids = {"projectId": project_id, "userId": self.journey.user_id}
        self._manner = manner
        self._sleep = sleep
        self._begun = time.monotonic()
        self._wait_begun: float | None = None

    def arrive_after(self, seconds: float) -> None:
        """Lets others go first."""
        self._sleep(seconds)

    def run(self) -> Journey:
        """Gives what was seen; `error` says why they did not get to the end."""
        self._begun = time.monotonic()
        try:
            self._go()
        except (BotError, GameError) as error:
            self.journey.error = str(error)
        except Exception as error:  # noqa: BLE001 - what befalls one must not hide what the others saw
            self.journey.error = f"{type(error).__name__}: {error}"
        self.journey.seconds = time.monotonic() - self._begun
        return self.journey

    def _go(self) -> None:
        answer = self._request(None, 0)
        while not self._is_over(answer):
            if time.monotonic() - self._begun > self._manner.seconds:
                raise BotError(f"not at the end after {self._manner.seconds:.0f} s: {_describe(answer)}")
            if answer["page"] == "wait":
                answer = self._wait(answer)
            elif answer["page"] == "show_game_page":
                answer = self._play(answer)
            else:
                answer = self._answer_page(answer)

    def _is_over(self, answer: dict[str, Any]) -> bool:
        if answer.get("error"):
            raise BotError(f"{answer['error']} at step {answer.get('step')}")
        step = int(answer["step"])
        if answer["page"] not in ("wait", "show_game_page"):
            self.journey.pages.append(step)
        return step > int(answer["steps"])

    def _answer_page(self, answer: dict[str, Any]) -> dict[str, Any]:
        form = fill_in(str(answer["page"]), self._chance)
        if not self._manner.fast:
            self._sleep(self._chance.uniform(*_READ_SECONDS))
        return self._request(form, int(answer["step"]))

    def _wait(self, answer: dict[str, Any]) -> dict[str, Any]:
        if self._wait_begun is None:
            self._wait_begun = time.monotonic()
        self.journey.waits += 1
        self._sleep(_POLL_SECONDS)
        # The step before: a wait is no game that is over.
        return self._request(None, int(answer["step"]) - 1)

    def _play(self, answer: dict[str, Any]) -> dict[str, Any]:
        if self._wait_begun is not None:
            self.journey.waited += time.monotonic() - self._wait_begun
            self._wait_begun = None
        if self.journey.time_to_game is None:
            self.journey.time_to_game = time.monotonic() - self._begun
        if len(self.journey.games) >= _MOST_GAMES:
            raise BotError(f"step {answer['step']}: the game comes again and again")
        self.journey.games.append(self._play_once(str(answer["server"])))
        return self._request(None, int(answer["step"]))

    def _play_once(self, url: str) -> Played:
        hello = {"userId": self._ids["userId"], "projectId": self._ids["projectId"]}
        left = self._manner.seconds - (time.monotonic() - self._begun)
        return play(url, hello, self._chance, fast=self._manner.fast, seconds=max(left, 1.0))

    def _request(self, form: Answers | None, step: int) -> dict[str, Any]:
        url = f"{self._next_url}?{urllib.parse.urlencode({**self._ids, 'step': step})}"
        body = None if form is None else json.dumps(form).encode()
        why = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(0.5 * 2**attempt)
            try:
                return _send(url, body)
            except urllib.error.HTTPError as error:
                why = f"{error.code}: {error.read(500).decode(errors='replace')}"
                if error.code < 500 and error.code != 429:
                    break
            except (OSError, http.client.HTTPException, ValueError) as error:
                why = str(error)
        raise BotError(f"step {step}: the platform answers {why}")


def _send(url: str, body: bytes | None) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with opener.open(request, timeout=30) as response:
        answer = json.loads(response.read())
    if not isinstance(answer, dict) or not {"page", "step", "steps"} <= answer.keys():
        raise ValueError(f"not an answer of the study: {str(answer)[:100]}")
    return answer


def _describe(answer: dict[str, Any]) -> str:
    if answer["page"] == "wait":
        return f"waits for a server at step {answer['step']} ({answer.get('progress') or 'no progress told'})"
    return f"at step {answer['step']} of {answer['steps']}"
