"""A study runs its own task definition, of a size that the operator allows."""

from typing import Any

import pytest

from hippo.studies.task_rules import SizeLimits, TaskRules

STEPS = {"1": "game", "finalStep": "thanks.html"}
RULES = TaskRules(SizeLimits(4, 16), ("shared", "lab-*"))


def make_config(**changes: Any) -> dict[str, Any]:
    """Return the parts of a config that the rules read."""
    return {"id": "maze", "ecsTask": "maze", "steps": STEPS, **changes}


@pytest.mark.parametrize(
    "definition",
    ["maze", "maze:7", "arn:aws:ecs:ca-central-1:123456789012:task-definition/maze:7", "shared:2", "lab-7"],
)
def test_own_and_allowed_families_are_accepted(definition: str) -> None:
    """Given the project's own family, or one that the operator allows, nothing is wrong."""
    assert RULES.check(make_config(ecsTask=definition)) == []


@pytest.mark.parametrize(
    "definition",
    [
        "other",
        "maze-2",
        "mazes:1",
        "shared2",
        "lab",
        "arn:aws:ecs:ca-central-1:123456789012:task-definition/other:1",
        "maze:x",
        "maze/other",
        "other:1:maze",
    ],
)
def test_other_families_are_refused(definition: str) -> None:
    """Given the family of another study, the error names it and what to write instead."""
    (error,) = RULES.check(make_config(ecsTask=definition))

    assert error.startswith(f"ecsTask: {definition} is not a task definition of this project. Write maze")


@pytest.mark.parametrize(
    ("setup", "is_refused"),
    [
        ({"cpu": 4, "memory": 16}, False),
        ({"cpu": "8", "memory": 16}, True),
        ({"cpu": 4, "memory": 17}, True),
        ({"cpu": "inf"}, True),
        ({"cpu": "nan"}, True),
        ({}, False),
        (None, False),
        ({"cpu": "many"}, False),
    ],
)
def test_size_is_limited(setup: Any, is_refused: bool) -> None:
    """Given a size in awsSetup, only a number beyond the limits is refused."""
    assert bool(RULES.check(make_config(awsSetup=setup))) == is_refused


def test_default_size_counts() -> None:
    """Given no size, the one that is registered then is compared, unless the study has no game."""
    tight = TaskRules(SizeLimits(1, 2))

    assert tight.check(make_config()) != []
    assert tight.check(make_config(steps={"1": "a.html", "finalStep": "b.html"})) == []
