"""The controller of a study: one request of a participant in, the page of their step out.

AWS calls in a warm environment: a page step reads and writes the participant's record; a game step also
reads the server record; a step that starts or stops a server publishes one message before it is written.
What the options of a study add to a newcomer's first request: docs/reference/config.md.
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
from hippo.contention import list_tries
from hippo.errors import ConflictError, ProjectNotFoundError, TransientError
from hippo.http import HttpRequest
from hippo.ids import is_project_id, parse_user_id
from hippo.journey.admission import Admission, identify
from hippo.journey.balanced_groups import BalancedGroups
from hippo.journey.game_step import GameFlow
from hippo.journey.platform_pages import build_refusal
from hippo.journey.progress import Move, Phase, Progress, decide, find_progress, parse_step, settle
from hippo.journey.request_log import build_entry, check_answers
from hippo.journey.visit import Visit, build_page_response, describe_study
from hippo.records.messages import build_stop, name_request
from hippo.records.participant import Participant, ParticipantStore
from hippo.records.server import ServerStore
from hippo.settings import NextStepSettings
from hippo.studies.catalogue import Catalogue, ListedProject
from hippo.studies.links import collect_parameters
from hippo.studies.study import Study

logger = logging.getLogger(__name__)


class StudyFlow:
    """Answers the requests of participants."""

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
        self._admission = Admission(catalogue, clock)
        self._groups = BalancedGroups(clock)
        self._game = GameFlow(settings, servers, start_topic, make_host_names)
        self._stop_topic = stop_topic
        self._clock = clock

    def answer(self, request: HttpRequest, *, again: bool = False) -> dict[str, Any]:
        """The content of the 200 answer: page, css, step, steps, userId and what the page needs besides.

        `again`: an earlier try of this very request failed, perhaps only after it had been written.
        Raises BadRequestError (ids, step, body, unknown or closed project) and TransientError.
        """
        project, user_id, finished = self._parse(request)
        if reason := self._admission.check_link(project, user_id, request):
            return self._refuse(project, user_id, reason)
        records = ParticipantStore(self._catalogue.store_of(project), project.id)
        # Not `retry_conflicts`: what a lost try meant is carried into the next one.
        for _ in list_tries(self._clock):
            found = records.read(user_id)
            participant, etag = found if found else (None, None)
            if participant is None and not project.live:
                raise ProjectNotFoundError
            study = self._catalogue.load_study(project, participant.version if participant else None)
            visit = Visit(request, user_id, project, records, finished, study, participant, etag)
            now = self._clock.now()
            position = find_progress(participant, study)
            shown_at = participant.game_shown_at if participant else None
            move = decide(position, request.method, finished, shown_at, now)
            if again and participant and participant.holds(self._build_entry(request, now)):
                move = Move.SHOW
            if participant is None and (reason := self._admission.admit(project, user_id, request)):
                return self._refuse(project, user_id, reason)
            try:
                answer = self._make_move(visit, position, move, now)
            except ConflictError:
                finished = settle(position, move, finished)
                continue
            self._groups.note_end(visit)
            _log_step(visit, position, move)
            if not project.live:  # an answer in the middle of a study is stored before it is refused
                raise ProjectNotFoundError
            return answer
        raise TransientError(f"{user_id}: the record kept changing")

    def _parse(self, request: HttpRequest) -> tuple[ListedProject, str, int | None]:
        """The project, whom the request is of, and its `step`."""
        query = request.query
        project_id = query.get("projectId")
        if not is_project_id(project_id) or not query.get("userId"):
            raise ProjectNotFoundError
        user_id = parse_user_id(query.get("userId"), self._settings.reserved_names)
        finished = parse_step(query.get("step"))
        check_answers(request)
        project = self._catalogue.find(str(project_id))
        if project is None or (not project.live and request.method != "POST"):
            raise ProjectNotFoundError
        return project, identify(project, user_id, query), finished

    def _refuse(self, project: ListedProject, user_id: str, reason: str) -> dict[str, Any]:
        """A page that says why; nothing of the request is stored."""
        if not project.live:
            raise ProjectNotFoundError
        fields = {"projectId": project.id, "userId": user_id, "reason": reason}
        logger.info("refused", extra=fields)
        metrics.record({"Refusals": 1}, projectId=project.id, reason=reason)
        study = self._catalogue.load_study(project, None)
        notice = build_refusal(reason, project.access, study.researcher)
        return {**notice, **describe_study(study, user_id), "step": 0}

    def _make_move(self, visit: Visit, position: Progress, move: Move, now: datetime) -> dict[str, Any]:
        if move is Move.ADVANCE:
            return self._advance(visit, position, now)
        if move is not Move.SHOW:
            self._keep_answer(visit, position, move, now)
        if not visit.project.live:
            return {}
        if position.phase in (Phase.WAITING, Phase.PLAYING):
            return self._game.show(visit, position, now)
        return build_page_response(visit, position.step)

    def _keep_answer(self, visit: Visit, position: Progress, move: Move, now: datetime) -> None:
        """Keep an answer that does not advance; the same body twice is the same answer."""
        participant = visit.present
        entry = self._build_entry(visit.request, now)
        if move is Move.CLOSE and len(participant.requests) <= position.step:
            participant.requests.append(entry)
        elif not participant.keep_repeat(_answered_step(visit, position, move), entry):
            return
        visit.write()
        metrics.record({"Answers": 1}, projectId=visit.project.id)

    def _advance(self, visit: Visit, position: Progress, now: datetime) -> dict[str, Any]:
        """Store the answer and show the next step."""
        study = visit.study
        target = position.step + 1
        participant = visit.participant or self._begin(visit, now)
        participant.version = participant.version or visit.project.version
        entry = self._build_entry(visit.request, now)
        entry |= _note_consent(study, visit, position, now)
        participant.requests.append(entry)
        participant.waiting_since = participant.start_requested_at = participant.game_shown_at = None
        participant.interrupted_at = None
        server = self._game.read_server(visit.user_id) if study.is_game(target) else None
        visit.participant = participant
        self._publish_events(visit, participant, target, now)
        if study.is_game(target):
            return self._game.reach(visit, target, server, now)
        participant.next_step = target + 1
        visit.write()
        return build_page_response(visit, target)

    def _begin(self, visit: Visit, now: datetime) -> Participant:
        parameters = collect_parameters(visit.request.query)
        return Participant(created=now, parameters=parameters, group=self._groups.assign(visit, now))

    def _build_entry(self, request: HttpRequest, now: datetime) -> dict[str, Any]:
        return build_entry(request, now, self._settings.client_address)

    def _publish_events(self, visit: Visit, participant: Participant, step: int, now: datetime) -> None:
        """Send what reaching a step sends, before it is written: a crash sends twice rather than never."""
        if step == visit.study.start_step and visit.project.live:
            self._game.request_start(visit)
            participant.start_requested_at = now
        if step == visit.study.stop_step:
            user_id, project_id = visit.user_id, visit.project.id
            request_id = name_request(project_id, user_id, step)
            self._stop_topic.publish(
                build_stop(user_id, project_id=project_id, reason=f"step {step}", request_id=request_id)
            )


def _note_consent(study: Study, visit: Visit, position: Progress, now: datetime) -> dict[str, Any]:
    """What is kept with the answer to the consent page: which text was agreed to, and when."""
    if position.phase is not Phase.PAGE or position.step != study.options.consent_step:
        return {}
    page = visit.page_at(position.step)
    if page is None:
        return {}  # what was shown is the notice that the page is missing
    digest = hashlib.sha256(page.encode("utf-8", "surrogatepass")).hexdigest()
    return {"consent": {"sha256": digest, "time": to_wire(now)}}


def _answered_step(visit: Visit, position: Progress, move: Move) -> int:
    """Which step's answer a late or second POST repeats."""
    if move is Move.CLOSE:
        return position.step
    return position.answered if visit.finished in (None, position.step) else int(visit.finished or 0)


def _log_step(visit: Visit, position: Progress, move: Move) -> None:
    fields = {"projectId": visit.project.id, "userId": visit.user_id, "step": position.step}
    logger.info("step", extra={**fields, "place": position.phase.value, "move": move.value})
    if move is Move.ADVANCE:
        _count_advance(visit, position)


def _count_advance(visit: Visit, position: Progress) -> None:
    """A step further, be it to a game that has to be waited for."""
    counts: dict[metrics.Metric, float] = {"Steps": 1}
    if position.phase is Phase.NOWHERE:
        counts["Participants"] = 1
    if visit.request.method == "POST":
        counts["Answers"] = 1
    metrics.record(counts, projectId=visit.project.id)
