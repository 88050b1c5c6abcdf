"""The bounds on connections that have shown no ticket."""

from collections import Counter

from hippo_game.strangers import MOST, MOST_CONNECTIONS_PER_SECOND, MOST_PER_SECOND, Strangers


class FakeTime:
    """A clock in seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class World:
    """Strangers who come slowly, and which of them were closed."""

    def __init__(self) -> None:
        self.clock = FakeTime()
        self.strangers = Strangers(self.clock)
        self.closed: list[str] = []

    def fill(self, address: str, count: int, pause: float = 1.0) -> None:
        """Open connections of one address."""
        for number in range(count):
            self.clock.now += pause
            name = f"{address} {number}"
            self.strangers.add(name, address, lambda name=name: self.closed.append(name))  # type: ignore[misc]

    def count_closed(self) -> dict[str, int]:
        """Return how many of each address were closed."""
        return dict(Counter(name.partition(" ")[0] for name in self.closed))


def test_fullest_address_loses_one() -> None:
    """Given too many connections, only the address with the most loses some, even if another came last."""
    world = World()
    world.fill("quiet", 1)
    world.fill("loud", MOST + 2)
    world.fill("late", 2)

    assert (world.count_closed(), len(world.strangers)) == ({"loud": 5}, MOST)


def test_many_addresses_are_bounded() -> None:
    """Given a connection from each of many addresses, there are never more than the bound."""
    world = World()
    for number in range(3 * MOST):
        world.fill(f"address-{number}", 1)

    assert (len(world.closed), len(world.strangers)) == (2 * MOST, MOST)


def test_new_connections_rarely_push_out_one_that_is_connecting() -> None:
    """Given a loud neighbour at the same address, a participant who needs a moment to connect mostly can."""
    survived = 0
    for _ in range(100):
        world = World()
        world.fill("school", MOST)
        world.strangers.add("participant", "school", lambda world=world: world.closed.append("participant"))
        world.fill("school", 12)
        survived += "participant" not in world.closed

    assert survived > 70


def test_known_connections_are_not_closed() -> None:
    """Given a connection that has shown its ticket, strangers never push it out."""
    world = World()
    world.fill("one", 1)

    world.strangers.remove("one 0")
    world.strangers.remove("never seen")
    world.fill("two", 2 * MOST)

    assert (world.count_closed(), len(world.strangers)) == ({"two": MOST}, MOST)


def test_connections_of_an_address_within_a_second_are_bounded() -> None:
    """Given too many connections of one address, the rest of the second is closed at once, to it alone."""
    world = World()
    world.fill("fast", MOST_CONNECTIONS_PER_SECOND + 3, pause=0)
    world.fill("other", 1, pause=0)
    fast = [f"fast {MOST_CONNECTIONS_PER_SECOND + number}" for number in range(3)]
    assert world.closed == fast

    world.fill("fast", 1, pause=1)

    assert world.closed == fast


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


def test_nobody_is_let_in_after_the_end() -> None:
    """Given the end of the server, all are closed, and those that come later."""
    world = World()
    world.fill("one", 2)
    world.strangers.close()
    world.fill("two", 1)

    assert (world.closed, len(world.strangers)) == (["one 0", "one 1", "two 0"], 0)
