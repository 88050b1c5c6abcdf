"""Which variant of a page a participant sees; existing game servers compute the same from the same id."""

import hashlib
from collections.abc import Sequence
from math import prod

MOST_GROUPS = 1000  # far more than anybody has variants


def assign_group(user_id: str, groups: int) -> int:
    """The group of a participant: 0 ≤ group < `groups`.

    The rule is the one that deployed game servers have a copy of: the sum of the last k hex digits of the
    id modulo n. Where it cannot work (other characters, no digits), an even and stable hash of the id.
    """
    if groups < 2:
        return 0
    digits = user_id[-_count_digits(groups) :]
    try:
        return sum(int(digit, 16) for digit in digits) % groups
    except ValueError:
        return int(hashlib.sha256(user_id.encode()).hexdigest(), 16) % groups


def choose_group(filled: Sequence[int], project_id: str, user_id: str) -> int:
    """One of the groups that hold the fewest.

    Among equals a hash of the id decides, so that the order of arrival alone does not.
    """
    least = [group for group, number in enumerate(filled) if number == min(filled)]
    digest = hashlib.sha256(f"{project_id}/{user_id}".encode()).hexdigest()
    return least[int(digest, 16) % len(least)]


def read_group(value: object) -> int | None:
    """A group as records and messages hold it; what is none is None."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_GROUPS:
        return value
    return None


def _count_digits(groups: int) -> int:
    """k: the product of n's distinct prime factors but the first in CPython's set order.

    The order of a set is part of the rule because the copies in game servers take it from there;
    for n < 33 the first is the smallest.
    """
    factors = list({f for f in range(2, groups + 1) if groups % f == 0 and _is_prime(f)})
    return prod(factors[1:])


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))
