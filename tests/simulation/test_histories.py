"""Random long histories; `SIMULATION_SEED=<seed>` before the command runs a failing one again."""

import os
import re
import subprocess
import sys

import pytest

from tests.simulation import units
from tests.support.paths import ROOT


def test_histories(capsys: pytest.CaptureFixture[str]) -> None:
    """Given 20,000 operations of participants, operators and mishaps, all invariants hold."""
    # In a process of its own: a thread or a cache of another test cannot change a history that is run again.
    seed = units.choose_seed()
    with capsys.disabled():
        print(f"\nSIMULATION_SEED={seed}")  # noqa: T201  # a run that fails elsewhere can be repeated here

    run = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "histories"],
        cwd=ROOT,
        env={**os.environ, "SIMULATION_SEED": str(seed), "PYTHONPATH": f"{ROOT / 'layer'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    done = re.search(r"^histories: (\d+) operations$", run.stdout, re.MULTILINE)
    assert done, run.stdout
    assert int(done[1]) >= units.OPERATIONS
