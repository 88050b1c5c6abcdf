"""One fault, and a sample of two, at every call of start, stop and step; the full set is `make simulate`.

A participant also withdraws at any call.
"""

import pytest

from tests.simulation import cases, units, withdrawals


@pytest.mark.parametrize("act", cases.ACTS)
def test_one_fault_anywhere(act: str) -> None:
    """Given any one fault at any call, when whatever may follow follows, all invariants hold."""
    report = units.run_singles(act)

    assert report.found == []
    assert report.cases > 30


@pytest.mark.parametrize("act", cases.PAIR_ACTS)
def test_two_faults_anywhere(act: str) -> None:
    """Given every fortieth pair of faults, the second at any invocation, all invariants hold."""
    report = units.run_pairs(act, every=40)

    assert report.found == []
    assert report.cases > 400


@pytest.mark.parametrize("act", withdrawals.ACTS)
def test_withdrawal_anywhere(act: str) -> None:
    """Given a withdrawal at any call, repeated messages restore nothing, and a new run works."""
    report = units.run_withdrawals(act)

    assert report.found == []
    assert report.cases > 70
