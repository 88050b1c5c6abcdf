"""Compare-and-swap against rival writers: tries and pauses."""

import pytest

from hippo.contention import MOST_WRITE_TRIES, list_write_tries, retry_conflicts
from hippo.errors import ConflictError, TransientError
from tests.support.fakes import FakeClock


def test_pauses_come_between_the_tries() -> None:
    """Given tries that are all used up, each but the first follows a pause; all together take under 2 s."""
    clock = FakeClock()

    assert list(list_write_tries(clock)) == list(range(MOST_WRITE_TRIES))
    assert len(clock.slept) == MOST_WRITE_TRIES - 1
    assert all(0.02 <= pause <= 0.04 * number for number, pause in enumerate(clock.slept, 1))
    assert 0.04 * sum(range(MOST_WRITE_TRIES)) < 2


def test_try_that_wins_is_the_last() -> None:
    """Given two rivals that wrote first, the third try's result is returned."""
    clock, rivals = FakeClock(), [1, 2]

    def swap() -> str:
        if rivals:
            raise ConflictError(str(rivals.pop()))
        return "written"

    assert retry_conflicts(clock, "the list", swap) == "written"
    assert len(clock.slept) == 2


def test_rivals_that_keep_winning() -> None:
    """Given rivals that always win, the error names the object and a later try may succeed."""
    tries: list[int] = []

    def swap() -> None:
        tries.append(1)
        raise ConflictError

    with pytest.raises(TransientError, match="the list: others kept changing it, try again"):
        retry_conflicts(FakeClock(), "the list", swap, 4)
    assert len(tries) == 4
