"""Which variant of a page a participant sees; existing game servers compute the same from the same id."""

import hashlib
from math import prod


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


def _count_digits(groups: int) -> int:
    """k: the product of n's distinct prime factors but the first in CPython's set order.

    The order of a set is part of the rule because the copies in game servers take it from there;
    for n < 33 the first is the smallest.
    """
    factors = list({f for f in range(2, groups + 1) if groups % f == 0 and _is_prime(f)})
    return prod(factors[1:])


def _is_prime(number: int) -> bool:
    return all(number % divisor for divisor in range(2, int(number**0.5) + 1))
