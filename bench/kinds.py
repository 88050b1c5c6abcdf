"""The kinds of requests that are measured: how a participant gets there, and the request itself."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.worlds import QUIET
from tests.support.server_world import PROJECT, ServerWorld
from tests.support.study_world import OTHER_USER, StudyWorld

UPDATE, START, STOP = "update_project_master_list", "start_server", "stop_server"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request; `prepare` brings the user there, `send` is measured."""

    name: str
    send: Callable[[str], object]
    prepare: Callable[[str], object]


class Journey:
    """The way of a participant through the example study, in a warm environment."""

    def __init__(self, world: StudyWorld) -> None:
        self._world = world

    def get(self, user: str) -> None:
        """Open the link, reload, or poll."""
        self._world.get(user=user)

    def get_quietly(self, user: str) -> None:
        """Open the link of the study whose first page starts nothing."""
        self._world.get(user=user, project=QUIET)

    def post(self, user: str) -> None:
        """Answer the page."""
        self._world.post({"question": "b"}, user=user)

    def see_quiz(self, user: str) -> None:
        """Go to the page before the game."""
        self.get(user)
        self.post(user)

    def wait(self, user: str) -> None:
        """Go to the game, with no server yet."""
        self.see_quiz(user)
        self.post(user)

    def wait_till_list_expires(self, user: str) -> None:
        """Wait at the game for longer than the list is cached."""
        self.wait(user)
        self._world.clock.advance(11)

    def wait_a_minute(self, user: str) -> None:
        """Wait at the game until the next poll looks for other servers and requests one again."""
        self.wait(user)
        self._pass_time(60)

    def wait_till_ready(self, user: str) -> None:
        """Wait at the game until a server has just become ready."""
        self.wait(user)
        self._world.put_server(user=user)

    def play(self, user: str) -> None:
        """Play long enough that a GET may report the game's end."""
        self.wait_till_ready(user)
        self.get(user)
        self._pass_time(30)

    def arrive(self, _: str) -> None:
        """Do nothing, except that another participant has just renewed the list."""
        self._pass_time(0)

    def arrive_quietly(self, _: str) -> None:
        """Do the same in the study whose first page starts nothing."""
        self.get_quietly(OTHER_USER)

    def update(self, _: str) -> None:
        """Publish the study as it is."""
        self._world.update(self._world.config)

    def ask_start(self, user: str) -> None:
        """Request a server directly."""
        assert self._world.control("start", user).status == 200

    def ask_stop(self, user: str) -> None:
        """Request the server's end directly."""
        assert self._world.control("stop", user).status == 200

    def _pass_time(self, seconds: float) -> None:
        self._world.clock.advance(seconds)
        self.get(OTHER_USER)


def list_study_kinds(world: StudyWorld) -> list[Kind]:
    """Return the requests to the API in a warm environment, and the publication of a study."""
    go = Journey(world)
    return [
        Kind("first page", go.get_quietly, go.arrive_quietly),
        Kind("first page that starts the server", go.get, go.arrive),
        Kind("page step", go.post, go.get),
        Kind("reload of a page", go.get, go.get),
        Kind("POST that reaches a game, server not ready", go.post, go.see_quiz),
        Kind("waiting poll", go.get, go.wait),
        Kind("waiting poll that renews the list", go.get, go.wait_till_list_expires),
        Kind("waiting poll after a minute without a record", go.get, go.wait_a_minute),
        Kind("ready poll", go.get, go.wait_till_ready),
        Kind("page step that stops the server", go.get, go.play),
        Kind("GET /start", go.ask_start, go.arrive),
        Kind("GET /stop", go.ask_stop, go.arrive),
        Kind(UPDATE, go.update, go.arrive),
    ]


def list_server_kinds(world: ServerWorld) -> list[Kind]:
    """Return the messages to `start_server` and `stop_server`; every wait ends at its first check."""

    def start(user: str) -> None:
        world.start({"projectId": PROJECT, "userId": user, "requestId": user})

    def stop(user: str) -> None:
        world.stop({"projectId": PROJECT, "userId": user})

    def free_slots(_: str) -> None:
        for name in world.names():
            stop(name.split(".", 1)[0])

    def start_and_play(user: str) -> None:
        start(user)
        world.clock.advance(60)

    return [Kind(START, start, free_slots), Kind(STOP, stop, start_and_play)]
