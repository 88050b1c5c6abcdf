"""The sweep: compares server records with what exists, and requests the stop of orphans.

It tears nothing down itself. For each orphan it publishes a stop, which has retries and a dead-letter queue
of its own and respects leases. So a sweep is quick, may run twice or at the same time as starts and
stops, and may be cut off anywhere. The next sweep begins where it ended.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from hippo import metrics
from hippo.aws.s3 import ObjectStore, write_object
from hippo.clock import Clock
from hippo.errors import BrokenRecordError, ConflictError, HippoError, TransientError
from hippo.invocation import Invocation
from hippo.records.codes import EndReason
from hippo.records.messages import build_stop
from hippo.records.server import ServerRecord, ServerStore, build_attempt_stop
from hippo.servers.capacity.slots import PREFIX as SLOTS
from hippo.servers.capacity.slots import CapacityView, parse_slot
from hippo.servers.stop.next_starts import NextStarts
from hippo.servers.stop.teardown import Teardown
from hippo.servers.stop.tools import StopTools
from hippo.servers.sweep.findings import (
    has_lost_rule,
    holds_slot,
    list_orphans,
    may_be_unused,
    may_have_exited,
)
from hippo.servers.sweep.inventory import Inventory
from hippo.servers.sweep.report import report_sweep
from hippo.servers.task_events import check_idle, find_cause
from hippo.stored_json import format_json, parse_object

logger = logging.getLogger(__name__)

CURSOR = "_sweep.json"
RECORDS_A_TIME = 100
STOPS_A_TIME = 20
_RESERVE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next sweep continues: after a record's key, at a name of the zone, after a participant."""

    record: str = ""
    name: str = ""
    user: str = ""


