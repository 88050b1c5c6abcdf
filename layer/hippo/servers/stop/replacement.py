"""What follows when a server has ended: another one where it died in use, or the next in line."""

import logging
from collections.abc import Callable

from hippo.errors import HippoError
from hippo.records.codes import TASK_EXITS, ServerState
from hippo.records.messages import build_start
from hippo.records.server import ServerRecord, name_restart
from hippo.servers.metrics import count_replaced
from hippo.servers.stop.teardown import StopTools

logger = logging.getLogger(__name__)

_MOST_STARTS = 10  # that one invocation asks for


class Replacement:
    """Publishes starts; `start_server` decides what becomes of them."""

    def __init__(self, tools: StopTools) -> None:
        self._tools = tools

    def follow(self, record: ServerRecord) -> None:
        """An attempt has been torn down. Raises TransientError if the server that died is not asked for."""
        if needs_restart(record):
            return self.restart(record)
        # Those who wait also ask by themselves, and the sweep does: nobody is lost if this fails.
        return self._try(self.pass_on)

    def reserve(self, record: ServerRecord) -> None:
        """Whoever's server died goes before those who wait: they ask for the place too, and may be faster."""
        if record.reason not in TASK_EXITS or record.error or record.requested_at is None:
            return
        ids, since = (record.user_id, record.project_id), record.requested_at
        slots, queue = self._tools.slots, self._tools.queue
        self._try(lambda: queue.enter(slots.look(), *ids, name_restart(record), since, None))

    def restart(self, record: ServerRecord) -> None:
        """Ask for another server in place of one that died; more than once has effect once."""
        message = build_start(record.project_id, record.user_id, name_restart(record))
        self._tools.start_topic.publish(message)
        logger.info("restart", extra={"userId": record.user_id, "attempt": record.attempt})
        count_replaced(record)

    def pass_on(self) -> None:
        """Ask for the servers of those who have waited longest, as many as there are places."""
        slots, queue = self._tools.slots, self._tools.queue
        places = slots.look()
        if not places.queue:
            return
        room = min(len(places.list_free(slots.count)), _MOST_STARTS)
        contenders = queue.list_contenders(places)
        while room > 0 and (waiting := next(contenders, None)):
            entry = waiting.entry
            message = build_start(entry.project_id, entry.user_id, waiting.start_id)
            self._tools.start_topic.publish(message)
            logger.info("passed on", extra={"userId": entry.user_id, "projectId": entry.project_id})
            room -= 1

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except HippoError as error:
            logger.warning("not passed on", extra={"error": str(error)[:200]})


def needs_restart(record: ServerRecord) -> bool:
    """Whether the attempt died under its participant and has been torn down."""
    return record.state == ServerState.STOPPED and record.reason in TASK_EXITS and not record.error
