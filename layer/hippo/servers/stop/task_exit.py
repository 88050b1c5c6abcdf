"""The exit of a task: its server is torn down at once, and replaced if the participant still needs it."""

import logging
from dataclasses import replace
from datetime import datetime

from hippo.clock import Clock
from hippo.contention import retry_conflicts
from hippo.invocation import Invocation
from hippo.records.codes import ServerState
from hippo.records.server import ServerRecord, ServerStore
from hippo.servers.stop.next_starts import NextStarts, needs_replacement
from hippo.servers.stop.stop import ServerStop
from hippo.servers.task_events import TaskEnd, check_idle

logger = logging.getLogger(__name__)


class TaskExits:
    """The handling of task exits, by the record alone.

    The events come late, twice, unordered, and for our own stops.
    """

    def __init__(
        self,
        servers: ServerStore,
        server_stop: ServerStop,
        next_starts: NextStarts,
        invocation: Invocation,
        clock: Clock,
    ) -> None:
        self._servers = servers
        self._server_stop = server_stop
        self._next_starts = next_starts
        self._invocation = invocation
        self._clock = clock

    def note(self, end: TaskEnd) -> None:
        """Handle the exit of a task. Raises TransientError if that is not finished."""
        what = f"the server record of {end.user_id}"
        retry_conflicts(self._clock, what, lambda: self._note_once(end))

    def _note_once(self, end: TaskEnd) -> None:
        found = self._servers.read(end.user_id)
        if found is None:
            self._ignore(end, "there is no server record")
        else:
            self._note_on(end, *found)

    def _note_on(self, end: TaskEnd, record: ServerRecord, etag: str) -> None:
        if record.attempt != end.attempt or record.task_arn != end.task_arn:
            return self._ignore(end, "it is not the server's task")
        end = replace(end, cause=check_idle(record, end.cause, end.sent_at))
        if record.state == ServerState.READY or self._may_continue(end, record, self._clock.now()):
            return self._server_stop.stop_exited(record, etag, end.cause, end.sent_at)
        if record.state == ServerState.STARTING and record.ended_task != end.task_arn:
            # The start is still at work, or will be retried. It must not report this task as ready.
            noted = replace(record, ended_task=end.task_arn, ended_cause=end.cause)
            return self._servers.write(noted, etag)
        if record.state == ServerState.STOPPED and record.reason == end.cause and needs_replacement(record):
            # An earlier delivery may have been cut off just before it requested the replacement.
            return self._next_starts.request_replacement(record)
        return self._ignore(end, f"the server is {record.state}")

    def _may_continue(self, end: TaskEnd, record: ServerRecord, now: datetime) -> bool:
        """Return whether an earlier delivery has begun to tear down and no invocation is at work now."""
        is_free = record.is_free_for(self._invocation.owner, now)
        return record.state == ServerState.STOPPING and record.reason == end.cause and is_free

    def _ignore(self, end: TaskEnd, why: str) -> None:
        logger.info("task end ignored", extra={"userId": end.user_id, "attempt": end.attempt, "why": why})
