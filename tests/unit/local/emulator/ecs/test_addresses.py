"""Tests of task addresses: each task has its own, with the task port free."""

import socket
import sys
from collections.abc import Iterator

import pytest

from hippo_local.emulator.ecs.addresses import AddressPool, NoAddressError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs addresses that macOS has not made")


@pytest.fixture
def free_port() -> Iterator[int]:
    """Return a port that nothing else on this machine uses, on any address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield int(probe.getsockname()[1])


def order_of(address: str) -> tuple[int, ...]:
    return tuple(int(part) for part in address.split("."))


def test_lowest_first_reuses_released_addresses(free_port: int) -> None:
    """Given only a few addresses, as on macOS, the lowest free one is used again."""
    pool = AddressPool(free_port, lowest_first=True)

    first, second = pool.claim(), pool.claim()
    pool.release(first)
    again = pool.claim()

    # Other platforms that run during this test may hold the lowest addresses of all.
    assert order_of(first) < order_of("127.100.1.1")
    assert order_of(second) > order_of(first)
    assert again == first
    pool.release(again)
    pool.release(second)


def test_elsewhere_a_released_address_is_not_reused_at_once(free_port: int) -> None:
    """Given many addresses, the next task gets another address than the last one."""
    pool = AddressPool(free_port, lowest_first=False)

    first = pool.claim()
    pool.release(first)
    second = pool.claim()

    assert second != first
    pool.release(second)


def test_an_address_whose_port_is_in_use_is_skipped(free_port: int) -> None:
    """Given another program on the task port of the next address, the following address is used."""
    pool = AddressPool(free_port, lowest_first=True)
    lowest = pool.claim()
    pool.release(lowest)

    with socket.create_server((lowest, free_port)):
        claimed = pool.claim()

    assert order_of(claimed) > order_of(lowest)
    pool.release(claimed)


def test_two_platforms_never_share_an_address(free_port: int) -> None:
    """Given two emulators on one machine, neither can claim an address that the other holds."""
    first, second = (AddressPool(free_port, lowest_first=True) for _ in range(2))

    addresses = {first.claim(), second.claim()}

    assert len(addresses) == 2
    for pool in (first, second):
        for address in addresses:
            pool.release(address)


def test_without_an_address_the_error_says_how_to_add_one(
    free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a machine without 127.100.x.y, the message has the command for macOS."""
    monkeypatch.setattr(AddressPool, "_try_claim", lambda *_: None)

    with pytest.raises(NoAddressError, match="sudo ifconfig lo0 alias"):
        AddressPool(free_port).claim()
