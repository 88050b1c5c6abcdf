"""stop_server: the meaning of each stop message."""

from datetime import timedelta

import pytest

from hippo.errors import AwsError
from tests.fakes.journal import Crash
from tests.fakes.world import HOST, NAME, OTHER_PROJECT, PROJECT, USER, LifecycleWorld


def throttled(operation: str) -> AwsError:
    """Return the error that an adapter raises when AWS throttles."""
    return AwsError(operation, "ThrottlingException", retryable=True)


def test_a_second_stop_at_the_same_time_keeps_off(ready_world: LifecycleWorld) -> None:
    """Given a stop that holds the lease, another one leaves the work to it."""
    ready_world.journal.before("containers.stop_task", ready_world.stop)

    ready_world.stop()

    assert len(ready_world.journal.names("containers.delete_cluster")) == 1
    assert ready_world.left() == {}


def test_an_alarm_that_rings_while_a_stop_holds_the_lease_is_set_again(ready_world: LifecycleWorld) -> None:
    """Given a stop that may have been cut off, the one-time rule is armed again."""
    ready_world.journal.fail("rules.arm", Crash())
    with pytest.raises(Crash):
        ready_world.stop()

    ready_world.stop_as_lambda({"userId": USER, "attempt": 1})
    ready_world.let_minutes_pass(10)

    assert ready_world.left() == {}


def test_two_stops_that_read_the_same_record_agree(ready_world: LifecycleWorld) -> None:
    """Given two stops, the loser of the compare-and-swap reads again and finds nothing left to do."""
    ready_world.journal.before("store.replace", ready_world.stop)

    ready_world.stop()

    assert ready_world.left() == {}
    assert ready_world.record().state == "stopped"


def test_a_stop_of_another_project_is_ignored(ready_world: LifecycleWorld) -> None:
    """Given a stop of one study, a participant who plays in another keeps their server."""
    ready_world.stop({"projectId": OTHER_PROJECT})

    assert ready_world.record().state == "ready"
    assert not ready_world.journal.names("rules.", "containers.", "host_names.")


def test_a_stop_of_another_project_does_not_void_a_start(ready_world: LifecycleWorld) -> None:
    """Given a stopped record of another study, the stop does not change it."""
    ready_world.stop()
    known = ready_world.record().stop_requested_at
    ready_world.clock.advance(60)

    ready_world.stop({"projectId": OTHER_PROJECT})

    assert ready_world.record().stop_requested_at == known


def test_a_stop_older_than_the_start_is_ignored(ready_world: LifecycleWorld) -> None:
    """Given a stop delivered again late, it does not end an attempt that began since."""
    sent_at = ready_world.clock.now()
    ready_world.stop(sent_at=sent_at)
    ready_world.clock.advance(60)
    ready_world.start("second")

    ready_world.stop(sent_at=sent_at)

    assert ready_world.record().state == "ready"


def test_a_stop_of_an_older_attempt_clears_only_that_attempt(ready_world: LifecycleWorld) -> None:
    """Given a stop of an older attempt, its cluster and rule go and the newer attempt's server stays."""
    ready_world.stop()
    ready_world.clock.advance(60)
    ready_world.start("second")
    ready_world.containers.create_cluster(NAME, {})
    ready_world.rules.arm(NAME, ready_world.clock.now() + timedelta(minutes=5), {})

    ready_world.stop({"attempt": 1})

    second = f"hippo-2-{USER}"
    assert ready_world.record().state == "ready"
    left = ready_world.left()
    assert (left["clusters"], left["rules"], left["names"], left["slots"]) == (
        [second],
        [second],
        [HOST],
        [USER],
    )


def test_a_stop_of_an_older_attempt_counts_whatever_its_project(ready_world: LifecycleWorld) -> None:
    """Given a participant in another study now, the older attempt's resources are removed all the same."""
    ready_world.stop()
    ready_world.clock.advance(60)
    ready_world.start("second", project=OTHER_PROJECT)
    ready_world.containers.create_cluster(NAME, {})

    ready_world.stop({"attempt": 1, "projectId": PROJECT})

    assert ready_world.left()["clusters"] == [f"hippo-2-{USER}"]


def test_what_an_older_attempt_leaves_has_its_shutdown_alarm(ready_world: LifecycleWorld) -> None:
    """Given an older attempt that cannot be torn down, its own rule retries."""
    ready_world.stop()
    ready_world.clock.advance(60)
    ready_world.start("second")
    ready_world.containers.create_cluster(NAME, {})
    ready_world.journal.fail("containers.delete_cluster", throttled("ecs"), times=3)

    ready_world.stop_as_lambda({"userId": USER, "attempt": 1})
    assert ready_world.rules.rules[NAME].message["attempt"] == 1
    ready_world.let_minutes_pass(8)

    assert ready_world.left()["clusters"] == [f"hippo-2-{USER}"]


