"""How often a check that costs an AWS call is made."""

from hippo.clock import Pace
from tests.support.fakes import FakeClock


def test_the_first_look_is_due_at_once(clock: FakeClock) -> None:
    """Given no check yet, one is due, and no other until time has passed."""
    pace = Pace(clock)

    assert [pace.is_due(), pace.is_due()] == [True, False]


def test_checks_back_off_like_polls(clock: FakeClock) -> None:
    """Given a minute of asking, checks are due after 1 s, then half as long again up to 5 s ± 20 %."""
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
