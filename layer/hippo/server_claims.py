"""Whether a start message has anything to do, and if so, claiming the participant's server record for it."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hippo.catalogue import Catalogue, ListedProject
from hippo.clock import Clock
from hippo.errors import ConflictError, HippoError, TransientError
from hippo.ids import name_resources
from hippo.messages import StartMessage
from hippo.participants import Participant, ParticipantStore
from hippo.runs import Run
from hippo.server_record import (
    FAILED,
    MAX_TRIES,
    READY,
    STARTING,
    STOPPED,
    STOPPING,
    HeldServer,
    ServerRecord,
    ServerStore,
)
from hippo.server_slots import ServerSlots
from hippo.study import Study

logger = logging.getLogger(__name__)

_KEPT_STARTS = 20
_TRIES = 6


@dataclass(frozen=True, slots=True)
class ClaimSettings:
    """`max_runtime` in minutes."""

    prefix: str
    root_domain: str
    max_runtime: int


class ServerClaims:
    """Decides by the record, the project and the participant, and claims by compare-and-swap."""

    def __init__(
        self,
        settings: ClaimSettings,
        catalogue: Catalogue,
        servers: ServerStore,
        slots: ServerSlots,
        request_stop: Callable[[ServerRecord], None],
        run: Run,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._servers = servers
        self._slots = slots
        self._request_stop = request_stop
        self._run = run
        self._clock = clock

    def claim(self, message: StartMessage) -> HeldServer | None:
        """The record, held, with a slot of the cap chosen; None if this start must start nothing.

        Raises TransientError while a stop is at work on an earlier attempt, and for AWS's own faults.
        """
        for _ in range(_TRIES):
            found = self._servers.read(message.user_id)
            current, etag = found if found else (None, None)
            wanted = self._decide(message, current)
            if wanted is None:
                return None
            try:
                self._servers.write(wanted, etag)
            except ConflictError:
                continue  # what is stored now decides; it may be our own write that botocore tried twice
            return HeldServer(self._servers, wanted) if wanted.state == STARTING else None
        raise TransientError(f"{message.user_id}: the server record kept changing")

    def secure_slot(self, held: HeldServer) -> bool:
        """Claim the slot that the record names, or another free one. Raises FencedError.

        False if there is none left: the record is then as if this start had never come.
        """
        record = held.record
        while not self._slots.claim(record.slot or 0, record.user_id, record.attempt):
            free = self._slots.find_free()
            if not free:
                self._give_up(held)
                return False
            record = held.update(slot=choose_slot(record.user_id, free))
        return True

    def release_overtaken(self, record: ServerRecord) -> bool:
        """Tell the stop that has overtaken this start that it no longer has to wait for it.

        False if there is nothing to stop: Lambda may hand the same event to two invocations at once, and
        what the other one brings up, or has brought up, is this very attempt.
        """
        try:
            found = self._servers.read(record.user_id)
            if found and found[0].attempt == record.attempt:
                if found[0].state in (STARTING, READY):
                    return False
                if found[0].start_lease_until:
                    self._servers.write(replace(found[0], start_lease_until=None), found[1])
        except HippoError as error:  # the lease ends by itself
            logger.info(
                "start lease not given back", extra={"userId": record.user_id, "error": str(error)[:200]}
            )
        return True

    def _decide(self, message: StartMessage, current: ServerRecord | None) -> ServerRecord | None:
        """The record to write, or None."""
        now = self._clock.now()
        if current and _is_ending(current):
            self._await_end(message, current, now)
            return None
        if current and current.state in (STARTING, READY):
            return self._decide_living(message, current, now)
        project = self._catalogue.find(message.project_id)
        if project is None:
            return self._form_failed(message, current, f"there is no project {message.project_id}")
        study, participant = self._load(project, message.user_id)
        if _is_past_stop(study, participant):
            self._ignore(message, "past the stop step")
            return None
        if current and not _is_new(message, current, participant):
            if current.state == STOPPED and message.start_id == current.start_id:
                self._request_stop(current)  # an earlier delivery may have died while it made something
            self._ignore(message, "seen before, or older than the stop")
            return None
        tries = _count_tries(message, current, participant)
        if tries > MAX_TRIES:
            return self._form_failed(message, current, f"{MAX_TRIES} attempts have failed")
        slots = self._slots.find_free()
        if not slots:
            self._ignore(message, "all servers are in use")
            return None
        record = self._form_new(message, current, study, now)
        return replace(record, tries=tries, slot=choose_slot(record.user_id, slots))

    def _decide_living(
        self, message: StartMessage, current: ServerRecord, now: datetime
    ) -> ServerRecord | None:
        mine = current.owner == self._run.owner
        if current.state == READY or (current.has_lease(now) and not mine and current.state == STARTING):
            self._ignore(message, "there is a server already")
            return None
        if current.project_id != message.project_id:
            self._ignore(message, f"the server of project {current.project_id} is starting")
            return None
        return replace(current, owner=self._run.owner, lease_until=self._run.ends)

    def _await_end(self, message: StartMessage, current: ServerRecord, now: datetime) -> None:
        """Nothing begins before the earlier attempt is gone; whoever comes by sees to it that it goes."""
        if not current.has_lease(now):
            self._request_stop(current)
        if _is_seen(message, current) or _is_older(message, current):
            return self._ignore(message, "it is being stopped")
        raise TransientError(f"{message.user_id}: the earlier server is still being stopped")

    def _form_new(
        self, message: StartMessage, current: ServerRecord | None, study: Study, now: datetime
    ) -> ServerRecord:
        attempt = current.attempt + 1 if current else 1
        name = name_resources(self._settings.prefix, attempt, message.user_id)
        minutes = min(study.max_runtime, self._settings.max_runtime)
        return ServerRecord(
            user_id=message.user_id,
            project_id=message.project_id,
            state=STARTING,
            attempt=attempt,
            start_id=message.start_id,
            seen=(*(current.seen if current else ()), message.start_id)[-_KEPT_STARTS:],
            owner=self._run.owner,
            lease_until=self._run.ends,
            cluster=name,
            rule_name=name,
            host_name=f"{message.user_id}.{self._settings.root_domain}",
            addresses=current.addresses if current else (),
            requested_at=message.sent_at,
            stop_requested_at=current.stop_requested_at if current else None,
            deadline=now + timedelta(minutes=minutes),
            task_definition=study.task_definition,
        )

    def _form_failed(self, message: StartMessage, current: ServerRecord | None, error: str) -> ServerRecord:
        logger.error(error, extra={"projectId": message.project_id, "userId": message.user_id})
        return ServerRecord(
            user_id=message.user_id,
            project_id=message.project_id,
            state=FAILED,
            attempt=current.attempt if current else 0,
            tries=_count_tries(message, current),
            start_id=message.start_id,
            seen=(*(current.seen if current else ()), message.start_id)[-_KEPT_STARTS:],
            addresses=current.addresses if current else (),
            requested_at=message.sent_at,
            stop_requested_at=current.stop_requested_at if current else None,
            error=error,
        )

    def _give_up(self, held: HeldServer) -> None:
        """No slot was left after all; a later start, of the same id too, is to have its effect."""
        seen = tuple(start for start in held.record.seen if start != held.record.start_id)
        held.update(
            state=STOPPED,
            seen=seen,
            start_id="",
            tries=held.record.tries - 1,
            slot=None,
            lease_until=None,
            reason="all servers are in use",
        )
        logger.warning("all servers are in use", extra={"userId": held.record.user_id})

    def _load(self, project: ListedProject, user_id: str) -> tuple[Study, Participant | None]:
        found = ParticipantStore(self._catalogue.store_of(project), project.id).read(user_id)
        participant = found[0] if found else None
        return self._catalogue.load_study(project, participant.version if participant else None), participant

    def _ignore(self, message: StartMessage, why: str) -> None:
        ids = {"projectId": message.project_id, "userId": message.user_id, "startId": message.start_id}
        logger.info("start ignored", extra={**ids, "why": why})


def name_client_token(user_id: str, attempt: int, provider: str, rounds: int = 0) -> str:
    """RunTask's idempotency token, at most 64 characters: one task for each attempt, provider and round.

    ECS answers a token with the same task for an hour after that task has stopped, so an attempt that
    found no capacity anywhere and tries again needs another one.
    """
    return hashlib.sha256(f"{user_id}/{attempt}/{provider}/{rounds}".encode()).hexdigest()


def choose_slot(user_id: str, free: list[int]) -> int:
    """One of the free slots; simultaneous starts are spread over them, so that few collide."""
    digest = hashlib.sha256(f"{user_id}/{len(free)}".encode()).hexdigest()
    return free[int(digest, 16) % len(free)]


def _is_past_stop(study: Study, participant: Participant | None) -> bool:
    """Whether the participant has gone past the step at which their server is stopped."""
    if participant is None or study.stop_step is None or study.stop_step <= (study.start_step or 0):
        return False
    return participant.next_step - 1 >= study.stop_step


def _is_new(message: StartMessage, current: ServerRecord, participant: Participant | None) -> bool:
    """Whether a start after `failed` or `stopped` asks for a new attempt: not seen, not older."""
    if _is_older(message, current):
        return False
    return not _is_seen(message, current) or _begins_afresh(current, participant)


def _is_ending(record: ServerRecord) -> bool:
    """Whether something of an attempt may still be there: a stop is at work on it, or has been asked for."""
    return record.state == STOPPING or (record.state == FAILED and bool(record.cluster))


def _is_seen(message: StartMessage, current: ServerRecord) -> bool:
    return message.start_id in (current.start_id, *current.seen)


def _is_older(message: StartMessage, current: ServerRecord) -> bool:
    ended = current.stop_requested_at or current.stopped_at
    return ended is not None and message.sent_at <= ended


def _begins_afresh(current: ServerRecord, participant: Participant | None) -> bool:
    """Whether the participant's record was made after the stop: a test user who goes through it again."""
    ended = current.stop_requested_at or current.stopped_at
    if not ended or participant is None or participant.created is None:
        return False
    return participant.created > max(ended, current.requested_at or ended)


def _count_tries(
    message: StartMessage, current: ServerRecord | None, participant: Participant | None = None
) -> int:
    if current is None or current.project_id != message.project_id:
        return 1
    return 1 if _begins_afresh(current, participant) else current.tries + 1
