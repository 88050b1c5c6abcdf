"""start_server: the host name is created, never taken over."""

import pytest

from hippo.aws.route53 import AddressRecord
from hippo.errors import ConflictError, TransientError
from tests.fakes.world import HOST, LifecycleWorld

FOREIGN = AddressRecord(HOST, ("192.0.2.99",), 300)


def test_a_foreign_name_fails_the_start(world: LifecycleWorld) -> None:
    """Given another owner's record, the start fails permanently."""
    world.host_names.records[HOST] = FOREIGN

    world.start()

    assert world.record().state == "failed"
    assert "not this participant's" in world.record().error


def test_a_foreign_name_is_neither_overwritten_nor_deleted(world: LifecycleWorld) -> None:
    """Given a failed attempt that was torn down, the foreign record is unchanged."""
    world.host_names.records[HOST] = FOREIGN

    world.start()
    world.deliver_stops()

    assert world.left() == {"names": [HOST]}
    assert world.host_names.records[HOST] == FOREIGN


@pytest.mark.parametrize("foreign", [("192.0.2.99", "203.0.113.1"), ()], ids=["two addresses", "alias"])
def test_a_name_that_is_only_partly_ours_is_foreign(world: LifecycleWorld, foreign: tuple[str, ...]) -> None:
    """Given a record with a foreign address, or an alias without any, it counts as another owner's."""
    world.host_names.records[HOST] = AddressRecord(HOST, foreign, 60)

    world.start()

    assert world.record().state == "failed"
    assert not world.journal.names("host_names.replace")


def test_a_name_of_another_type_fails_the_start(world: LifecycleWorld) -> None:
    """Given a CNAME, an A record is impossible however often it is tried."""
    world.host_names.other_types.add(HOST)

    world.start()

    assert world.record().state == "failed"
    assert HOST in world.record().error


def test_a_name_that_vanishes_meanwhile_is_made(world: LifecycleWorld) -> None:
    """Given CREATE refused for a record that is just being deleted, the name is created after all."""
    world.host_names.records[HOST] = FOREIGN
    world.journal.before("host_names.find", lambda: world.host_names.records.clear())

    world.start()

    assert world.record().state == "ready"
    assert world.host_names.records[HOST].addresses == ("203.0.113.1",)


def test_an_address_of_an_earlier_attempt_is_replaced_exactly(world: LifecycleWorld) -> None:
    """Given a record left by an earlier attempt, it is replaced by the new address in one change."""
    world.start()
    left_behind = world.host_names.records[HOST]
    world.stop()
    world.host_names.records[HOST] = left_behind
    world.clock.advance(60)

    world.start("second")

    assert world.journal.names("host_names.replace") == ["host_names.replace"]
    assert world.host_names.records[HOST].addresses == (world.record().public_ip,)


def test_a_name_made_before_a_crash_is_found_to_be_ours(world: LifecycleWorld) -> None:
    """Given a retry that finds its own record, it waits until the name servers know it."""
    world.journal.lose_answer("host_names.create", TransientError("route53: timeout"))
    with pytest.raises(TransientError):
        world.start(owner="same")

    world.start(owner="same")

    assert world.record().state == "ready"
    assert world.host_names.records[HOST].addresses == ("203.0.113.1",)


def test_a_name_that_changes_while_it_is_replaced_is_tried_again(world: LifecycleWorld) -> None:
    """Given a rival's change between read and swap, it is not overwritten."""
    world.journal.lose_answer("host_names.create", TransientError("route53: timeout"))
    with pytest.raises(TransientError):
        world.start(owner="same")
    world.journal.fail("host_names.replace", ConflictError("changed"))

    with pytest.raises(TransientError, match="changed at the same time"):
        world.start(owner="same")
