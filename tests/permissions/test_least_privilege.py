"""Least privilege: the template's roles allow the recorded requests, and nothing else.

The record is committed; `make prove-permissions` creates it again. Here a part of the simulation runs, and in
test_recording.py the local platform, so that the record stays up to date.
"""

from dataclasses import replace

import pytest

from tests.permissions.exceptions import UNSEEN, explain
from tests.permissions.judge import Mutant, find_refused, find_survivors, list_all_mutants
from tests.permissions.policies import list_statements
from tests.permissions.requests import PLATFORM, SIMULATION, Request, load_requests
from tests.permissions.simulated import record_simulation
from tests.permissions.table import read_table, write_table

EVERY = 6  # cases of the simulation; the whole takes half a minute


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    """Return the requests recorded on the local platform and in the simulation."""
    return [*load_requests(PLATFORM), *load_requests(SIMULATION)]


@pytest.fixture(scope="module")
def survivors(requests: list[Request]) -> list[Mutant]:
    """Return the mutants of the template that no recorded request reveals."""
    return find_survivors(list_statements(), requests)


def test_everything_recorded_is_allowed(requests: list[Request]) -> None:
    """Given the requests of every role, the template's policies allow all of them."""
    assert find_refused(list_statements(), requests) == []


def test_no_recorded_request_was_refused(requests: list[Request]) -> None:
    """Given the record, no role was refused anything, because a refusal that a function handles could
    hide a missing permission."""
    assert [request for request in requests if not request.is_allowed] == []


def test_nothing_more_is_allowed(survivors: list[Mutant]) -> None:
    """Given a policy without any one action, resource or condition's value, a recorded request is refused."""
    assert [str(mutant) for mutant in survivors if explain(mutant) is None] == []


def test_most_of_it_is_proven_by_use(survivors: list[Mutant]) -> None:
    """Given the mutants of all policies, the exceptions explain a quarter of them at most."""
    mutants = list_all_mutants(list_statements())

    assert len(mutants) > 250
    assert len(survivors) < len(mutants) / 4


@pytest.mark.parametrize("entry", UNSEEN, ids=lambda entry: f"{entry.role}-{entry.action}")
def test_each_exception_is_needed(survivors: list[Mutant], entry: object) -> None:
    """Given an exception, it explains a permission in the template that no recorded request uses."""
    assert [mutant for mutant in survivors if explain(mutant) is entry]


def test_the_simulation_asks_for_nothing_else() -> None:
    """Given a part of the simulation's cases, the record has all of their requests."""
    assert record_simulation(EVERY) - set(load_requests(SIMULATION)) == set()


def test_the_table_is_up_to_date(requests: list[Request]) -> None:
    """Given the record and the template, docs/reference/permissions.md has their table."""
    assert read_table() == write_table(list_statements(), requests).strip(), "run make prove-permissions"


def test_a_permission_too_many_is_found(requests: list[Request]) -> None:
    """Given an extra action in a statement, it is the only finding."""
    statements = list(list_statements())
    number = next(n for n, one in enumerate(statements) if one.name == "WriteParticipants")
    one = statements[number]
    statements[number] = replace(one, body={**one.body, "Action": [*one.actions, "s3:DeleteObject"]})

    survivors = [mutant for mutant in find_survivors(statements, requests) if explain(mutant) is None]

    assert [str(mutant) for mutant in survivors] == [
        "NextStepRole/WriteParticipants without action s3:DeleteObject"
    ]


def test_a_permission_too_few_is_found(requests: list[Request]) -> None:
    """Given a role without one of its statements, all findings are requests of that role."""
    statements = [one for one in list_statements() if (one.role, one.name) != ("TaskRole", "WriteTrials")]

    assert {request.role for request in find_refused(statements, requests)} == {"TaskRole"}
