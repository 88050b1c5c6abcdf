"""Contract tests of rules and host names, on which the fakes, moto and the emulator must agree."""

from datetime import timedelta

import pytest

from hippo.aws.events import write_cron
from hippo.errors import ConflictError
from tests.contract.conftest import Backend


def test_a_rule_can_be_armed_and_moved(backend: Backend) -> None:
    """Given a rule that is armed twice, there is one rule, with the second time and message."""
    name, now = backend.new_name(), backend.clock.now()
    moment = now + timedelta(minutes=40)

    backend.rules.arm(name, now + timedelta(minutes=50), {"userId": "ada"}, {"hippo:user": "ada"})
    backend.rules.arm(name, moment, {"userId": "ada", "attempt": 2})

    assert backend.read_rule(name) == (write_cron(moment), {"userId": "ada", "attempt": 2})


def test_disarming_twice_is_fine(backend: Backend) -> None:
    """Given a rule that is disarmed already, or never existed, disarming it succeeds."""
    name = backend.new_name()
    backend.rules.arm(name, backend.clock.now() + timedelta(minutes=50), {"userId": "ada"})

    backend.rules.disarm(name)
    backend.rules.disarm(name)

    assert backend.read_rule(name) is None


def test_an_empty_zone_has_no_name(backend: Backend) -> None:
    """Given an empty zone, a name's record is None instead of an error."""
    assert backend.host_names.find(f"ada.{backend.root_domain}") is None


def test_a_name_is_created_once(backend: Backend) -> None:
    """Given a name that exists, a second CREATE is rejected, with another address and with the same one."""
    name = f"ada.{backend.root_domain}"
    backend.host_names.create(name, "203.0.113.1")

    for address in ("203.0.113.2", "203.0.113.1"):
        with pytest.raises(ConflictError):
            backend.host_names.create(name, address)

    found = backend.host_names.find(name)
    assert found
    assert found.addresses == ("203.0.113.1",)


def test_a_change_comes_into_sync(backend: Backend) -> None:
    """Given a created name, the id that `create` returns comes into sync."""
    change_id = backend.host_names.create(f"ada.{backend.root_domain}", "203.0.113.1")

    assert backend.wait_until(lambda: backend.host_names.is_in_sync(change_id) or None, seconds=120)


def test_only_exactly_that_name_is_found(backend: Backend) -> None:
    """Given a later name in the zone's order, it is not returned for the requested one."""
    backend.host_names.create(f"bob.{backend.root_domain}", "203.0.113.1")

    assert backend.host_names.find(f"ada.{backend.root_domain}") is None
    assert backend.host_names.find(f"bo.{backend.root_domain}") is None


@pytest.mark.parametrize("address", ["203.0.113.2", "203.0.113.1"])
def test_a_name_is_replaced_in_one_change(backend: Backend, address: str) -> None:
    """Given a name that exists, it is replaced by another address or the same one, and the change can be
    awaited.
    """
    name = f"ada.{backend.root_domain}"
    backend.host_names.create(name, "203.0.113.1")
    old = backend.host_names.find(name)
    assert old

    change_id = backend.host_names.replace(old, address)

    found = backend.host_names.find(name)
    assert found
    assert found.addresses == (address,)
    assert backend.wait_until(lambda: backend.host_names.is_in_sync(change_id) or None, seconds=120)


def test_a_name_that_has_changed_is_neither_replaced_nor_deleted(backend: Backend) -> None:
    """Given a name that has changed since it was read, it is neither replaced nor deleted."""
    name = f"ada.{backend.root_domain}"
    backend.host_names.create(name, "203.0.113.1")
    old = backend.host_names.find(name)
    assert old
    backend.host_names.replace(old, "203.0.113.2")

    with pytest.raises(ConflictError):
        backend.host_names.replace(old, "203.0.113.3")
    with pytest.raises(ConflictError):
        backend.host_names.delete(old)

    found = backend.host_names.find(name)
    assert found
    assert found.addresses == ("203.0.113.2",)


def test_a_deleted_name_is_gone(backend: Backend) -> None:
    """Given a deleted name, it is gone and cannot be deleted again."""
    name = f"ada.{backend.root_domain}"
    backend.host_names.create(name, "203.0.113.1")
    record = backend.host_names.find(name)
    assert record

    backend.host_names.delete(record)

    assert backend.host_names.find(name) is None
    with pytest.raises(ConflictError):
        backend.host_names.delete(record)
