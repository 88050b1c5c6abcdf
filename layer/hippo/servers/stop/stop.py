"""The stop of a participant's server: whether a message has anything to stop, and the record meanwhile."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from hippo.clock import Clock
from hippo.contention import retry_conflicts
from hippo.errors import BrokenRecordError, FencedError, HippoError
from hippo.ids import name_resources
from hippo.invocation import Invocation
from hippo.records.codes import FOLLOWED_ENDS, LIVING, EndReason, Occasion, ServerState
from hippo.records.messages import UNWRITTEN, StopMessage, find_occasion
from hippo.records.server import HeldServer, ServerRecord, ServerStore
from hippo.servers.counters import count_stopped
from hippo.servers.stop.next_starts import NextStarts
from hippo.servers.stop.teardown import Teardown
from hippo.servers.stop.tools import StopTools
from hippo.servers.stop.unused import UnusedServers

logger = logging.getLogger(__name__)

# A start cannot have been requested later than now: the clocks of SNS and Lambda differ by less than this.
_CLOCK_SKEW = timedelta(minutes=1)


class ServerStop:
    """One invocation's stop of a server."""

    def __init__(
        self,
        servers: ServerStore,
        tools: StopTools,
        prefix: str,
        root_domain: str,
        invocation: Invocation,
        clock: Clock,
    ) -> None:
        self._servers = servers
        self._teardown = Teardown(tools, prefix, invocation, clock)
        self._next_starts = NextStarts(tools)
        self._unused = UnusedServers(servers, tools.shown_games, invocation, clock)
        self._prefix = prefix
        self._root_domain = root_domain
        self._invocation = invocation
        self._clock = clock

    def stop(self, message: StopMessage) -> None:
        """Tear down the server that the message names.

        Raises TransientError if anything is left: the alarm stays.
        """
        what = f"the server record of {message.user_id}"
        retry_conflicts(self._clock, what, lambda: self._stop_once(message))

    def stop_exited(self, record: ServerRecord, etag: str, cause: str, noticed_at: datetime) -> None:
        """Tear down a server whose task has exited, or continue with that. Raises ConflictError."""
        message = StopMessage(record.user_id, noticed_at, record.project_id, record.attempt, reason=cause)
        self._finish(self._claim(message, record, etag, self._clock.now()))

    def _stop_once(self, message: StopMessage) -> None:
        try:
            found = self._servers.read(message.user_id)
        except BrokenRecordError as error:
            self._stop_broken(message, error)
            return
        if found is None:
            self._stop_unknown(message)
        else:
            self._stop_known(message, *found)

    def _stop_broken(self, message: StopMessage, error: BrokenRecordError) -> None:
        """Tear down the attempt that an alarm names, also if the record is unreadable: no server outlives it.

        Raises the error for any other message: it does not say which attempt is meant.
        """
        if not message.attempt:
            raise error
        logger.error("stopped without its record", extra={"userId": message.user_id, "why": str(error)[:200]})
        self._teardown.take_down(self._build_attempt(message, message.attempt), keep=set())

    def _stop_unknown(self, message: StopMessage) -> None:
        """Leave a marker where there is no record, so that an older start that arrives later starts nothing.

        Nothing is written about participants who may have withdrawn. A sender that names an attempt, or that
        has seen a server, means a record that has been deleted since. Once `next_step` has had time to write
        the participant's record, that record or its absence voids late starts.
        """
        now = self._clock.now()
        if message.delay:
            return self._ignore(message, "nothing to delay")
        if message.attempt:
            return self._teardown.take_down(self._build_attempt(message, message.attempt), keep=set())
        occasion = find_occasion(message)
        if occasion == Occasion.BY_HAND or (occasion and now - message.sent_at > UNWRITTEN):
            return self._ignore(message, "there is no server, and no start to wait for")
        marker = ServerRecord(
            user_id=message.user_id,
            project_id=message.project_id,
            state=ServerState.STOPPED,
            attempt=0,
            tries=0,
            stop_requested_at=message.sent_at,
            stopped_at=now,
            reason=message.reason,
        )
        return self._servers.write(marker, None)

    def _stop_known(self, message: StopMessage, record: ServerRecord, etag: str) -> None:
        if message.attempt is not None and message.attempt != record.attempt:
            # The attempt alone says what is meant, whichever project the participant is in now.
            earlier = replace(self._build_attempt(message, message.attempt), addresses=record.addresses)
            return self._teardown.take_down(earlier, keep={record.public_ip})
        if message.project_id and record.project_id and message.project_id != record.project_id:
            return self._ignore(message, f"the server is one of project {record.project_id}")
        if record.state == ServerState.STOPPED:
            return self._stop_again(message, record, etag)
        now = self._clock.now()
        if record.requested_at and message.sent_at < record.requested_at < now + _CLOCK_SKEW:
            # Also for the same attempt number, from before the record was deleted and attempts began again.
            return self._ignore(message, "older than the start")
        if message.delay and message.sent_at + timedelta(minutes=message.delay) > now:
            return self._delay(message, record, etag)
        if record.state == ServerState.STOPPING and not record.is_free_for(self._invocation.owner, now):
            return self._leave_to_other(message, record, etag, now)
        if message.reason == EndReason.NEVER_SHOWN and record.state in LIVING:
            return self._stop_unused(message, record, etag)
        return self._finish(self._claim(message, record, etag, now))

    def _stop_unused(self, message: StopMessage, record: ServerRecord, etag: str) -> None:
        unused = self._unused.confirm(record, etag)
        if unused is None:
            return self._ignore(message, "the server is in use")
        return self._finish(self._claim(message, *unused, self._clock.now()))

    def _leave_to_other(self, message: StopMessage, record: ServerRecord, etag: str, now: datetime) -> None:
        """Leave the server to another stop, which may have ended before it re-armed the one-time rule."""
        if message.attempt is not None:
            self._teardown.arm(record, (record.lease_until or now) + timedelta(minutes=1))
        elif record.reason in FOLLOWED_ENDS:  # the sender wants it stopped, not replaced
            latest = max(message.sent_at, record.stop_requested_at or message.sent_at)
            self._servers.write(replace(record, reason=message.reason, stop_requested_at=latest), etag)
        self._ignore(message, "another stop is at work")

    def _stop_again(self, message: StopMessage, record: ServerRecord, etag: str) -> None:
        """Clear again: nothing should be left, but an overtaken start may have created something since.

        The time of the stop is kept, so that a start older than it starts nothing when it arrives later.
        """
        known = record.stop_requested_at
        if message.attempt is None and not message.delay and (known is None or message.sent_at > known):
            reason = message.reason if record.reason in FOLLOWED_ENDS else record.reason
            self._servers.write(replace(record, stop_requested_at=message.sent_at, reason=reason), etag)
        self._teardown.take_down(record, keep=set())

    def _delay(self, message: StopMessage, record: ServerRecord, etag: str) -> None:
        """Move the shutdown alarm earlier, never later; nothing waits here.

        It is armed even if the record has that time already: an earlier try may have been cut off in between.
        """
        deadline = message.sent_at + timedelta(minutes=message.delay)
        if record.state not in LIVING:
            return self._ignore(message, "it ends before that already")
        if record.deadline is None or deadline < record.deadline:
            record = replace(record, deadline=deadline)
            self._servers.write(record, etag)
        return self._teardown.arm(replace(record, reason=message.reason), record.deadline or deadline)

    def _claim(self, message: StopMessage, record: ServerRecord, etag: str, now: datetime) -> HeldServer:
        """Take the record over, even from a start at work, which will notice and stop by itself."""
        start_lease = record.lease_until if record.state == ServerState.STARTING else record.start_lease_until
        times = [record.stop_requested_at, message.sent_at]
        is_permanent = message.attempt is None
        if record.state == ServerState.STOPPING and not is_permanent:
            # The platform repeats a stop that is under way. A start sent since then must not count as older.
            times = times[:1]
        replaced = record.reason in FOLLOWED_ENDS and not record.error and is_permanent
        claimed = replace(
            record,
            state=ServerState.STOPPING,
            owner=self._invocation.owner,
            lease_until=self._invocation.ends,
            start_lease_until=start_lease if start_lease and start_lease > now else None,
            stop_requested_at=max(filter(None, times), default=message.sent_at),
            reason=message.reason if replaced else record.reason or message.reason,
        )
        self._servers.write(claimed, etag)
        return HeldServer(self._servers, claimed, self._clock)

    def _finish(self, held: HeldServer) -> None:
        try:
            self._finish_held(held)
        except FencedError:
            logger.info("stop overtaken", extra={"userId": held.record.user_id})
        except HippoError:
            self._release(held)
            raise
        else:
            if held.record.state == ServerState.STOPPED:
                self._next_starts.follow(held.record)

    def _finish_held(self, held: HeldServer) -> None:
        was_beside_start = held.record.has_start_lease(self._clock.now())
        self._teardown.clear(held.record, keep=set())
        record = held.check()
        if record.has_start_lease(self._clock.now()):
            # A start may be in the middle of a call that creates something: stop again after its lease.
            self._teardown.arm(
                record, (record.start_lease_until or self._invocation.ends) + timedelta(minutes=1)
            )
            held.update(lease_until=None)
            return
        if was_beside_start:  # it has ended meanwhile, perhaps after creating something
            self._teardown.clear(record, keep=set())
        self._next_starts.queue_replacement(record)
        self._teardown.finish(record)
        held.update(
            state=ServerState.STOPPED,
            stopped_at=self._clock.now(),
            lease_until=None,
            slot=None,
            project_slot=None,
        )
        logger.info("stopped", extra={"userId": record.user_id, "attempt": record.attempt})
        count_stopped(held.record)

    def _release(self, held: HeldServer) -> None:
        try:
            held.update(lease_until=None)
        except HippoError as error:
            logger.info("lease not released", extra={"error": str(error)[:200]})

    def _build_attempt(self, message: StopMessage, attempt: int) -> ServerRecord:
        """Return a record that names an attempt's resources, whether or not the stored record still does."""
        name = name_resources(self._prefix, attempt, message.user_id)
        return ServerRecord(
            user_id=message.user_id,
            project_id=message.project_id,
            state=ServerState.STOPPED,
            attempt=attempt,
            cluster=name,
            rule_name=name,
            host_name=f"{message.user_id}.{self._root_domain}",
            reason=message.reason,
        )

    def _ignore(self, message: StopMessage, why: str) -> None:
        logger.info("stop ignored", extra={"userId": message.user_id, "why": why})
