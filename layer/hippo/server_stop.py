"""Stopping a participant's server: re-arm the alarm clock, take everything down, and only then disarm it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules, arm_ahead
from hippo.aws.route53 import HostNames
from hippo.clock import Clock, poll
from hippo.errors import ConflictError, FencedError, HippoError, TransientError
from hippo.ids import name_resources
from hippo.messages import StopMessage, form_stop
from hippo.runs import Run
from hippo.server_record import READY, STARTING, STOPPED, STOPPING, HeldServer, ServerRecord, ServerStore
from hippo.server_slots import ServerSlots

logger = logging.getLogger(__name__)

# Longer than one invocation may take, so that the alarm does not ring while it is still at work.
NEXT_ALARM = timedelta(minutes=6)
_CLUSTER_SHARE = timedelta(seconds=40)  # of the time left, kept for deleting the cluster and what follows
_NAME_SHARE = timedelta(seconds=10)
_TRIES = 6
_GONE = {None, "INACTIVE", "DEPROVISIONING"}


@dataclass(frozen=True, slots=True)
class StopTools:
    """What a stop works with."""

    rules: ShutdownRules
    containers: Containers
    host_names: HostNames
    slots: ServerSlots


class ServerStop:
    """One invocation's work."""

    def __init__(
        self,
        servers: ServerStore,
        tools: StopTools,
        prefix: str,
        root_domain: str,
        run: Run,
        clock: Clock,
    ) -> None:
        self._servers = servers
        self._tools = tools
        self._prefix = prefix
        self._root_domain = root_domain
        self._run = run
        self._clock = clock

    def stop(self, message: StopMessage) -> None:
        """Take down what the message means. Raises TransientError if anything is left: the alarm stays."""
        for _ in range(_TRIES):
            found = self._servers.read(message.user_id)
            try:
                if found is None:
                    return self._stop_unknown(message)
                return self._stop_known(message, *found)
            except ConflictError:
                continue  # somebody else changed the record first: look again
        raise TransientError(f"{message.user_id}: the server record kept changing")

    def _stop_unknown(self, message: StopMessage) -> None:
        """No record: leave a marker, so that an older start that comes later starts nothing."""
        if message.delay:
            return self._ignore(message, "nothing to delay")
        if message.attempt:
            self._take_down(self._form_remnant(message, message.attempt), keep=set())
        marker = ServerRecord(
            user_id=message.user_id,
            project_id=message.project_id,
            state=STOPPED,
            attempt=message.attempt or 0,
            tries=0,
            stop_requested_at=message.sent_at,
            stopped_at=self._clock.now(),
            reason=message.reason,
        )
        return self._servers.write(marker, None)

    def _stop_known(self, message: StopMessage, record: ServerRecord, etag: str) -> None:
        if message.attempt is not None and message.attempt != record.attempt:
            # The attempt alone says what is meant, whichever project the participant is in by now.
            remnant = replace(self._form_remnant(message, message.attempt), addresses=record.addresses)
            return self._take_down(remnant, keep={record.public_ip})
        if message.project_id and record.project_id and message.project_id != record.project_id:
            return self._ignore(message, f"the server is one of project {record.project_id}")
        if record.state == STOPPED:
            return self._stop_again(message, record, etag)
        if message.attempt is None and record.requested_at and message.sent_at < record.requested_at:
            return self._ignore(message, "older than the start")
        now = self._clock.now()
        if message.delay and message.sent_at + timedelta(minutes=message.delay) > now:
            return self._delay(message, record, etag)
        if record.state == STOPPING and record.has_lease(now) and record.owner != self._run.owner:
            return self._leave_to_other(message, record, now)
        return self._finish(self._claim(message, record, etag, now))

    def _leave_to_other(self, message: StopMessage, record: ServerRecord, now: datetime) -> None:
        """Another stop is at work, or has died before it re-armed the rule, which rings only once."""
        if message.attempt is not None:
            self._arm(record, (record.lease_until or now) + timedelta(minutes=1))
        self._ignore(message, "another stop is at work")

    def _stop_again(self, message: StopMessage, record: ServerRecord, etag: str) -> None:
        """Nothing should be left; but a start that was overtaken may have made something since.

        The time of the stop is kept, so that a start older than it starts nothing when it comes later.
        """
        known = record.stop_requested_at
        if message.attempt is None and not message.delay and (known is None or message.sent_at > known):
            self._servers.write(replace(record, stop_requested_at=message.sent_at), etag)
        self._take_down(record, keep=set())

    def _delay(self, message: StopMessage, record: ServerRecord, etag: str) -> None:
        """Move the alarm earlier, never later; nothing sleeps here.

        It is armed even if the record says that time already: an earlier try may have died in between.
        """
        deadline = message.sent_at + timedelta(minutes=message.delay)
        if record.state not in (STARTING, READY):
            return self._ignore(message, "it ends before that already")
        if record.deadline is None or deadline < record.deadline:
            record = replace(record, deadline=deadline)
            self._servers.write(record, etag)
        return self._arm(replace(record, reason=message.reason), record.deadline or deadline)

    def _claim(self, message: StopMessage, record: ServerRecord, etag: str, now: datetime) -> HeldServer:
        """Take the record over, from a start at work too; it will notice and stop by itself."""
        start_lease = record.lease_until if record.state == STARTING else record.start_lease_until
        times = [record.stop_requested_at, message.sent_at]
        if record.state == STOPPING and message.attempt is not None:
            # The platform asks once more for a stop that is under way: a start sent since is no older.
            times = times[:1]
        claimed = replace(
            record,
            state=STOPPING,
            owner=self._run.owner,
            lease_until=self._run.ends,
            start_lease_until=start_lease if start_lease and start_lease > now else None,
            stop_requested_at=max(filter(None, times), default=message.sent_at),
            reason=record.reason or message.reason,
        )
        self._servers.write(claimed, etag)
        return HeldServer(self._servers, claimed)

    def _finish(self, held: HeldServer) -> None:
        try:
            self._finish_held(held)
        except FencedError:
            logger.info("stop overtaken", extra={"userId": held.record.user_id})
        except HippoError:
            self._release(held)
            raise

    def _finish_held(self, held: HeldServer) -> None:
        beside_start = _has_start_lease(held.record, self._clock.now())
        self._clear(held.record, keep=set())
        record = held.check()
        if _has_start_lease(record, self._clock.now()):
            # A start may be in the middle of a call that makes something: look once more after it.
            self._arm(record, (record.start_lease_until or self._run.ends) + timedelta(minutes=1))
            held.update(lease_until=None)
            return
        if beside_start:  # it has ended meanwhile, perhaps after making something
            self._clear(record, keep=set())
        if record.slot is not None:
            self._tools.slots.free(record.slot, record.user_id, record.attempt)
        if record.rule_name:
            self._tools.rules.disarm(record.rule_name)
        held.update(state=STOPPED, stopped_at=self._clock.now(), lease_until=None, slot=None)
        logger.info("stopped", extra={"userId": record.user_id, "attempt": record.attempt})

    def _take_down(self, record: ServerRecord, keep: set[str]) -> None:
        """Clear an attempt's resources, its rule last, without touching the server record."""
        self._clear(record, keep)
        if record.rule_name:
            self._tools.rules.disarm(record.rule_name)

    def _clear(self, record: ServerRecord, keep: set[str]) -> None:
        """The alarm a few minutes ahead, then every step. Raises TransientError if anything is left."""
        problems = self._try_all(
            lambda: self._arm(record, self._clock.now() + NEXT_ALARM), *self._list_steps(record, keep)
        )
        if problems:
            raise TransientError(f"{record.user_id}: left for the next try: {'; '.join(problems)}")

    def _list_steps(self, record: ServerRecord, keep: set[str]) -> list[Callable[[], None]]:
        if not record.cluster:  # a marker, or a start that failed before it could make anything
            return []
        return [
            lambda: self._stop_tasks(record),
            lambda: self._delete_cluster(record),
            lambda: self._delete_name(record, keep),
        ]

    def _try_all(self, *steps: Callable[[], None]) -> list[str]:
        """Each step is tried even if an earlier one failed; gives what went wrong."""
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

        until = self._run.until - _CLUSTER_SHARE
        poll(are_stopped, clock=self._clock, until=until, what=f"the tasks of {record.cluster} to stop")

    def _delete_cluster(self, record: ServerRecord) -> None:
        """Until it is gone. A task that showed up only now keeps the cluster: it is stopped as well."""

        def is_deleted() -> bool | None:
            if self._tools.containers.delete_cluster(record.cluster):
                status = self._tools.containers.find_cluster_status(record.cluster)
                return True if status in _GONE else None
            for arn in self._tools.containers.list_tasks(record.cluster):
                self._tools.containers.stop_task(record.cluster, arn, record.reason or "stopped")
            return None

        until = self._run.until - _NAME_SHARE
        poll(is_deleted, clock=self._clock, until=until, what=f"cluster {record.cluster} to go")

    def _delete_name(self, record: ServerRecord, keep: set[str]) -> None:
        """Delete the A record if it holds an address of ours; `keep` is what a later attempt gave it."""
        existing = self._tools.host_names.find(record.host_name)
        ours = {record.public_ip, *record.addresses} - keep
        if existing is None or not existing.addresses or not set(existing.addresses) <= ours:
            return
        try:
            self._tools.host_names.delete(existing)
        except ConflictError:
            raise TransientError(f"{record.host_name}: the record changed at the same time") from None

    def _arm(self, record: ServerRecord, moment: datetime) -> None:
        if not record.rule_name:
            return
        message = form_stop(
            record.user_id, project_id=record.project_id, attempt=record.attempt, reason=record.reason
        )
        arm_ahead(self._tools.rules, self._clock, record.rule_name, moment, message)

    def _release(self, held: HeldServer) -> None:
        try:
            held.update(lease_until=None)
        except HippoError as error:
            logger.info("lease not released", extra={"error": str(error)[:200]})

    def _form_remnant(self, message: StopMessage, attempt: int) -> ServerRecord:
        """What an attempt's resources are called, whether or not the record still knows it."""
        name = name_resources(self._prefix, attempt, message.user_id)
        return ServerRecord(
            user_id=message.user_id,
            project_id=message.project_id,
            state=STOPPED,
            attempt=attempt,
            cluster=name,
            rule_name=name,
            host_name=f"{message.user_id}.{self._root_domain}",
            reason=message.reason,
        )

    def _ignore(self, message: StopMessage, why: str) -> None:
        logger.info("stop ignored", extra={"userId": message.user_id, "why": why})


def _has_start_lease(record: ServerRecord, now: datetime) -> bool:
    """Whether a start that was overtaken may still be at work."""
    return record.start_lease_until is not None and record.start_lease_until > now
