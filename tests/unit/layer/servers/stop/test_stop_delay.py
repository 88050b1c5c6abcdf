"""stop_server: a delay moves the deadline, and nothing waits."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from hippo.errors import AwsError
from tests.fakes.world import NAME, LifecycleWorld


def throttled(operation: str) -> AwsError:
    """Return the error that an adapter raises when AWS throttles."""
    return AwsError(operation, "ThrottlingException", retryable=True)


def test_a_delay_moves_the_deadline_earlier(ready_world: LifecycleWorld) -> None:
    """Given a delay, the rule is armed again, nothing is stopped now, and the handler does not sleep."""
    now = ready_world.clock.now()

    ready_world.stop({"delay": 5})

    assert ready_world.record().deadline == now + timedelta(minutes=5)
    [armed] = ready_world.journal.arguments("rules.arm")
    assert armed["moment"] == now + timedelta(minutes=5)
    assert (ready_world.record().state, ready_world.clock.now()) == ("ready", now)


def test_a_delay_never_moves_it_later(ready_world: LifecycleWorld) -> None:
    """Given a server that ends sooner, it keeps its deadline and its rule."""
    deadline, fires = ready_world.record().deadline, ready_world.rules.rules[NAME].fires

    ready_world.stop({"delay": 50})

    assert (ready_world.record().deadline, ready_world.rules.rules[NAME].fires) == (deadline, fires)


def test_the_delayed_stop_happens(ready_world: LifecycleWorld) -> None:
    """Given a delay that is over, the rule stops the server."""
    ready_world.stop({"delay": 5, "reason": "lab closes"})

    ready_world.let_minutes_pass(7)

    assert ready_world.left() == {}
    assert ready_world.record().reason == "lab closes"


def test_a_short_delay_still_gives_a_rule_that_fires(ready_world: LifecycleWorld) -> None:
    """Given a minute that is just ending, the rule is armed a minute ahead: its cron might never fire."""
    ready_world.stop({"delay": 0.01})

    [armed] = ready_world.journal.arguments("rules.arm")
    assert armed["moment"] == ready_world.clock.now() + timedelta(minutes=1)


def test_a_rule_that_took_too_long_to_arm_is_armed_again(ready_world: LifecycleWorld) -> None:
    """Given PutRule throttled past the minute in which it should fire, the rule is armed a minute ahead."""
    ready_world.journal.before("rules.arm", lambda: ready_world.clock.advance(200))

    ready_world.stop({"delay": 1})
    ready_world.let_minutes_pass(3)

    assert ready_world.left() == {}


def test_a_delay_is_armed_by_the_retry_if_the_first_try_failed(ready_world: LifecycleWorld) -> None:
    """Given PutRule throttled after the record was written, the delay is not lost."""
    ready_world.journal.fail("rules.arm", throttled("events:PutRule"))
    message, sent_at = {"delay": 5}, ready_world.clock.now()
    with pytest.raises(AwsError):
        ready_world.stop(message, owner="same", sent_at=sent_at)

    ready_world.stop(message, owner="same", sent_at=sent_at)

    fires = ready_world.rules.rules[NAME].fires
    assert fires
    assert fires <= sent_at + timedelta(minutes=6)


def test_a_delay_that_is_over_when_it_arrives_stops_at_once(ready_world: LifecycleWorld) -> None:
    """Given a message that arrives late, the delay counts from when it was sent."""
    sent_at = ready_world.clock.now()
    ready_world.clock.advance(6 * 60)

    ready_world.stop({"delay": 5}, sent_at=sent_at)

    assert ready_world.left() == {}


@pytest.mark.parametrize("prepare", [lambda world: None, lambda world: world.stop()], ids=["none", "stopped"])
def test_a_delay_without_a_server_starts_nothing(
    world: LifecycleWorld, prepare: Callable[[LifecycleWorld], None]
) -> None:
    """Given nothing to delay, the message is ignored."""
    prepare(world)

    world.stop({"delay": 5})

    assert world.left() == {}
