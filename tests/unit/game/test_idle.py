"""The watch that ends a server without a player."""

import asyncio

import pytest

from hippo.servers.task_events import IDLE_EXIT_CODE
from hippo_game import idle
from tests.unit.game.test_strangers import FakeTime


def test_server_without_a_player_is_idle_after_its_minutes() -> None:
    """Given no player who ever joined, a server is idle after its minutes."""
    time = FakeTime()
    watch = idle.IdleWatch(10, time)

    time.now += 599
    assert watch.seconds_left == 1
    time.now += 1
    assert watch.seconds_left == 0


def test_minutes_count_from_when_the_last_player_left() -> None:
    """Given a player in two windows, the minutes begin when both are closed."""
    time = FakeTime()
    watch = idle.IdleWatch(10, time)
    watch.join("one")
    watch.join("two")
    time.now += 3600
    watch.leave("one")
    time.now += 3600
    assert watch.seconds_left == 600

    watch.leave("two")
    time.now += 60

    assert watch.seconds_left == 540


def test_strangers_do_not_keep_a_server() -> None:
    """Given a connection that never joined, its end does not begin the minutes again."""
    time = FakeTime()
    watch = idle.IdleWatch(10, time)
    time.now += 500

    watch.leave("a stranger")

    assert watch.seconds_left == 100


def test_wait_ends_only_without_a_player() -> None:
    """Given a player who leaves, the wait ends after that, and without minutes it never ends."""

    async def run() -> list[bool]:
        watch, endless = idle.IdleWatch(0.001), idle.IdleWatch(None)
        watch.join("one")
        waits = [asyncio.create_task(one.wait()) for one in (watch, endless)]
        await asyncio.sleep(0.2)
        had_ended = waits[0].done()
        watch.leave("one")
        await waits[0]
        ended = [had_ended, waits[1].done()]
        waits[1].cancel()
        return ended

    assert asyncio.run(run()) == [False, False]


@pytest.mark.parametrize(("text", "minutes"), [("10", 10), ("0.5", 0.5), ("", None), (None, None)])
def test_minutes_are_read(text: str | None, minutes: float | None) -> None:
    """Given the variable, its minutes; without it a server never ends itself."""
    environ = {} if text is None else {"HIPPO_IDLE_MINUTES": text}

    assert idle.read_idle_minutes(environ) == minutes


@pytest.mark.parametrize("text", ["0", "-1", "soon", "inf", "nan"])
def test_minutes_that_are_not_minutes_are_refused(text: str) -> None:
    """Given another text, the error names the variable."""
    with pytest.raises(ValueError, match="HIPPO_IDLE_MINUTES"):
        idle.read_idle_minutes({"HIPPO_IDLE_MINUTES": text})


def test_platform_and_library_agree_on_the_exit_code() -> None:
    """Given the two copies of the exit code, they are equal."""
    assert idle.EXIT_CODE == IDLE_EXIT_CODE
