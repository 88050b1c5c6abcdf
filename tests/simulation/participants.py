"""Participants as their browser's page behaves: they answer, poll, play, and retry what failed."""

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulation.scheduler import Program

if TYPE_CHECKING:
    from tests.simulation.world import World

CONNECTS_AFTER = 30.0  # seconds: an existing front end, which ends the game by a GET when the socket closes
GAVE_UP = "server_failed"  # what the page for a failed server is marked with
POLL = 15.0  # seconds; the browser's own is shorter, existing front ends take 30


@dataclass(frozen=True, slots=True)
class Request:
    """A browser's request: an answer, if it has one, and the step that it has just finished."""

    method: str
    body: str | None = None
    step: int | None = None
    retry: bool = False


class Participant:
    """A participant of the study; each of their answers is a different text."""

    def __init__(self, world: "World", user: str, project: str) -> None:
        self._world = world
        self.user = user
        self.project = project
        self.last: dict[str, Any] = {}
        self.kept: list[str] = []  # the answers that got a 200
        self.lost: list[str] = []  # and those that did not
        self.shown: list[dict[str, Any]] = []
        self.failed: Request | None = None
        self.says_step = True  # an existing front end never does
        self._numbers = itertools.count(1)
        self._count = 0

    def build_answer(self) -> str:
        """Return a new answer."""
        self._count += 1
        return json.dumps({"answer": f"{self.user}-{self._count}"})

    def begin(self, request: Request) -> Program:
        """Send a request; the program that answers it begins when time passes."""
        query = {"projectId": self.project, "userId": self.user}
        if request.step is not None and self.says_step:
            query["step"] = str(request.step)
        if request.retry:
            query["retry"] = "1"
        event = {
            "httpMethod": request.method,
            "queryStringParameters": query,
            "headers": {},
            "body": request.body,
            "requestContext": {"requestId": f"{self.user}-request-{next(self._numbers)}"},
        }
        program = self._world.lambdas.invoke("next_step", event)
        self._world.requests.append((self, program, request.body))
        return program

    def note(self, program: Program, body: str | None) -> dict[str, Any] | None:
        """Take the result of a request: the content of a 200, otherwise None."""
        answer = program.answer or {"statusCode": 502}
        if answer["statusCode"] != 200:
            self.lost += [body] if body else []
            return None
        self.kept += [body] if body else []
        self.last = json.loads(answer["body"])
        self.shown.append(self.last)
        return self.last

    def send(self, request: Request) -> dict[str, Any] | None:
        """Send a request and wait for its response."""
        program = self.begin(request)
        self._world.scheduler.run_program(program)
        return self._world.take_answer(program)

    def come_back(self) -> None:
        """Let the page ask, until it has a response, whether its game is still there: after a while away."""
        if self.last.get("page") != "show_game_page" or not self.says_step:
            return
        for wait in (1, 2, 4, 8, 16, 60):
            if self.send(Request("GET", step=self.step - 1)):
                return
            self._world.scheduler.wait(wait)

    def choose_request(self) -> Request:
        """Return the page's next request: load, answer, poll, or end the game; a failed one again."""
        if self.failed:
            return self.failed
        if not self.last:
            return Request("GET", step=0)
        page, step = self.last["page"], self.step
        if page == "wait":
            return Request("GET")
        if self.last.get("error") == GAVE_UP and self.last.get("mayRetry"):
            return Request("GET", retry=True)
        if page == "show_game_page":
            return Request("GET", step=step)
        return Request("POST", self.build_answer(), step)

    def try_once(self) -> dict[str, Any] | None:
        """Send the next request without waiting."""
        request = self.choose_request()
        answer = self.send(request)
        self.failed = None if answer else request
        if self.failed and not self.says_step:
            self.failed = Request("GET")  # its page hangs, and the participant reloads it
        return answer

    def go_on(self) -> None:
        """Send the next request until it has succeeded."""
        if not self.says_step:
            self._world.scheduler.wait(CONNECTS_AFTER)
        elif self.last.get("page") == "wait":
            self._world.scheduler.wait(POLL)
        for wait in (1, 2, 4, 8, 16, 60):
            if self.try_once():
                return
            self._world.scheduler.wait(wait)

    @property
    def step(self) -> int:
        """The step that the page shows, 0 before the first."""
        return int(self.last.get("step", 0))

    @property
    def is_through(self) -> bool:
        """Whether the page shown is the final one, or says that the game is unavailable."""
        has_failed = self.last.get("error") == GAVE_UP and not self.last.get("mayRetry")
        return has_failed or (bool(self.last) and self.step > self.last["steps"])

    def finish(self, most: int = 400) -> None:
        """Continue until nothing is left to do."""
        for _ in range(most):
            if self.is_through:
                return
            self.go_on()
        raise AssertionError(f"{self.user} does not come to the end: {str(self.last)[:300]}")
