"""The list of mutants keeps up with the code that it breaks."""

import ast

import pytest

from tests.simulation.mutants import MUTANTS, Mutant, break_code


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_applies(mutant: Mutant) -> None:
    """Given a mutant, its text occurs exactly once in its file, and the broken file is still Python."""
    ast.parse(break_code(mutant))
