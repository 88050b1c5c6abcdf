"""The controller of a study: takes a participant's request, and returns the page of their step.

AWS calls in a warm environment: a page step reads and writes the participant's record; a game step also
reads the server record; a step that starts or stops a server publishes one message before it is written.
docs/reference/config.md lists the calls that a study's options add to a newcomer's first request.
"""

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from hippo import metrics
from hippo.aws.route53 import HostNames
from hippo.aws.sns import Topic
from hippo.clock import Clock, to_wire
from hippo.contention import list_write_tries
from hippo.errors import ConflictError, ProjectNotFoundError, ReservedNameError, TransientError
from hippo.http import HttpRequest
from hippo.ids import is_project_id, parse_user_id
from hippo.journey.admission import Admission
from hippo.journey.balanced_groups import BalancedGroups
from hippo.journey.game_step import GameStep
from hippo.journey.link_origins import asks_for_origins, list_origins
from hippo.journey.newcomers import NewcomerCounts
from hippo.journey.platform_pages import build_refusal
from hippo.journey.progress import Move, Phase, Progress, decide, find_progress, parse_step, settle
from hippo.journey.request_entry import build_entry, check_answers
from hippo.journey.step_request import StepRequest, build_page_response, describe_study
from hippo.records.messages import build_stop, name_request
from hippo.records.participant import Participant, ParticipantStore
from hippo.records.server import ServerStore
from hippo.settings import NextStepSettings
from hippo.studies.catalogue import Catalogue, ListedProject
from hippo.studies.links import identify
from hippo.studies.study import Study

logger = logging.getLogger(__name__)


