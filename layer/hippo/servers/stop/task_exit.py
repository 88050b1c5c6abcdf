"""A task has ended by itself: tear its server down at once, and have another one started if it is missed."""

import logging
from dataclasses import replace
from datetime import datetime

from hippo.clock import Clock
from hippo.contention import retry_conflicts
from hippo.invocation import Invocation
from hippo.records.codes import ServerState
from hippo.records.server import ServerRecord, ServerStore
from hippo.servers.stop.replacement import Replacement, needs_restart
from hippo.servers.stop.stop import ServerStop
from hippo.servers.task_events import TaskEnd

logger = logging.getLogger(__name__)


class TaskExits:
    """Judges by the record alone: events come late, twice, out of order, and for tasks that we stopped."""

    def __init__(
        self,
        servers: ServerStore,
        server_stop: ServerStop,
        succession: Replacement,
        invocation: Invocation,
        clock: Clock,
    ) -> None:
        self._servers = servers
        self._server_stop = server_stop
        self._replacement = succession
        self._invocation = invocation
        self._clock = clock

    def note(self, end: TaskEnd) -> None:
        """Do what the end of the task asks for. Raises TransientError if that is not finished."""
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
        if record.state == ServerState.READY or self._is_ours_to_go_on(end, record, self._clock.now()):
            return self._server_stop.stop_dead(record, etag, end.cause, end.sent_at)
        if record.state == ServerState.STARTING and record.ended_task != end.task_arn:
            # The start is still at work, or will be tried again: it must not call this task ready.
            noted = replace(record, ended_task=end.task_arn, ended_cause=end.cause)
            return self._servers.write(noted, etag)
        if record.state == ServerState.STOPPED and record.reason == end.cause and needs_restart(record):
            # An earlier delivery may have died just before it asked for the next one.
            return self._replacement.restart(record)
        return self._ignore(end, f"the server is {record.state}")

    def _is_ours_to_go_on(self, end: TaskEnd, record: ServerRecord, now: datetime) -> bool:
        """Whether an earlier delivery has begun to tear down, and nobody is at it now."""
        free = not record.has_lease(now) or record.owner == self._invocation.owner
        return record.state == ServerState.STOPPING and record.reason == end.cause and free

    def _ignore(self, end: TaskEnd, why: str) -> None:
        logger.info("task end ignored", extra={"userId": end.user_id, "attempt": end.attempt, "why": why})
