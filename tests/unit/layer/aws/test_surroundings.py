"""The machine's part in the lifecycle: the time, and whether a port responds."""

import socket
from datetime import timedelta

import pytest

from hippo.clock import SystemClock, from_wire, to_wire
from hippo.invocation import read_invocation
from hippo.servers.start.tools import can_connect
from tests.fakes.clock import FakeClock
from tests.support.study_world import FakeContext


def test_the_time_is_what_is_stored() -> None:
    """Given the system clock, it returns whole milliseconds, so that storing and reading keeps a time."""
    now = SystemClock().now()

    assert from_wire(to_wire(now)) == now


def test_a_port_that_listens_can_be_reached() -> None:
    """Given an open port, a TCP connection opens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert can_connect("127.0.0.1", listener.getsockname()[1], seconds=1)


def test_a_port_that_does_not_listen_cannot() -> None:
    """Given a refused connection, the result is False, not an error."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert not can_connect("127.0.0.1", port, seconds=1)


@pytest.mark.parametrize("context", [FakeContext(60_000, "request-1")])
def test_a_run_ends_with_lambdas_time(context: FakeContext) -> None:
    """Given Lambda's context, the lease lasts until the invocation ends; work stops a margin earlier."""
    clock = FakeClock()

    run = read_invocation(context, clock, margin=10)

    assert run.owner == "request-1"
    assert (run.until, run.ends) == (clock.now() + timedelta(seconds=50), clock.now() + timedelta(seconds=60))


def test_without_a_context_a_run_has_an_id_of_its_own() -> None:
    """Given no context, as `sam local invoke` and tests may have it, defaults apply."""
    clock = FakeClock()

    assert read_invocation(None, clock, margin=10).owner != read_invocation(None, clock, margin=10).owner
