"""How often something that costs an AWS call is looked at."""

from hippo.clock import Pace
from tests.support.fakes import FakeClock


def test_the_first_look_is_due_at_once(clock: FakeClock) -> None:
    """Given no look yet, then one is due, and then none until time has passed."""
    pace = Pace(clock)

    assert [pace.is_due(), pace.is_due()] == [True, False]


def test_looks_back_off_like_polls(clock: FakeClock) -> None:
    """Given somebody who asks all the time for a minute, then looks come after 1 s, half as long again
    each time, up to every 5 s, each up to a fifth sooner or later."""
    pace = Pace(clock)
    looks = []

    for _ in range(6000):
        if pace.is_due():
            looks.append(clock.now())
        clock.sleep(0.01)

    gaps = [(later - sooner).total_seconds() for sooner, later in zip(looks, looks[1:], strict=False)]
    planned = [1, 1.5, 2.25, 3.375, *[5] * (len(gaps) - 4)]
    assert len(gaps) > 9
    assert all(0.8 * p <= gap <= 1.2 * p + 0.02 for gap, p in zip(gaps, planned, strict=True))