def test_a_stop_without_a_record_leaves_a_marker(world: LifecycleWorld) -> None:
    """Given a stop without a record, the marker has its time, so that older starts are void."""
    now = world.clock.now()

    world.stop({"projectId": PROJECT, "reason": "step 4"})

    record = world.record()
    assert (record.state, record.attempt, record.stop_requested_at) == ("stopped", 0, now)
    assert not world.journal.names("containers.", "host_names.")


@pytest.mark.parametrize(
    ("seconds", "occasion", "is_marked"), [(59, "4", True), (61, "4", False), (1, "by hand", False)]
)
def test_a_late_stop_of_a_participant_leaves_no_marker(
    world: LifecycleWorld, seconds: float, occasion: str, is_marked: bool
) -> None:
    """Given a stop that `next_step` or the tool sent, nothing is written about a withdrawn participant."""
    sent_at = world.clock.now()
    world.clock.advance(seconds)

    world.stop({"projectId": PROJECT, "requestId": f"{PROJECT}/{USER}/{occasion}"}, sent_at=sent_at)

    assert (f"_servers/{USER}.json" in world.store.objects) is is_marked


def test_a_late_stop_of_anybody_else_leaves_a_marker(world: LifecycleWorld) -> None:
    """Given a stop of `/stop` that comes an hour late, a start that is even later starts nothing."""
    sent_at = world.clock.now()
    world.clock.advance(3600)
    world.stop(sent_at=sent_at)

    world.start(sent_at=sent_at)

    assert world.left() == {}
    assert world.record().state == "stopped"


def test_a_stop_of_an_earlier_life_is_ignored(world: LifecycleWorld) -> None:
    """Given a deleted record and a new attempt 1, a late stop of attempt 1 means the old one."""
    world.start()
    world.clock.advance(60)
    world.stop()
    del world.store.objects[f"_servers/{USER}.json"]
    sent_at = world.clock.now()
    world.clock.advance(60)
    world.start("anew")

    world.stop({"attempt": 1, "projectId": PROJECT}, sent_at=sent_at)

    assert (world.record().state, world.record().attempt) == ("ready", 1)


def test_a_start_after_the_marker_has_its_effect(world: LifecycleWorld) -> None:
    """Given a marker, a newer start takes effect."""
    world.stop()
    world.clock.advance(60)

    world.start()

    assert (world.record().state, world.record().attempt) == ("ready", 1)


def test_a_stop_of_an_attempt_without_a_record_clears_it(world: LifecycleWorld) -> None:
    """Given a rule that outlives a deleted record, what it names is removed and no record comes back."""
    world.start()
    del world.store.objects[f"_servers/{USER}.json"]

    world.let_minutes_pass(32)

    assert not {"tasks", "clusters", "rules"} & set(world.left())
    assert f"_servers/{USER}.json" not in world.store.objects


def test_a_stop_of_a_stopped_server_clears_what_is_left(ready_world: LifecycleWorld) -> None:
    """Given a stopped server, another stop clears again: an overtaken start may have created something."""
    ready_world.stop()
    ready_world.clock.advance(60)
    ready_world.containers.create_cluster(NAME, {})
    ready_world.rules.arm(NAME, ready_world.clock.now() + timedelta(minutes=5), {})

    ready_world.stop({"attempt": 1})

    assert ready_world.left() == {}


def test_a_second_stop_voids_the_starts_before_it(ready_world: LifecycleWorld) -> None:
    """Given a start sent between two stops, it starts nothing when it arrives after both."""
    ready_world.stop()
    ready_world.clock.advance(30)
    sent_at = ready_world.clock.now()
    ready_world.clock.advance(30)
    ready_world.stop()

    ready_world.start("between", sent_at=sent_at)

    assert ready_world.left() == {}


def test_the_platforms_own_stop_does_not_void_a_start(ready_world: LifecycleWorld) -> None:
    """Given a start sent during a stop, it stays valid although the rule must repeat that stop."""
    ready_world.journal.fail("containers.delete_cluster", throttled("ecs"), times=3)
    ready_world.stop_as_lambda({"userId": USER})
    sent_at = ready_world.clock.now()
    ready_world.let_minutes_pass(8)
    assert ready_world.record().state == "stopped"

    ready_world.start("asked meanwhile", sent_at=sent_at)

    assert ready_world.record().state == "ready"


def test_a_failed_attempt_that_made_nothing_is_stopped_without_a_call(world: LifecycleWorld) -> None:
    """Given a failure without a cluster, nothing is searched, and the error stays for the participant."""
    world.start(project="unknown")
    world.clock.advance(60)

    world.stop()

    assert (world.record().state, world.record().error) == ("stopped", "there is no project unknown")
    assert not world.journal.names("rules.", "containers.", "host_names.")
