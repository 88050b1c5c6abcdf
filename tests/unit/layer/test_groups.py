"""Groups agree with the copies of the rule in deployed game servers, and never fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.groups import assign_group

IDS = (
    "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c",
    "00000000-0000-4000-8000-00000000000f",
    "123e4567-e89b-42d3-a456-426614174000",
)
USER_IDS = st.from_regex(r"\A[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?\Z")


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(1, (0, 0, 0)), (2, (0, 1, 0)), (3, (0, 0, 0)), (4, (0, 3, 0)), (5, (2, 0, 0)), (6, (1, 3, 0))],
)
def test_pinned_groups(groups: int, expected: tuple[int, ...]) -> None:
    """Given n groups, these ids are in these groups permanently."""
    assert tuple(assign_group(user_id, groups) for user_id in IDS) == expected


@pytest.mark.parametrize(
    ("groups", "digits"), [(2, 1), (3, 1), (4, 1), (5, 1), (6, 3), (10, 5), (15, 5), (30, 15)]
)
def test_number_of_digits_that_count(groups: int, digits: int) -> None:
    """Given n groups, the last k hex digits count: k is the product of n's prime factors but the smallest."""
    zeros = "0" * 20
    changed = [i for i in range(20) if assign_group(zeros[:i] + "1" + zeros[i + 1 :], groups)]

    assert changed == list(range(20 - digits, 20))


@given(USER_IDS, st.integers(1, 40))
def test_every_id_has_a_stable_group_within_range(user_id: str, groups: int) -> None:
    """Given any id and any number of groups, the group is the same each time, from 0 to n - 1."""
    group = assign_group(user_id, groups)

    assert 0 <= group < groups
    assert assign_group(user_id, groups) == group


@pytest.mark.parametrize("groups", [2, 3, 4, 5, 6, 7])
def test_ids_that_are_not_hex_are_spread_evenly(groups: int) -> None:
    """Given 3000 ids that end in other letters, every group has at least 80 % of its share."""
    sizes = [0] * groups
    for number in range(3000):
        sizes[assign_group(f"player-{number}-z", groups)] += 1

    assert min(sizes) > 0.8 * 3000 / groups


@pytest.mark.parametrize("user_id", ["a-1", "1-", "ab", "f"])
@pytest.mark.parametrize("groups", [6, 10])
def test_ids_with_too_few_digits_have_a_group(user_id: str, groups: int) -> None:
    """Given an id that is too short, or has a hyphen among the digits that count, nothing fails."""
    assert assign_group(user_id, groups) in range(groups)
