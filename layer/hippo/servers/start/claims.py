"""Whether a start message has anything to do, and if so, claiming the participant's server record for it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from hippo.clock import Clock
from hippo.errors import ConflictError, HippoError, TransientError
from hippo.invocation import Invocation
from hippo.records.messages import StartMessage
from hippo.records.participant import Participant, ParticipantStore
from hippo.records.server import (
    MAX_TRIES,
    NO_PLACE,
    READY,
    STARTING,
    STOPPED,
    HeldServer,
    ServerRecord,
    ServerStore,
)
from hippo.servers.capacity.allocation import ServerPlaces
from hippo.servers.metrics import count_failed, count_held_back, count_started
from hippo.servers.start.decisions import (
    ClaimSettings,
    build_failed_record,
    build_new_record,
    count_tries,
    is_ending,
    is_missed,
    is_new,
    is_of_nobody,
    is_older,
    is_past_stop,
    is_restart,
    is_seen,
)
from hippo.studies.catalogue import Catalogue, ListedProject
from hippo.studies.study import Study

logger = logging.getLogger(__name__)

__all__ = ["ClaimSettings", "ServerClaims"]

_TRIES = 6


class ServerClaims:
    """Decides by the record, the project and the participant, and claims by compare-and-swap."""

    def __init__(
        self,
        settings: ClaimSettings,
        catalogue: Catalogue,
        servers: ServerStore,
        places: ServerPlaces,
        request_stop: Callable[[ServerRecord], None],
        invocation: Invocation,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._servers = servers
        self._places = places
        self._request_stop = request_stop
        self._invocation = invocation
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
            if wanted.state == STARTING and (current is None or wanted.attempt != current.attempt):
                count_started(wanted)
            return HeldServer(self._servers, wanted) if wanted.state == STARTING else None
        raise TransientError(f"{message.user_id}: the server record kept changing")

    def secure_slot(self, held: HeldServer) -> bool:
        """Claim the slots that the record names, or others that are free. Raises FencedError.

        False if there are none left: the record is then as if this start had never come.
        """
        project_id = held.record.project_id
        if self._places.secure(held, lambda: self._find_limit(project_id)):
            return True
        self._give_up(held)
        return False

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
        if current and is_ending(current):
            self._await_end(message, current, now)
            return None
        if current and current.state in (STARTING, READY):
            return self._decide_living(message, current, now)
        project = self._catalogue.find(message.project_id)
        if project is None:
            return self._fail(message, current, f"there is no project {message.project_id}")
        return self._decide_new(message, current, project, now)

    def _decide_new(
        self, message: StartMessage, current: ServerRecord | None, project: ListedProject, now: datetime
    ) -> ServerRecord | None:
        study, participant = self._load(project, message.user_id)
        if current and is_restart(message, current):
            missed = project.live and is_missed(message, current, study, participant)
            objection = "" if missed else "nobody misses the server that died"
        else:
            objection = self._find_objection(message, current, study, participant)
        tries = count_tries(message, current, participant)
        if is_restart(message, current) and (objection or tries > MAX_TRIES):
            self._places.give_up(message.user_id, message.project_id)
        if objection:
            self._ignore(message, objection)
            return None
        if tries > MAX_TRIES:
            return self._fail(message, current, f"{MAX_TRIES} attempts have failed")
        record = build_new_record(self._settings, self._invocation, message, current, study, participant, now)
        placed = self._places.assign(replace(record, tries=tries), project.access.max_servers)
        if placed is None:
            self._ignore(message, NO_PLACE)
            count_held_back(message.project_id, message.user_id)
        return placed

    def _find_objection(
        self,
        message: StartMessage,
        current: ServerRecord | None,
        study: Study,
        participant: Participant | None,
    ) -> str:
        """Why nothing is to be started; empty if there is no reason."""
        if is_past_stop(study, participant):
            return "past the stop step"
        if current and not is_new(message, current, participant):
            if current.state == STOPPED and message.start_id == current.start_id:
                self._request_stop(current)  # an earlier delivery may have died while it made something
            return "seen before, or older than the stop"
        if is_of_nobody(message, current, participant, self._clock.now()):
            return "the participant has no record"
        return ""

    def _decide_living(
        self, message: StartMessage, current: ServerRecord, now: datetime
    ) -> ServerRecord | None:
        mine = current.owner == self._invocation.owner
        if current.state == READY or (current.has_lease(now) and not mine and current.state == STARTING):
            self._ignore(message, "there is a server already")
            return None
        if current.project_id != message.project_id:
            self._ignore(message, f"the server of project {current.project_id} is starting")
            return None
        return replace(current, owner=self._invocation.owner, lease_until=self._invocation.ends)

    def _await_end(self, message: StartMessage, current: ServerRecord, now: datetime) -> None:
        """Nothing begins before the earlier attempt is gone; whoever comes by sees to it that it goes."""
        if not current.has_lease(now):
            self._request_stop(current)
        if is_seen(message, current) or is_older(message, current):
            return self._ignore(message, "it is being stopped")
        raise TransientError(f"{message.user_id}: the earlier server is still being stopped")

    def _fail(self, message: StartMessage, current: ServerRecord | None, error: str) -> ServerRecord:
        logger.error(error, extra={"projectId": message.project_id, "userId": message.user_id})
        count_failed(message.project_id, message.user_id, error)
        return build_failed_record(message, current, error)

    def _give_up(self, held: HeldServer) -> None:
        """No slot was left after all; a later start, of the same id too, is to have its effect."""
        record = held.record
        seen = tuple(start for start in record.seen if start != record.start_id)
        held.update(
            state=STOPPED,
            seen=seen,
            start_id="",
            tries=record.tries - 1,
            slot=None,
            project_slot=None,
            lease_until=None,
            reason=NO_PLACE,
        )
        self._places.queue_up(record, record.start_id, self._find_limit(record.project_id))
        logger.warning(NO_PLACE, extra={"userId": record.user_id})
        count_held_back(record.project_id, record.user_id)

    def _find_limit(self, project_id: str) -> int | None:
        project = self._catalogue.find(project_id)
        return project.access.max_servers if project else None

    def _load(self, project: ListedProject, user_id: str) -> tuple[Study, Participant | None]:
        found = ParticipantStore(self._catalogue.store_of(project), project.id).read(user_id)
        participant = found[0] if found else None
        return self._catalogue.load_study(project, participant.version if participant else None), participant

    def _ignore(self, message: StartMessage, why: str) -> None:
        ids = {"projectId": message.project_id, "userId": message.user_id, "startId": message.start_id}
        logger.info("start ignored", extra={**ids, "why": why})