class ServerSweep:
    """One run of the sweep."""

    def __init__(
        self,
        store: ObjectStore,
        servers: ServerStore,
        tools: StopTools,
        prefix: str,
        root_domain: str,
        invocation: Invocation,
        clock: Clock,
    ) -> None:
        self._store = store
        self._servers = servers
        self._tools = tools
        self._teardown = Teardown(tools, prefix, invocation, clock)
        self._next_starts = NextStarts(tools)
        self._inventory = Inventory(tools, prefix, root_domain)
        self._invocation = invocation
        self._clock = clock
        self._stops = 0  # of orphans
        self._unused = 0
        self._unreadable = 0
        self._knows_rules = False
        self._seen: list[ServerRecord] = []
        self._capacity: CapacityView | None = None

    def sweep(self) -> None:
        """Examine what exists, and request the stop of orphans.

        Raises TransientError if part of that failed.
        """
        cursor, etag = self._read_cursor()
        problems: list[str] = []
        self._try(problems, self._inventory.add_clusters)
        self._knows_rules = self._try(problems, self._inventory.add_rules)
        following = self._read_pages(cursor, problems)
        users = self._order_users(cursor)
        done = self._examine_all(users, problems)
        self._try(problems, lambda: self._free_slots(problems))
        self._try(problems, self._next_starts.start_waiting)
        if done < len(users):  # the next one continues within the same pages
            following = replace(cursor, user=users[done - 1] if done else cursor.user)
        self._write_cursor(following, etag)
        logger.info("swept", extra={"participants": done, "stops": self._stops})
        complete = done == len(users) and not cursor.user and not problems
        faults: dict[metrics.Metric, float] = {"Orphans": self._stops, "UnreadableRecords": self._unreadable}
        report_sweep(self._seen, self._capacity, faults, complete, self._clock.now())
        if problems:
            raise TransientError(f"sweep: {'; '.join(problems)[:500]}")

    def _read_pages(self, cursor: Cursor, problems: list[str]) -> Cursor:
        """Read a page of records and one of the zone; return where the next pages begin."""
        following = replace(cursor, user="")
        try:
            keys, next_record = self._store.list_after("_servers/", cursor.record, RECORDS_A_TIME)
            self._inventory.add_users(keys)
            following = replace(following, record=next_record)
            following = replace(following, name=self._inventory.add_names(cursor.name))
            self._inventory.attribute_names(self._list_records)
        except HippoError as error:
            problems.append(str(error))
        return following

    def _list_records(self) -> Iterator[str]:
        return (entry.key for entry in self._store.list_objects("_servers/"))

    def _order_users(self, cursor: Cursor) -> list[str]:
        """Return the participants with resources or records; after a sweep that was cut short, the rest."""
        users = sorted(self._inventory.found)
        return [user for user in users if user > cursor.user] or users

    def _examine_all(self, users: list[str], problems: list[str]) -> int:
        """Examine participants until time or stops run out; return how many."""
        for number, user_id in enumerate(users):
            has_enough = self._stops + self._unused >= STOPS_A_TIME
            if has_enough or self._clock.now() > self._invocation.until - _RESERVE:
                return number
            self._try_one(problems, user_id, lambda user_id=user_id: self._examine(user_id))  # type: ignore[misc]
        return len(users)

    def _examine(self, user_id: str) -> None:
        stored = self._servers.read(user_id)
        record, found = stored[0] if stored else None, self._inventory.found[user_id]
        now = self._clock.now()
        for attempt in list_orphans(record, found, now):
            self._request_stop(user_id, attempt, record.reason if record else "")
        if record is None:
            return
        self._seen.append(record)
        if may_have_exited(record, found, now) and self._has_exited(record):
            return
        if self._knows_rules and has_lost_rule(record, found, now) and record.deadline:
            self._teardown.arm(replace(record, reason=EndReason.MAX_RUNTIME), record.deadline)
            logger.warning("rule armed again", extra={"userId": user_id, "attempt": record.attempt})
        elif may_be_unused(record, now) and not self._tools.shown_games.may_be_played(record):
            self._stop_unused(record)

    def _has_exited(self, record: ServerRecord) -> bool:
        """Ask ECS whether the task has stopped, and request its stop: the event of its exit may be lost."""
        task = self._tools.containers.describe_task(record.cluster, record.task_arn)
        if task is not None and task.status != "STOPPED":
            return False
        cause = find_cause(task.stop_code, task.exit_codes) if task else find_cause("", ())
        cause = check_idle(record, cause, self._clock.now())
        self._request_stop(record.user_id, record.attempt, cause)
        return True

    def _stop_unused(self, record: ServerRecord) -> None:
        """Request the stop of a server without a player so far; `stop_server` looks once more."""
        self._tools.stop_topic.publish(build_attempt_stop(record, EndReason.NEVER_SHOWN))
        self._unused += 1
        logger.info("unused", extra={"userId": record.user_id, "attempt": record.attempt})

    def _request_stop(self, user_id: str, attempt: int, reason: str) -> None:
        self._tools.stop_topic.publish(build_stop(user_id, attempt=attempt, reason=reason or EndReason.SWEEP))
        self._stops += 1
        logger.warning("orphan", extra={"userId": user_id, "attempt": attempt})

    def _free_slots(self, problems: list[str]) -> None:
        """Free the slots whose holder is gone."""
        self._capacity = self._tools.slots.view()
        for key in sorted(self._capacity.held):
            if self._clock.now() <= self._invocation.until - _RESERVE / 2:
                self._try_one(problems, key, lambda key=key: self._free_slot(key))  # type: ignore[misc]

    def _free_slot(self, key: str) -> None:
        slot, holder = parse_slot(key), self._tools.slots.read_holder(key)
        if slot is None or holder is None:
            return
        try:
            found = self._servers.read(holder[0])
        except BrokenRecordError:  # reported when it was examined; its slot may be in use
            return
        if not holds_slot(found[0] if found else None, holder[1], *slot):
            self._tools.slots.free(slot[0], *holder, slot[1])
            logger.warning("slot freed", extra={"userId": holder[0], "key": key.removeprefix(SLOTS)})

    def _try_one(self, problems: list[str], name: str, work: Callable[[], None]) -> None:
        """Do what concerns one record or slot: whatever it holds, the others are still examined."""
        try:
            work()
        except BrokenRecordError as error:
            self._unreadable += 1
            problems.append(str(error))
        except HippoError as error:
            problems.append(str(error))
        except Exception as error:
            self._unreadable += 1
            logger.exception("not examined", extra={"key": name})
            problems.append(f"{name}: {type(error).__name__}")

    def _try(self, problems: list[str], work: Callable[[], object]) -> bool:
        try:
            work()
        except HippoError as error:
            problems.append(str(error))
            return False
        return True

    def _read_cursor(self) -> tuple[Cursor, str | None]:
        stored = self._store.read(CURSOR)
        if stored is None:
            return Cursor(), None
        try:
            data = parse_object(stored.body)
        except ValueError:  # begin again
            data = {}
        return Cursor(*(str(data.get(name, "")) for name in ("record", "name", "user"))), stored.etag

    def _write_cursor(self, cursor: Cursor, etag: str | None) -> None:
        """Write the cursor; if another sweep wrote first, its cursor stays."""
        body = format_json({"record": cursor.record, "name": cursor.name, "user": cursor.user})
        try:
            write_object(self._store, CURSOR, body, etag)
        except ConflictError:
            logger.info("another sweep at the same time")
