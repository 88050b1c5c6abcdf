"""The group of a participant, which decides the page variants they see.

Existing game servers compute the same group from the same id.
"""

import hashlib
from collections.abc import Sequence
from math import prod

MOST_GROUPS = 1000  # far more than any study has variants


def assign_group(user_id: str, groups: int) -> int:
    """Return the group of a participant: 0 ≤ group < `groups`.

    Deployed game servers have a copy of this rule: the sum of the last k hex digits of the id, modulo n.
    If that is impossible (other characters, no digits), an even and stable hash of the id decides.
    """
    if groups < 2:
        return 0
    digits = user_id[-_count_digits(groups) :]
    try:
        return sum(int(digit, 16) for digit in digits) % groups
    except ValueError:
        return int(hashlib.sha256(user_id.encode()).hexdigest(), 16) % groups


def choose_group(filled: Sequence[int], project_id: str, user_id: str) -> int:
    """Return one of the groups with the fewest participants.

    Among equals a hash of the id decides, so that the order of arrival alone does not.
    """
    least = [group for group, number in enumerate(filled) if number == min(filled)]
    digest = hashlib.sha256(f"{project_id}/{user_id}".encode()).hexdigest()
    return least[int(digest, 16) % len(least)]


def read_group(value: object) -> int | None:
    """Return a group from a record or message; None if the value is not a group."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_GROUPS:
        return value
    return None


def _count_digits(groups: int) -> int:
    """Return k: the product of n's distinct prime factors except the first in CPython's set order.

    The order of a set is part of the rule because the copies in game servers depend on it.
    For n < 33 the first is the smallest.
    """
    factors = list({f for f in range(2, groups + 1) if groups % f == 0 and _is_prime(f)})
    return prod(factors[1:])


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))
