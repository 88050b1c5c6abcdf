"""A scripted participant, who takes the study to its end or to the first problem."""

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

_ATTEMPTS = 5  # for a request that the platform cannot serve at the moment, as the study page does
_READ_SECONDS = (2.0, 12.0)  # the time that a person spends on a page
_POLL_SECONDS = 2.0
_MOST_GAMES = 5  # games of one step, if their servers failed or were left


class BotError(Exception):
    """A problem that keeps a participant from finishing."""


@dataclass(slots=True)
class Journey:
    """A bot's report of what it saw; times in seconds."""

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
        """Whether the bot reached the last page."""
        return not self.error


@dataclass(frozen=True, slots=True)
class Manner:
    """The pace of a bot, a person's or as fast as possible, and its time limit in seconds."""

    fast: bool
    seconds: float


class Bot:
    """A participant who takes the study once; every random choice follows from `seed`."""

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
        # Not from the seed: the same seed gives the same answers, not the same participant.
        self.journey = Journey(str(uuid.uuid4()))
        self._ids = {"projectId": project_id, "userId": self.journey.user_id}
        self._manner = manner
        self._sleep = sleep
        self._begun = time.monotonic()
        self._wait_begun: float | None = None

    def arrive_after(self, seconds: float) -> None:
        """Wait before the first request."""
        self._sleep(seconds)

    def run(self) -> Journey:
        """Take the study and return the report; its `error` says why the bot did not finish."""
        self._begun = time.monotonic()
        try:
            self._take_study()
        except (BotError, GameError) as error:
            self.journey.error = str(error)
        except Exception as error:  # noqa: BLE001 - one bot's failure must not hide the others' reports
            self.journey.error = f"{type(error).__name__}: {error}"
        self.journey.seconds = time.monotonic() - self._begun
        return self.journey

    def _take_study(self) -> None:
        response = self._request(None, 0)
        while not self._is_over(response):
            if time.monotonic() - self._begun > self._manner.seconds:
                raise BotError(f"not finished after {self._manner.seconds:.0f} s: {_describe(response)}")
            if response["page"] == "wait":
                response = self._wait(response)
            elif response["page"] == "show_game_page":
                response = self._play(response)
            else:
                response = self._answer_page(response)

    def _is_over(self, response: dict[str, Any]) -> bool:
        if response.get("error"):
            raise BotError(f"{response['error']} at step {response.get('step')}")
        step = int(response["step"])
        if response["page"] not in ("wait", "show_game_page"):
            self.journey.pages.append(step)
        return step > int(response["steps"])

    def _answer_page(self, response: dict[str, Any]) -> dict[str, Any]:
        answers = fill_in(str(response["page"]), self._chance)
        if not self._manner.fast:
            self._sleep(self._chance.uniform(*_READ_SECONDS))
        return self._request(answers, int(response["step"]))

    def _wait(self, response: dict[str, Any]) -> dict[str, Any]:
        if self._wait_begun is None:
            self._wait_begun = time.monotonic()
        self.journey.waits += 1
        self._sleep(_POLL_SECONDS)
        # Ask with the previous step: the step itself would mean that the game is over.
        return self._request(None, int(response["step"]) - 1)

    def _play(self, response: dict[str, Any]) -> dict[str, Any]:
        if self._wait_begun is not None:
            self.journey.waited += time.monotonic() - self._wait_begun
            self._wait_begun = None
        if self.journey.time_to_game is None:
            self.journey.time_to_game = time.monotonic() - self._begun
        if len(self.journey.games) >= _MOST_GAMES:
            raise BotError(f"step {response['step']}: the game is shown again after {_MOST_GAMES} games")
        self.journey.games.append(self._play_once(str(response["server"])))
        return self._request(None, int(response["step"]))

    def _play_once(self, url: str) -> Played:
        hello = {"userId": self._ids["userId"], "projectId": self._ids["projectId"]}
        left = self._manner.seconds - (time.monotonic() - self._begun)
        return play(url, hello, self._chance, fast=self._manner.fast, seconds=max(left, 1.0))

    def _request(self, answers: Answers | None, step: int) -> dict[str, Any]:
        url = f"{self._next_url}?{urllib.parse.urlencode({**self._ids, 'step': step})}"
        body = None if answers is None else json.dumps(answers).encode()
        problem = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._sleep(0.5 * 2**attempt)
            try:
                return _send(url, body)
            except urllib.error.HTTPError as error:
                problem = f"{error.code}: {error.read(500).decode(errors='replace')}"
                if error.code < 500 and error.code != 429:
                    break
            except (OSError, http.client.HTTPException, ValueError) as error:
                problem = str(error)
        raise BotError(f"step {step}: the request failed: {problem}")


def _send(url: str, body: bytes | None) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with opener.open(request, timeout=30) as response:
        content = json.loads(response.read())
    if not isinstance(content, dict) or not {"page", "step", "steps"} <= content.keys():
        raise ValueError(f"not a response of the study's API: {str(content)[:100]}")
    return content


def _describe(response: dict[str, Any]) -> str:
    if response["page"] == "wait":
        progress = response.get("progress") or "no progress reported"
        return f"waiting for a server at step {response['step']} ({progress})"
    return f"at step {response['step']} of {response['steps']}"
