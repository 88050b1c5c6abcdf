"""Participant records: they are read as stored, and an answer is kept once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hippo.errors import BadRequestError, ConflictError
from hippo.records.participant import MOST_REPEATED, Participant, ParticipantStore
from tests.support.fakes import FakeObjectStore

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def test_record_goes_round() -> None:
    """Given a record with every value, it is read as it was stored."""
    participant = Participant(
        NOON,
        3,
        "v1",
        [{"body": "a"}],
        [{"step": 1, "body": "b"}],
        NOON,
        NOON,
        NOON,
        {"note": "kept"},
        parameters={"PROLIFIC_PID": "1"},
        retried_at=NOON,
        retried_as="p/u/1/2",
        group=0,
    )

    assert Participant.from_wire(participant.to_wire()) == participant


def test_stored_names() -> None:
    """Given a newcomer's record, it has what the data contract names and nothing that does not apply."""
    assert Participant(NOON, version="v1").to_wire() == {
        "created": "2030-01-01T12:00:00.000+00:00",
        "nextStep": 1,
        "version": "v1",
        "requests": [],
    }


@pytest.mark.parametrize("group", ["treatment", True, -1, 1.5, None])
def test_group_of_another_kind_is_kept_as_it_is(group: object) -> None:
    """Given a foreign record whose `group` is not a number, the group is absent and the value stays."""
    participant = Participant.from_wire({"group": group})

    assert participant.group is None
    assert participant.to_wire()["group"] == group


@pytest.mark.parametrize("data", [{}, {"created": None, "requests": None}, {"created": "yesterday"}])
def test_record_with_gaps_is_read(data: dict[str, Any]) -> None:
    """Given an incomplete record, it is read as a participant at the beginning."""
    participant = Participant.from_wire(data)

    assert (participant.created, participant.next_step, participant.requests) == (None, 1, [])


def test_repeats_are_bounded() -> None:
    """Given a megabyte of repeats, another one is refused, but one that is stored already is not."""
    participant = Participant(NOON, 3, requests=[{"body": None}, {"body": "first"}])
    for number in range(4):
        assert participant.keep_repeat(1, {"body": f"{number}" + "x" * (MOST_REPEATED // 4)})

    with pytest.raises(BadRequestError, match="too many"):
        participant.keep_repeat(1, {"body": "one more"})
    assert not participant.keep_repeat(1, {"body": "first"})
    assert len(participant.repeats) == 4


def test_repeat_with_another_body_is_kept() -> None:
    """Given an answer to step 1, another one to it is kept with its step."""
    participant = Participant(NOON, 3, requests=[{"body": None}, {"body": "first"}])

    assert participant.keep_repeat(1, {"body": "second"})
    assert participant.repeats == [{"step": 1, "body": "second"}]


@pytest.mark.parametrize("body", ["first", "second"])
def test_repeat_with_a_body_that_is_there_is_not_kept_again(body: str) -> None:
    """Given an answer and a repeat, neither is kept a second time."""
    participant = Participant(
        NOON, 3, requests=[{"body": None}, {"body": "first"}], repeats=[{"step": 1, "body": "second"}]
    )

    assert not participant.keep_repeat(1, {"body": body})
    assert len(participant.repeats) == 1


def test_same_body_for_another_step_is_kept() -> None:
    """Given the same text for another step, it is another answer."""
    participant = Participant(NOON, 4, requests=[{"body": None}, {"body": "x"}, {"body": "y"}])

    assert participant.keep_repeat(2, {"body": "x"})
    assert participant.keep_repeat(3, {"body": "x"})


def test_records_are_created_and_replaced_on_condition() -> None:
    """Given two readers, only the first one's write takes effect."""
    store = FakeObjectStore()
    records = ParticipantStore(store, "p")
    records.write("u", Participant(NOON), None)
    found = records.read("u")
    assert found

    records.write("u", Participant(NOON, 2), found[1])

    assert list(store.objects) == ["p/Users/u"]
    with pytest.raises(ConflictError):
        records.write("u", Participant(NOON, 3), found[1])
    with pytest.raises(ConflictError):
        records.write("u", Participant(NOON, 4), None)


def test_unknown_participant_is_none() -> None:
    """Given an unknown id, the store returns None."""
    assert ParticipantStore(FakeObjectStore(), "p").read("u") is None


@pytest.mark.parametrize(("stored", "expected"), [(True, True), (None, False), ("yes", False), (1, False)])
def test_whether_a_client_sends_step_is_kept(stored: object, expected: bool) -> None:
    """Given a record that says that a client sends `step`, it stays so; any other value is absent."""
    participant = Participant.from_wire({"created": None, "sendsStep": stored})

    assert participant.sends_step is expected
    assert ("sendsStep" in participant.to_wire()) is expected
