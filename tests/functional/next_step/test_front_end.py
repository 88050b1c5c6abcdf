"""The requests of the existing front end, which sends only project and user id, complete whole studies."""

import json
from dataclasses import dataclass, field

import pytest

from tests.support.study_world import (
    CONSENT,
    GAME_URL,
    PROJECT,
    QUIZ,
    SURVEY,
    THANKS,
    USER,
    Answer,
    StudyWorld,
)


@dataclass
class ReactFrontEnd:
    """The existing page's reactions to each response; `seen` holds the pages that the participant saw.

    It GETs when loaded and when a game ends, POSTs a submitted form, and polls every 30 s only after a POST
    that got `wait`. It connects to the game 30 s after the response that shows it.
    """

    world: StudyWorld
    seen: list[str] = field(default_factory=list)
    polls: bool = False
    failed: bool = False

    def load(self) -> None:
        """Open or reload the page."""
        self.polls = False
        self._take(self._get())

    def submit(self, **form: str) -> None:
        """Fill in the form and submit it."""
        answer = self.world.send("POST", json.dumps(form), user=USER, project=PROJECT)
        self.polls = answer.status == 200 and answer.page == "wait"
        self._take(answer)

    def let_time_pass(self, seconds: int) -> None:
        """Wait, and poll if the page does."""
        for _ in range(seconds // 30):
            self.world.clock.advance(30)
            if self.polls:
                self._take(self._get())

    def play(self, seconds: int) -> None:
        """Connect, play for so long, and end the game."""
        assert self.seen[-1] == "game"
        self.world.clock.advance(30 + seconds)
        self._take(self._get())

    def _get(self) -> Answer:
        return self.world.send("GET", None, user=USER, project=PROJECT)

    def _take(self, answer: Answer) -> None:
        self.failed = self.failed or answer.status == 400
        if answer.status != 200:
            return
        if answer.page == "show_game_page":
            self.polls = False
        if answer.page != "wait":
            page = "game" if answer.page == "show_game_page" else answer.page
            if self.seen[-1:] != [page]:
                self.seen.append(page)


@pytest.fixture
def front_end(world: StudyWorld) -> ReactFrontEnd:
    """Return the front end before it is loaded."""
    return ReactFrontEnd(world)


WHOLE_STUDY = [CONSENT, QUIZ, "game", SURVEY, THANKS]


@pytest.mark.parametrize("seconds_to_start", [0, 30, 90, 300])
def test_whole_study(world: StudyWorld, front_end: ReactFrontEnd, seconds_to_start: int) -> None:
    """Given a server that takes so long, every page is seen once, in order, and every answer is kept."""
    front_end.load()
    front_end.submit(page="consent")
    if seconds_to_start == 0:
        world.put_server()
    front_end.submit(page="quiz")
    front_end.let_time_pass(seconds_to_start)
    world.put_server()
    front_end.let_time_pass(30)
    front_end.play(seconds=240)
    front_end.submit(page="survey")

    assert front_end.seen == WHOLE_STUDY
    assert [body for body in world.bodies() if body] == [
        '{"page": "consent"}',
        '{"page": "quiz"}',
        '{"page": "survey"}',
    ]


def test_whole_study_with_a_reload_on_each_page(world: StudyWorld, front_end: ReactFrontEnd) -> None:
    """Given someone who reloads every page, the game within 20 s of its showing, no page is skipped."""
    world.put_server()
    for form in ("consent", "quiz"):
        front_end.load()
        front_end.load()
        front_end.submit(page=form)
    world.clock.advance(20)
    front_end.load()
    front_end.play(seconds=0)
    front_end.load()
    front_end.submit(page="survey")
    front_end.load()

    assert front_end.seen == WHOLE_STUDY


def test_lost_answer_does_not_skip_the_game(world: StudyWorld, front_end: ReactFrontEnd) -> None:
    """Given a POST that reached the game but whose response was lost, the game is shown when the page is
    reloaded at once."""
    world.put_server()
    front_end.load()
    front_end.submit(page="consent")
    world.post({"page": "quiz"})

    front_end.load()

    assert front_end.seen == [CONSENT, QUIZ, "game"]


def test_server_url_is_where_the_front_end_looks_for_it(world: StudyWorld, front_end: ReactFrontEnd) -> None:
    """Given a front end that builds the game's URL itself, it is the one in the response."""
    world.put_server()
    front_end.load()
    front_end.submit(page="consent")

    assert (
        world.post({"page": "quiz"}).content["server"] == GAME_URL == f"wss://{USER}.games.example.org:5000"
    )


def test_closed_study_shows_its_error_page(world: StudyWorld, front_end: ReactFrontEnd) -> None:
    """Given a closed study, the front end gets the 400 that it can show."""
    front_end.load()
    world.publish(live=False)

    front_end.submit(page="consent")

    assert front_end.failed
