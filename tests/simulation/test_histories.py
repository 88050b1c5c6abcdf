"""Random long histories; `SIMULATION_SEED=<seed>` before the command runs a failing one again."""

import pytest

from tests.simulation import units


def test_histories(capsys: pytest.CaptureFixture[str]) -> None:
    """Given 20,000 operations of participants, operators and mishaps, then all invariants hold."""
    seed = units.choose_seed()
    with capsys.disabled():
        print(f"\nSIMULATION_SEED={seed}")  # noqa: T201  # a run that fails elsewhere can be repeated here

    report = units.run_histories(seed)

    assert report.found == [], f"SIMULATION_SEED={seed} .venv/bin/python -m pytest {__file__}"
    assert report.cases >= units.OPERATIONS
