"""Fixtures for tests of the example's game server, and its place on the import path."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from tests.support.game_client import KEY, PROJECT, USER
from tests.support.paths import EXAMPLE

STUDY = EXAMPLE
# The server's modules are in one folder and run as a script, so that folder must be on the path.
sys.path.insert(0, str(STUDY / "App"))


class FakeStore:
    """A store in memory whose first `failures` writes fail."""

    def __init__(self, failures=0):
        self.files, self.failures, self.tries = {}, failures, 0

    def write(self, key, data):
        """Keep the file, or fail while failures are left."""
        from recorder import StoreError

        self.tries += 1
        if self.failures:
            self.failures -= 1
            raise StoreError("not now")
        self.files[key] = data

    def lines(self):
        """Return all lines of all files, parsed, in the order of their keys."""
        return [json.loads(line) for key in sorted(self.files) for line in self.files[key].splitlines()]


class FakeEnvironment:
    """A game without chance: the state is the number of steps, and the goal is reached at `goal`."""

    max_steps = 600

    def __init__(self, goal=1000):
        self.goal, self.position, self.codes, self.captions = goal, 0, [], []
        self.is_broken = False

    def reset(self):
        """Go back to 0."""
        self.position = 0
        return [0.0]

    def step(self, code):
        """Increase the state by one, whatever the action."""
        from environment import Outcome

        if self.is_broken:
            raise RuntimeError("broken")
        self.codes.append(code)
        self.position += 1
        return Outcome([float(self.position)], -1.0, self.position >= self.goal, False)

    def draw_frame(self, caption=""):
        """Return a placeholder picture."""
        self.captions.append(caption)
        return b"picture"

    def close(self):
        """Do nothing: there are no resources."""


@pytest.fixture
def make_settings(tmp_path) -> Callable:
    """Return a function that builds settings for a fast test server on a free port."""
    from settings import read_settings

    def make(environ=(), **trial):
        config = {
            "game": "MountainCar-v0",
            "actionSpace": ["left", "noop", "right"],
            "ui": {"left": True, "up": False, "start": True},
            "startingFrameRate": 90,
            "episodePause": 0,
            "maxEpisodes": 2,
            **trial,
        }
        base = {
            "HOST": "127.0.0.1",
            "PORT": "0",
            "PROJECT_ID": "mountain_car",
            "DATA_FOLDER": str(tmp_path / "data"),
            "TRIAL_CONFIG": json.dumps({"trial": config}),
        }
        return read_settings({**base, **dict(environ)}, app=tmp_path)

    return make


@pytest.fixture
def guard(make_settings):
    """Return a function that makes the settings of a server with a key."""

    def make(use="required", **environ):
        own = {
            "HIPPO_USER_ID": USER,
            "HIPPO_PROJECT_ID": PROJECT,
            "HIPPO_TICKETS": use,
            "HIPPO_TICKET_KEY": KEY,
        }
        return make_settings({"PROJECT_ID": "", **own, **environ})

    return make


@pytest.fixture
def store() -> FakeStore:
    """Return a store in memory that never fails."""
    return FakeStore()


@pytest.fixture
def make_store() -> type[FakeStore]:
    """Return a function that creates stores whose first writes fail."""
    return FakeStore


@pytest.fixture
def environment() -> FakeEnvironment:
    """Return a game whose goal is far away."""
    return FakeEnvironment()


@pytest.fixture
def make_recorder():
    """Return a function that creates recorders, which retry at once and are closed afterwards."""
    from recorder import Recorder

    made = []

    def make(store, rescue=None):
        made.append(Recorder(store, rescue, retry_seconds=0.01))
        return made[-1]

    yield make
    for recorder in made:
        recorder.close(0)


@pytest.fixture
def saved(make_recorder, store):
    """Return a function that returns all lines once they are written; its `recorder` is the trials'
    recorder.
    """
    recorder = make_recorder(store)

    def read():
        assert recorder.flush(10)
        return store.lines()

    read.recorder = recorder
    return read


@pytest.fixture
def make_trial(make_settings, saved, environment):
    """Return a function that creates a trial of the fake game, with a clock that does not move."""
    from game import Participant, Trial

    def make(**trial):
        settings = make_settings(**trial).trial
        return Trial(
            settings,
            Participant(USER, "mountain_car"),
            environment,
            saved.recorder,
            clock=lambda: datetime(2025, 3, 1, 14, 22, 5, 120_000, tzinfo=UTC),
        )

    return make


@pytest.fixture
def play(make_settings, make_recorder, store) -> Callable:
    """Return a function that runs a scripted player against the real server on a free loopback port."""
    from server import run_server

    @asynccontextmanager
    async def serving(settings, recorder):
        stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
        server = asyncio.create_task(
            run_server(settings, recorder, stop, lambda s: port.set_result(s.sockets[0].getsockname()[1]))
        )
        done, _ = await asyncio.wait([server, port], return_when=asyncio.FIRST_COMPLETED)
        if server in done:
            await server
        try:
            yield f"127.0.0.1:{port.result()}"
        finally:
            stop.set()
            await server

    def run(player: Callable[[str], Awaitable], settings=None, into=None):
        async def whole():
            recorder = make_recorder(into or store)
            async with serving(settings or make_settings(), recorder) as address:
                return await asyncio.wait_for(player(address), 30)

        return asyncio.run(whole())

    return run
