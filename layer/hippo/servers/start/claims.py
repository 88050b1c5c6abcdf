"""The claim of a participant's server record for a start message, if there is anything to start."""

import logging
from collections.abc import Callable
from dataclasses import replace

from hippo.clock import Clock
from hippo.contention import retry_conflicts
from hippo.errors import HippoError, TransientError
from hippo.invocation import Invocation
from hippo.records.codes import LIVING, EndReason, ServerState
from hippo.records.messages import StartMessage
from hippo.records.participant import ParticipantStore
from hippo.records.server import HeldServer, ServerRecord, ServerStore
from hippo.servers.capacity.allocation import SlotAllocation
from hippo.servers.counters import count_failed, count_held_back, count_started
from hippo.servers.start.decisions import Action, Decision, StartCase, decide
from hippo.servers.start.new_record import AttemptSettings, build_failed_record, build_new_record
from hippo.studies.catalogue import Catalogue, ListedProject
from hippo.studies.study import Study

logger = logging.getLogger(__name__)


class ServerClaims:
    """One invocation's claim, decided by record, project and participant, written by compare-and-swap."""

    def __init__(
        self,
        settings: AttemptSettings,
        catalogue: Catalogue,
        servers: ServerStore,
        allocation: SlotAllocation,
        request_stop: Callable[[ServerRecord, EndReason], None],
        invocation: Invocation,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._servers = servers
        self._allocation = allocation
        self._request_stop = request_stop
        self._invocation = invocation
        self._clock = clock

    def claim(self, message: StartMessage) -> HeldServer | None:
        """Return the record, held, with its slots chosen; None if this message starts nothing.

        Raises TransientError while a stop is at work on an earlier attempt, and for faults of AWS.
        """
        # After a conflict the stored record decides; it may hold our own write, which botocore tried twice.
        what = f"the server record of {message.user_id}"
        return retry_conflicts(self._clock, what, lambda: self._claim_once(message))

    def claim_slots_or_requeue(self, held: HeldServer) -> bool:
        """Claim the slots that the record names, or others that are free. Raises FencedError.

        Returns False if none are left. The record is then as if this start had never arrived.
        """
        project_id = held.record.project_id
        if self._allocation.claim_slots(held, lambda: self._find_limit(project_id)):
            return True
        self._requeue(held)
        return False

    def release_overtaken(self, record: ServerRecord) -> bool:
        """Release the start's lease, which the overtaking stop waits for.

        Returns False if there is nothing to stop: Lambda may deliver one event to two invocations at once,
        and the other one may be bringing up, or have brought up, this very attempt.
        """
        try:
            found = self._servers.read(record.user_id)
            if found and found[0].attempt == record.attempt:
                if found[0].state in LIVING:
                    return False
                if found[0].start_lease_until:
                    self._servers.write(replace(found[0], start_lease_until=None), found[1])
        except HippoError as error:  # the lease expires by itself
            logger.info(
                "start lease not given back", extra={"userId": record.user_id, "error": str(error)[:200]}
            )
        return True

    def _claim_once(self, message: StartMessage) -> HeldServer | None:
        case, etag = self._read_case(message)
        decision = decide(case)
        if decision.action is Action.LOAD:
            case = self._load(case)
            decision = decide(case)  # never LOAD: the case is loaded
        if decision.stops_current and case.current:
            self._request_stop(case.current, decision.stop_reason)
        if decision.leaves_queue:
            self._allocation.leave_queue(message.user_id, message.project_id)
        wanted = self._find_record(case, decision)
        if wanted is None:
            return None
        self._servers.write(wanted, etag)
        if decision.action is Action.FAIL:
            return None
        if decision.action is Action.BEGIN:
            count_started(wanted)
        return HeldServer(self._servers, wanted, self._clock)

    def _read_case(self, message: StartMessage) -> tuple[StartCase, str | None]:
        found = self._servers.read(message.user_id)
        current, etag = found if found else (None, None)
        return StartCase(message, current, self._clock.now(), self._invocation.owner), etag

    def _load(self, case: StartCase) -> StartCase:
        project = self._catalogue.find(case.message.project_id)
        if project is None:
            return replace(case, is_loaded=True)
        if case.current and case.current.state in LIVING:  # of another project
            rival = self._catalogue.find(case.current.project_id)
            return replace(case, is_loaded=True, project=project, rival=rival)
        found = ParticipantStore(self._catalogue.store_of(project), project.id).read(case.message.user_id)
        participant = found[0] if found else None
        study = self._catalogue.load_study(project, participant.version if participant else None)
        return replace(case, is_loaded=True, project=project, study=study, participant=participant)

    def _find_record(self, case: StartCase, decision: Decision) -> ServerRecord | None:
        """Return the record to write, None if nothing starts. Raises TransientError for WAIT."""
        if decision.action is Action.WAIT:
            raise TransientError(f"{case.message.user_id}: {decision.why}")
        if decision.action is Action.IGNORE:
            self._ignore(case.message, decision.why)
            return None
        if decision.action is Action.FAIL:
            return self._fail(case, decision.why)
        if decision.action is Action.CONTINUE and case.current:
            return replace(case.current, owner=self._invocation.owner, lease_until=self._invocation.ends)
        if decision.action is Action.BEGIN and case.project and case.study:
            return self._begin(case, case.project, case.study)
        raise AssertionError(f"{decision.action}: what it needs has not been read")

    def _begin(self, case: StartCase, project: ListedProject, study: Study) -> ServerRecord | None:
        """Return the record of a new attempt with its slots; None if the participant must wait for one."""
        record = build_new_record(self._settings, self._invocation, case, project, study)
        with_slots = self._allocation.choose_slots(record, project.access.max_servers)
        if with_slots is None:
            self._ignore(case.message, EndReason.NO_SLOT)
            count_held_back(record.project_id, record.user_id)
        return with_slots

    def _fail(self, case: StartCase, error: str) -> ServerRecord:
        ids = {"projectId": case.message.project_id, "userId": case.message.user_id}
        logger.error(error, extra=ids)
        count_failed(ids["projectId"], ids["userId"], error)
        return build_failed_record(case, error)

    def _requeue(self, held: HeldServer) -> None:
        """Return the participant to the queue: a later start, even with the same id, must take effect."""
        record = held.record
        seen = tuple(start for start in record.seen if start != record.start_id)
        held.update(
            state=ServerState.STOPPED,
            seen=seen,
            start_id="",
            tries=record.tries - 1,
            slot=None,
            project_slot=None,
            lease_until=None,
            reason=EndReason.NO_SLOT,
        )
        self._allocation.enter_queue(record, record.start_id, self._find_limit(record.project_id))
        logger.warning(EndReason.NO_SLOT, extra={"userId": record.user_id})
        count_held_back(record.project_id, record.user_id)

    def _find_limit(self, project_id: str) -> int | None:
        project = self._catalogue.find(project_id)
        return project.access.max_servers if project else None

    def _ignore(self, message: StartMessage, why: str) -> None:
        ids = {"projectId": message.project_id, "userId": message.user_id, "startId": message.start_id}
        logger.info("start ignored", extra={**ids, "why": why})
