"""Addresses of tasks: each has its own, with the task port free."""

import socket
import sys
from collections.abc import Iterator

import pytest

from hippo_local.emulator.ecs.addresses import AddressPool, NoAddressError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs addresses that macOS has not made")


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port that nothing else on this machine uses, on any address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield int(probe.getsockname()[1])


def order_of(address: str) -> tuple[int, ...]:
    return tuple(int(part) for part in address.split("."))


def test_lowest_first_begins_at_the_beginning_and_takes_back_what_is_free(free_port: int) -> None:
    """Given a few addresses only, as on macOS, the lowest ones are used again and again."""
    pool = AddressPool(free_port, lowest_first=True)

    first, second = pool.claim(), pool.claim()
    pool.release(first)
    again = pool.claim()

    # Platforms that run beside this test may hold the lowest addresses of all.
    assert order_of(first) < order_of("127.100.1.1")
    assert order_of(second) > order_of(first)
    assert again == first
    pool.release(again)
    pool.release(second)


def test_elsewhere_an_address_that_was_let_go_rests(free_port: int) -> None:
    """Given many addresses, a client of the last task does not meet the next one."""
    pool = AddressPool(free_port, lowest_first=False)

    first = pool.claim()
    pool.release(first)
    second = pool.claim()

    assert second != first
    pool.release(second)


def test_an_address_whose_port_is_taken_is_passed_over(free_port: int) -> None:
    """Given another program on the task port of the next address, the one after it is used."""
    pool = AddressPool(free_port, lowest_first=True)
    lowest = pool.claim()
    pool.release(lowest)

    with socket.create_server((lowest, free_port)):
        claimed = pool.claim()

    assert order_of(claimed) > order_of(lowest)
    pool.release(claimed)


def test_two_platforms_never_have_one_address(free_port: int) -> None:
    """Given two emulators on one machine, a claim of one counts for the other."""
    first, second = (AddressPool(free_port, lowest_first=True) for _ in range(2))

    addresses = {first.claim(), second.claim()}

    assert len(addresses) == 2
    for pool in (first, second):
        for address in addresses:
            pool.release(address)


def test_without_an_address_the_error_says_how_to_make_one(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a machine without 127.100.x.y, the message has the command for macOS."""
    monkeypatch.setattr(AddressPool, "_try_claim", lambda *_: None)

    with pytest.raises(NoAddressError, match="sudo ifconfig lo0 alias"):
        AddressPool(free_port).claim()