class StudyController:
    """The controller of all studies, which responds to the requests of participants."""

    def __init__(
        self,
        settings: NextStepSettings,
        catalogue: Catalogue,
        servers: ServerStore,
        start_topic: Topic,
        stop_topic: Topic,
        make_host_names: Callable[[], HostNames],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        newcomers = NewcomerCounts(catalogue.own_store, clock, settings.newcomers_per_network)
        self._admission = Admission(catalogue, clock, newcomers)
        self._groups = BalancedGroups(clock)
        self._game = GameStep(settings, servers, start_topic, make_host_names)
        self._stop_topic = stop_topic
        self._clock = clock

    def respond(self, request: HttpRequest, *, again: bool = False) -> dict[str, Any]:
        """Return the content of the 200 response: page, css, step, steps, userId and more keys of the page.

        With `again` an earlier try of the same request has failed, perhaps after its write had succeeded.
        Raises BadRequestError (ids, step, body, unknown or closed project) and TransientError.
        """
        if asks_for_origins(request.query):
            return list_origins(self._catalogue, self._settings.root_domain, request.query)
        project, user_id, finished = self._parse(request)
        if reason := self._admission.check_link(project, user_id, request):
            return self._refuse(project, user_id, reason)
        most_bytes = self._settings.max_record_kib * 1024
        records = ParticipantStore(self._catalogue.store_of(project), project.id, most_bytes)
        # Not `retry_conflicts`: what a lost try meant is carried into the next one.
        for _ in list_write_tries(self._clock):
            found = records.read(user_id)
            participant, etag = found if found else (None, None)
            if participant is None and not project.live:
                raise ProjectNotFoundError
            study = self._catalogue.load_study(project, participant.version if participant else None)
            step_request = StepRequest(request, user_id, project, records, finished, study, participant, etag)
            now = self._clock.now()
            progress = find_progress(participant, study)
            shown_at = participant.game_shown_at if participant else None
            move = decide(progress, request.method, finished, shown_at, now)
            if again and participant and participant.holds(self._build_entry(request, now)):
                move = Move.SHOW
            if participant is None and (reason := self._admission.admit(project, user_id, request)):
                return self._refuse(project, user_id, reason)
            try:
                if reason := self._find_lapse(step_request):
                    self._keep_late_answer(step_request, progress, move, now)
                    return self._refuse(project, user_id, reason)
                content = self._make_move(step_request, progress, move, now)
            except ConflictError:
                finished = settle(progress, move, finished)
                continue
            self._groups.count_finished(step_request)
            _log_step(step_request, progress, move)
            if not project.live:  # an answer in the middle of a study is stored before it is refused
                raise ProjectNotFoundError
            return content
        raise TransientError(f"{user_id}: the record kept changing")

    def _parse(self, request: HttpRequest) -> tuple[ListedProject, str, int | None]:
        """Return the project, the participant's id, and the request's `step`."""
        query = request.query
        project_id = query.get("projectId")
        if not is_project_id(project_id) or not query.get("userId"):
            raise ProjectNotFoundError
        user_id = self._parse_user_id(str(project_id), query.get("userId"))
        finished = parse_step(query.get("step"))
        check_answers(request)
        project = self._catalogue.find(str(project_id))
        if project is None or (not project.live and request.method != "POST"):
            raise ProjectNotFoundError
        return project, identify(project.id, project.access.one_per, query) or user_id, finished

    def _parse_user_id(self, project_id: str, value: object) -> str:
        try:
            return parse_user_id(value, self._settings.reserved_names)
        except ReservedNameError:
            project = self._catalogue.find(project_id)
            if project is None or not project.live:
                raise
            raise ReservedNameError(self._catalogue.load_study(project, None).researcher) from None

    def _find_lapse(self, step_request: StepRequest) -> str | None:
        """Return why a participant whose place has lapsed has none; claim another place if there is one.

        A study that was closed gives no places: it stores the answer.
        """
        participant, project = step_request.participant, step_request.project
        if participant is None or participant.lapsed_at is None or not project.live:
            return None
        if reason := self._admission.readmit(project, step_request.user_id):
            return reason
        self._groups.rejoin(step_request, self._clock.now())
        participant.lapsed_at = None
        step_request.has_news = True
        return None

    def _keep_late_answer(
        self, step_request: StepRequest, progress: Progress, move: Move, now: datetime
    ) -> None:
        """Keep the answer of a participant without a place, under `repeats`."""
        if move is not Move.SHOW and step_request.request.method == "POST":
            entry = self._build_entry(step_request.request, now)
            if step_request.stored_participant.keep_repeat(progress.step, entry):
                step_request.write()

    def _refuse(self, project: ListedProject, user_id: str, reason: str) -> dict[str, Any]:
        """Return a page with the reason. The request itself is not stored here."""
        if not project.live:
            raise ProjectNotFoundError
        fields = {"projectId": project.id, "userId": user_id, "reason": reason}
        logger.info("refused", extra=fields)
        metrics.record({"Refusals": 1}, projectId=project.id, reason=reason)
        study = self._catalogue.load_study(project, None)
        page = build_refusal(reason, project.access, study.researcher)
        return {**page, **describe_study(study, user_id), "step": 0}

    def _make_move(
        self, step_request: StepRequest, progress: Progress, move: Move, now: datetime
    ) -> dict[str, Any]:
        step_request.note_parameters()
        if move is Move.ADVANCE:
            return self._advance(step_request, progress, now)
        if move is not Move.SHOW:
            self._keep_answer(step_request, progress, move, now)
        elif step_request.has_news:
            step_request.write()
        if not step_request.project.live:
            return {}
        if progress.phase in (Phase.WAITING, Phase.PLAYING):
            return self._game.show(step_request, progress, now)
        return build_page_response(step_request, progress.step)

    def _keep_answer(self, step_request: StepRequest, progress: Progress, move: Move, now: datetime) -> None:
        """Keep an answer that does not advance. The same body twice is the same answer."""
        participant = step_request.stored_participant
        entry = self._build_entry(step_request.request, now)
        is_repeat = move is not Move.CLOSE or len(participant.requests) > progress.step
        if not is_repeat:
            participant.requests.append(entry)
        elif not participant.keep_repeat(_answered_step(step_request, progress, move), entry):
            return
        step_request.check_room(is_repeat=is_repeat)
        step_request.write()
        metrics.record({"Answers": 1}, projectId=step_request.project.id)

    def _advance(self, step_request: StepRequest, progress: Progress, now: datetime) -> dict[str, Any]:
        """Store the answer and show the next step."""
        study = step_request.study
        target = progress.step + 1
        participant = step_request.participant or self._begin(step_request, now)
        participant.version = participant.version or step_request.project.version
        entry = self._build_entry(step_request.request, now)
        entry |= _note_consent(study, step_request, progress, now)
        participant.requests.append(entry)
        participant.waiting_since = participant.start_requested_at = participant.game_shown_at = None
        participant.interrupted_at = None
        server = self._game.read_server(step_request.user_id) if study.is_game(target) else None
        step_request.participant = participant
        step_request.check_room()  # before any message is sent
        self._publish_events(step_request, participant, target, now)
        if study.is_game(target):
            return self._game.reach(step_request, target, server, now)
        participant.next_step = target + 1
        step_request.write()
        return build_page_response(step_request, target)

    def _begin(self, step_request: StepRequest, now: datetime) -> Participant:
        group = self._groups.assign(step_request, now)
        return Participant(created=now, parameters=step_request.parameters, group=group)

    def _build_entry(self, request: HttpRequest, now: datetime) -> dict[str, Any]:
        return build_entry(request, now, self._settings.client_address)

    def _publish_events(
        self, step_request: StepRequest, participant: Participant, step: int, now: datetime
    ) -> None:
        """Publish the messages of a step before it is written: a crash sends them twice rather than never."""
        if step == step_request.study.start_step and step_request.project.live:
            self._game.request_start(step_request)
            participant.start_requested_at = now
        if step == step_request.study.stop_step:
            user_id, project_id = step_request.user_id, step_request.project.id
            request_id = name_request(project_id, user_id, step)
            self._stop_topic.publish(
                build_stop(user_id, project_id=project_id, reason=f"step {step}", request_id=request_id)
            )


def _note_consent(
    study: Study, step_request: StepRequest, progress: Progress, now: datetime
) -> dict[str, Any]:
    """Return what an answer to the consent page records: which text was agreed to, and when."""
    if progress.phase is not Phase.PAGE or progress.step != study.options.consent_step:
        return {}
    page = step_request.page_at(progress.step)
    if page is None:
        return {}  # the participant saw the notice that the page is missing
    digest = hashlib.sha256(page.encode("utf-8", "surrogatepass")).hexdigest()
    return {"consent": {"sha256": digest, "time": to_wire(now)}}


def _answered_step(step_request: StepRequest, progress: Progress, move: Move) -> int:
    """Return the step whose answer a late or second POST repeats."""
    if move is Move.CLOSE:
        return progress.step
    return (
        progress.answered
        if step_request.finished in (None, progress.step)
        else int(step_request.finished or 0)
    )


def _log_step(step_request: StepRequest, progress: Progress, move: Move) -> None:
    fields = {"projectId": step_request.project.id, "userId": step_request.user_id, "step": progress.step}
    logger.info("step", extra={**fields, "place": progress.phase.value, "move": move.value})
    if move is Move.ADVANCE:
        _count_advance(step_request, progress)


def _count_advance(step_request: StepRequest, progress: Progress) -> None:
    """Count an advance, including one to a game that is not ready yet."""
    counts: dict[metrics.Metric, float] = {"Steps": 1}
    if progress.phase is Phase.NOWHERE:
        counts["Participants"] = 1
    if step_request.request.method == "POST":
        counts["Answers"] = 1
    metrics.record(counts, projectId=step_request.project.id)
