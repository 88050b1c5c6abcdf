"""The bounds on connections that have shown no ticket."""

from hippo_game.strangers import MOST, MOST_PER_ADDRESS, MOST_PER_SECOND, Strangers


class FakeTime:
    """A clock in seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def fill(strangers: Strangers, address: str, count: int, closed: list[str]) -> None:
    """Open connections of one address."""
    for number in range(count):
        name = f"{address} {number}"
        strangers.add(name, address, lambda name=name: closed.append(name))


def test_oldest_of_an_address_is_closed() -> None:
    """Given one connection more than an address may have, only its oldest is closed."""
    strangers, closed = Strangers(), list[str]()
    fill(strangers, "other", 1, closed)

    fill(strangers, "one", MOST_PER_ADDRESS + 1, closed)

    assert (closed, len(strangers)) == (["one 0"], MOST_PER_ADDRESS + 1)


def test_oldest_of_all_is_closed() -> None:
    """Given many addresses, the oldest connection of all is closed for the newest."""
    strangers, closed = Strangers(), list[str]()

    for number in range(MOST + 2):
        fill(strangers, f"address-{number}", 1, closed)

    assert (closed, len(strangers)) == (["address-0 0", "address-1 0"], MOST)


def test_known_connections_are_not_closed() -> None:
    """Given a connection that has shown its ticket, strangers never push it out."""
    strangers, closed = Strangers(), list[str]()
    fill(strangers, "one", 1, closed)

    strangers.remove("one 0")
    strangers.remove("never seen")
    fill(strangers, "one", 2 * MOST_PER_ADDRESS, closed)

    assert closed == [f"one {number}" for number in range(MOST_PER_ADDRESS)]


def test_requests_of_an_address_within_a_second_are_bounded() -> None:
    """Given too many requests of one address, the rest of the second is refused to it alone."""
    clock = FakeTime()
    strangers = Strangers(clock)

    within = [strangers.is_too_fast("one") for _ in range(MOST_PER_SECOND)]
    late = strangers.is_too_fast("one")
    other = strangers.is_too_fast("two")
    clock.now = 1.0
    later = strangers.is_too_fast("one")

    assert (set(within), late, other, later) == ({False}, True, False, False)
