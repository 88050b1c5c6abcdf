"""Server records that were edited by hand: a value of the wrong type matches nothing, and raises nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hippo.records.messages import StartMessage
from hippo.records.server import ServerRecord, read_record
from hippo.servers.start.decisions import Action, StartCase, decide
from hippo.servers.stop.next_starts import needs_replacement
from hippo.servers.sweep.findings import FoundResources, has_lost_rule, is_over, is_past_deadline
from tests.fakes.world import PROJECT, USER, LifecycleWorld

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LISTS = [{"state": ["ready"]}, {"state": "stopped", "reason": ["the task ended"]}]


def read_edited(changes: dict[str, Any]) -> ServerRecord:
    """Return a stored record with these values."""
    return read_record({"userId": USER, "projectId": PROJECT, **changes})


@pytest.mark.parametrize("changes", LISTS)
def test_lists_match_no_state_and_no_reason(changes: dict[str, Any]) -> None:
    """Given a state or a reason that is a list, no check of the record matches it."""
    record = read_edited(changes)
    found = FoundResources()

    assert decide(StartCase(StartMessage(PROJECT, USER, "s", NOON), record, NOON, "me")).action is Action.LOAD
    assert not needs_replacement(record)
    assert not record.is_being_replaced_for(PROJECT)
    assert is_over(record, NOON)
    assert not has_lost_rule(record, found, NOON)
    assert not is_past_deadline(replace(record, deadline=NOON.replace(hour=1)), NOON)


@pytest.mark.parametrize("changes", [{"state": ["ready"]}, {"reason": ["the task ended"]}])
def test_server_with_a_list_in_its_record_is_stopped(
    ready_world: LifecycleWorld, changes: dict[str, Any]
) -> None:
    """Given a state or a reason that is a list, a stop tears the server down and replaces nothing."""
    ready_world.put_record(replace(ready_world.record(), **changes))

    ready_world.stop()

    assert ready_world.record().state == "stopped"
    assert ready_world.left() == {}
    assert list(ready_world.start_topic.messages) == []
