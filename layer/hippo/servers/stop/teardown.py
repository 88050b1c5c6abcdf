"""The teardown of an attempt, step by step: shutdown alarm ahead, tasks, cluster, name, and the rule last."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hippo.aws.events import arm_ahead
from hippo.clock import Clock, poll
from hippo.errors import ConflictError, HippoError, TransientError
from hippo.host_labels import list_host_names
from hippo.invocation import Invocation
from hippo.records.server import ServerRecord, build_attempt_stop, build_tags
from hippo.servers.stop.tools import StopTools

# Longer than one invocation may take, so that the alarm does not fire while it is still at work.
NEXT_ALARM = timedelta(minutes=6)
_CLUSTER_SHARE = timedelta(seconds=40)  # of the time left, kept for deleting the cluster and what follows
_NAME_SHARE = timedelta(seconds=10)
_GONE = {None, "INACTIVE", "DEPROVISIONING"}


class Teardown:
    """The teardown's steps, within one invocation's time."""

    def __init__(self, tools: StopTools, stack: str, invocation: Invocation, clock: Clock) -> None:
        self._tools = tools
        self._stack = stack
        self._invocation = invocation
        self._clock = clock

    def take_down(self, record: ServerRecord, keep: set[str]) -> None:
        """Clear an attempt's resources, its rule last, without changing the server record.

        The record may be one of a later attempt, which has chosen the other possible host name.
        """
        self.clear(record, keep, list_host_names(record.user_id, record.host_name))
        if record.rule_name:
            self._tools.rules.disarm(record.rule_name)

    def clear(self, record: ServerRecord, keep: set[str], names: tuple[str, ...] = ()) -> None:
        """Arm the alarm a few minutes ahead, then take every step.

        `keep` holds the addresses that a later attempt has given the name, and `names` the host names that
        the attempt may have, if not only that of the record. Raises TransientError if anything is left.
        """
        problems = self._try_all(
            lambda: self.arm(record, self._clock.now() + NEXT_ALARM),
            *self._list_steps(record, keep, names or (record.host_name,)),
        )
        if problems:
            raise TransientError(f"{record.user_id}: left for the next try: {'; '.join(problems)}")

    def arm(self, record: ServerRecord, moment: datetime) -> None:
        """Arm the rule, which requests the stop of the attempt at that moment.

        Tags count only if the rule is created.
        """
        if not record.rule_name:
            return
        message = build_attempt_stop(record, record.reason)
        tags = build_tags(self._stack, record)
        arm_ahead(self._tools.rules, self._clock, record.rule_name, moment, message, tags)

    def finish(self, record: ServerRecord) -> None:
        """Free the slots and delete the shutdown alarm, once nothing that costs money is left."""
        slots = self._tools.slots
        if record.slot is not None:
            slots.free(record.slot, record.user_id, record.attempt)
        if record.project_slot is not None:
            slots.free(record.project_slot, record.user_id, record.attempt, record.project_id)
        if record.rule_name:
            self._tools.rules.disarm(record.rule_name)

    def _list_steps(
        self, record: ServerRecord, keep: set[str], names: tuple[str, ...]
    ) -> list[Callable[[], None]]:
        if not record.cluster:  # a marker, or a start that failed before it created anything
            return []
        return [
            lambda: self._stop_tasks(record),
            lambda: self._delete_cluster(record),
            *(lambda name=name: self._delete_name(record, keep, name) for name in names),
        ]

    def _try_all(self, *steps: Callable[[], None]) -> list[str]:
        """Try each step even if an earlier one failed; return the errors."""
        problems = []
        for step in steps:
            try:
                step()
            except HippoError as error:
                problems.append(str(error))
        return problems

    def _stop_tasks(self, record: ServerRecord) -> None:
        """Stop all tasks of the attempt and wait until they have stopped."""
        tasks = set(self._tools.containers.list_tasks(record.cluster))
        tasks |= {record.task_arn} if record.task_arn else set()
        for arn in tasks:
            self._tools.containers.stop_task(record.cluster, arn, record.reason or "stopped")

        def are_stopped() -> bool | None:
            states = [self._tools.containers.describe_task(record.cluster, arn) for arn in tasks]
            return True if all(s is None or s.status == "STOPPED" for s in states) else None

        until = self._invocation.until - _CLUSTER_SHARE
        poll(are_stopped, clock=self._clock, until=until, what=f"the tasks of {record.cluster} to stop")

    def _delete_cluster(self, record: ServerRecord) -> None:
        """Delete the cluster and wait until it is gone; stop any task that became visible only now."""

        def is_deleted() -> bool | None:
            if self._tools.containers.delete_cluster(record.cluster):
                status = self._tools.containers.find_cluster_status(record.cluster)
                return True if status in _GONE else None
            for arn in self._tools.containers.list_tasks(record.cluster):
                self._tools.containers.stop_task(record.cluster, arn, record.reason or "stopped")
            return None

        until = self._invocation.until - _NAME_SHARE
        poll(is_deleted, clock=self._clock, until=until, what=f"cluster {record.cluster} to go")

    def _delete_name(self, record: ServerRecord, keep: set[str], name: str) -> None:
        """Delete the A record if it holds only addresses of ours, without those in `keep`."""
        existing = self._tools.host_names.find(name)
        ours = {record.public_ip, *record.addresses} - keep
        if existing is None or not existing.addresses or not set(existing.addresses) <= ours:
            return
        try:
            self._tools.host_names.delete(existing)
        except ConflictError:
            raise TransientError(f"{name}: the record changed at the same time") from None
