"""The starts that follow the end of a server: its replacement, or the next in the queue."""

import logging
from collections.abc import Callable

from hippo.errors import HippoError
from hippo.records.codes import TASK_EXITS, ServerState
from hippo.records.messages import build_start
from hippo.records.server import ServerRecord, name_replacement
from hippo.servers.counters import count_replaced
from hippo.servers.stop.tools import StopTools

logger = logging.getLogger(__name__)

_MOST_STARTS = 10  # published by one invocation


class NextStarts:
    """The publication of the next starts; `start_server` decides what they lead to."""

    def __init__(self, tools: StopTools) -> None:
        self._tools = tools

    def follow(self, record: ServerRecord) -> None:
        """Follow up an attempt that was torn down. Raises TransientError if no replacement is requested."""
        if needs_replacement(record):
            return self.request_replacement(record)
        # Waiting participants also ask by themselves, and so does the sweep: none is lost if this fails.
        return self._try(self.start_waiting)

    def queue_replacement(self, record: ServerRecord) -> None:
        """Queue the replacement first: the start of a waiting participant may otherwise claim the slot."""
        if record.reason not in TASK_EXITS or record.error or record.requested_at is None:
            return
        since, slots, queue = record.requested_at, self._tools.slots, self._tools.queue
        self._try(lambda: queue.enter(slots.view(), record, name_replacement(record), since, None))

    def request_replacement(self, record: ServerRecord) -> None:
        """Publish the replacement's start; repeating it has no effect."""
        message = build_start(record.project_id, record.user_id, name_replacement(record))
        self._tools.start_topic.publish(message)
        logger.info("restart", extra={"userId": record.user_id, "attempt": record.attempt})
        count_replaced(record)

    def start_waiting(self) -> None:
        """Publish starts for the participants who have waited longest, one for each free slot."""
        slots, queue = self._tools.slots, self._tools.queue
        view = slots.view()
        if not view.queue:
            return
        room = min(len(view.list_free(slots.count)), _MOST_STARTS)
        contenders = queue.list_contenders(view)
        while room > 0 and (waiting := next(contenders, None)):
            entry = waiting.entry
            message = build_start(entry.project_id, entry.user_id, waiting.start_id, host=waiting.host)
            self._tools.start_topic.publish(message)
            logger.info("passed on", extra={"userId": entry.user_id, "projectId": entry.project_id})
            room -= 1

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except HippoError as error:
            logger.warning("not passed on", extra={"error": str(error)[:200]})


def needs_replacement(record: ServerRecord) -> bool:
    """Return whether the attempt's task exited in use, and the attempt has been torn down."""
    return record.state == ServerState.STOPPED and record.reason in TASK_EXITS and not record.error
