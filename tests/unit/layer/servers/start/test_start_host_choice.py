"""start_server: what a server is named after, by its message and its study."""

import json
from dataclasses import replace

import pytest

from hippo.aws.route53 import AddressRecord
from hippo.host_labels import derive_host_label
from hippo.records.codes import EndReason, HostChoice
from hippo.records.messages import name_request
from tests.fakes.world import HOST, NAME, OTHER_USER, PROJECT, ROOT_DOMAIN, USER, LifecycleWorld

DERIVED = f"{derive_host_label(USER)}.{ROOT_DOMAIN}"
STEP_ONE, STEP = name_request(PROJECT, USER, 1), name_request(PROJECT, USER, 2)


def assert_named(world: LifecycleWorld, name: str) -> None:
    """Check that the server is ready under this name, and has no other."""
    assert list(world.host_names.records) == [name]
    assert (world.record().state, world.record().host_name) == ("ready", name)


@pytest.mark.parametrize(
    ("host", "name"), [(HostChoice.USER_ID, HOST), (HostChoice.DERIVED, DERIVED)], ids=["userId", "derived"]
)
@pytest.mark.parametrize("options", [{}, {"signedLinks": True}, {"userIds": "any"}], ids=str)
def test_the_message_decides(world: LifecycleWorld, host: str, name: str, options: dict[str, object]) -> None:
    """Given a message that says what to name the server after, it decides, not the current list."""
    world.publish(PROJECT, **options)
    world.put_participant(2)

    world.start(STEP, host=host)

    assert_named(world, name)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, DERIVED),
        ({"userIds": "uuid"}, DERIVED),
        ({"userIds": ["any"]}, DERIVED),
        ({"signedLinks": True}, HOST),
        ({"userIds": "any"}, HOST),
    ],
    ids=str,
)
def test_a_step_of_an_earlier_release_follows_its_study(
    world: LifecycleWorld, options: dict[str, object], name: str
) -> None:
    """Given a participant's message without `host`, sent before an upgrade, the study's options decide."""
    world.publish(PROJECT, **options)
    world.put_participant(2)

    world.start(STEP, host="")

    assert_named(world, name)


def test_a_sender_with_permission_to_publish_names_the_server(world: LifecycleWorld) -> None:
    """Given a message without an occasion, as `/start` and scripts send it, the id is the name."""
    world.start("0f5a", host="")

    assert_named(world, HOST)


@pytest.mark.parametrize("user", ["wpad", "autodiscover", "login", "mta-sts", "vpn", "xn--80ak6aa92e"])
def test_no_sender_names_a_server_like_this(world: LifecycleWorld, user: str) -> None:
    """Given a name that means something elsewhere, not even a signed link makes it a server's."""
    world.start("0f5a", user=user)

    assert list(world.host_names.records) == [f"{derive_host_label(user)}.{ROOT_DOMAIN}"]


@pytest.mark.parametrize("host", [HostChoice.USER_ID, HostChoice.DERIVED])
def test_a_replacement_keeps_the_name(world: LifecycleWorld, host: str) -> None:
    """Given a server whose task crashed, its replacement has the same name, without a host in the message."""
    world.put_participant(4)
    world.start("0f5a", host=host)
    name = world.record().host_name
    world.stop({"attempt": 1, "projectId": PROJECT, "reason": EndReason.TASK_ENDED})
    world.put_participant(3)
    [message] = world.start_topic.messages

    world.start(message["requestId"], host="")

    assert world.record().attempt == 2
    assert_named(world, name)


def test_a_server_from_before_the_upgrade_keeps_its_name(world: LifecycleWorld) -> None:
    """Given an attempt that an earlier release began under the id, another try continues under that name."""
    world.journal.lose_answer("host_names.create", RuntimeError("cut off"))
    with pytest.raises(RuntimeError):
        world.start(STEP_ONE)
    world.clock.advance(900)

    world.start(STEP_ONE, host="")

    assert_named(world, HOST)


def test_the_queue_keeps_what_the_server_is_named_after(world: LifecycleWorld) -> None:
    """Given a cap, a start that waited in the queue is passed on with its host, even if the study changed."""
    world.max_servers = 1
    world.start("other", user=OTHER_USER)
    world.put_participant(2)
    world.start(STEP, host=HostChoice.DERIVED)
    world.publish(PROJECT, signedLinks=True)

    world.stop({"userId": OTHER_USER})
    [message] = world.start_topic.messages

    assert (message["userId"], message["host"]) == (USER, "derived")


@pytest.mark.parametrize(("earlier", "later"), [("derived", "userId"), ("userId", "derived")])
def test_what_an_earlier_attempt_named_otherwise_is_removed(
    world: LifecycleWorld, earlier: str, later: str
) -> None:
    """Given an attempt under the other name, whose A record came late, a stop of that attempt removes it."""
    world.start("one", host=earlier)
    first = world.record()
    world.stop()
    world.clock.advance(60)
    world.start("two", host=later)
    world.host_names.records[first.host_name] = AddressRecord(first.host_name, (first.public_ip,), 10)

    world.stop({"attempt": 1})

    assert_named(world, world.record().host_name)
    assert world.record().host_name != first.host_name


def test_a_forged_host_name_leads_to_no_other_name(world: LifecycleWorld) -> None:
    """Given a record with another host, a start that continues it creates only a name of its participant."""
    world.journal.lose_answer("host_names.create", RuntimeError("cut off"))
    with pytest.raises(RuntimeError):
        world.start("one", host=HostChoice.DERIVED)
    world.host_names.records.clear()
    world.put_record(replace(world.record(), host_name=f"wpad.{ROOT_DOMAIN}"))
    world.clock.advance(900)

    world.start("one")

    assert_named(world, DERIVED)
    assert json.loads(world.store.objects[f"_servers/{USER}.json"])["cluster"] == NAME
