"""Everything that AWS may do at once, drawn from one seed: faults, delays, duplicates, slow calls."""

import random

from tests.simulation.boundary import Fault, Point
from tests.simulation.cases import PAIR_FAULTS
from tests.simulation.sns import SOON, Message
from tests.simulation.world import World

FAULT_RATE, SLOW_RATE = 0.01, 0.01
DUPLICATE_RATE, LATE_RATE = 0.1, 0.1
LATEST = 3600.0  # seconds that SNS may hold a message back


class Chaos:
    """A world with faults at any moment, until it is calmed."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._random = random.Random(seed)
        world.boundary.choose_fault = self._choose_fault
        world.boundary.draw_latency = self._draw_latency
        world.sns.plan_delivery = self._plan_delivery
        world.events.seconds_late = self._random.uniform(0, 50)

    def calm(self) -> None:
        """Stop all faults; what is running comes to its end."""
        world = self._world
        world.boundary.choose_fault = world.boundary.draw_latency = None
        world.boundary.calm_since = world.scheduler.time
        world.boundary.limits.storms.clear()
        world.sns.plan_delivery = lambda _: [SOON]
        world.ecs.shortages.clear()
        world.ecs.failures.clear()
        world.s3.conflicts = world.events.failed_entries = world.route53.prior_requests = 0

    def _choose_fault(self, point: Point) -> Fault | None:
        if self._random.random() >= FAULT_RATE:
            return None
        return self._random.choice(PAIR_FAULTS)

    def _draw_latency(self) -> float:
        slow = self._random.random() < SLOW_RATE
        return self._random.uniform(0.5, 20) if slow else self._random.uniform(0.01, 0.1)

    def _plan_delivery(self, message: Message) -> list[float]:
        count = 2 if self._random.random() < DUPLICATE_RATE else 1
        return [self._draw_delay() for _ in range(count)]

    def _draw_delay(self) -> float:
        if self._random.random() >= LATE_RATE:
            return self._random.uniform(0.02, 1)
        return self._random.choice([self._random.uniform(1, 60), self._random.uniform(60, LATEST)])
