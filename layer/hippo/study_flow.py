"""The controller of a study: one request of a participant in, the page of their step out.

AWS calls in a warm environment: a page step reads and writes the participant's record; a game step also
reads the server record; a step that starts or stops a server publishes one message before it is written.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hippo.aws.route53 import HostNames
from hippo.aws.sns import Topic
from hippo.catalogue import Catalogue, ListedProject
from hippo.clock import Clock
from hippo.errors import AwsError, ConflictError, ProjectNotFoundError, TransientError
from hippo.http import HttpRequest
from hippo.ids import is_project_id, parse_user_id
from hippo.messages import form_start, form_stop
from hippo.notices import form_ended_game, form_failed_server, form_missing_page
from hippo.participants import Participant, ParticipantStore
from hippo.positions import Move, Place, Position, decide, locate, parse_step, settle
from hippo.request_entries import check_answers, form_entry
from hippo.server_record import STARTING, STOPPING, ServerRecord, ServerStore
from hippo.settings import NextStepSettings
from hippo.study import Study

logger = logging.getLogger(__name__)

ASK_AGAIN = timedelta(seconds=60)  # a participant who waits this long is published for again
_TRIES = 8


@dataclass(slots=True)
class Visit:
    """One request on its way: who, in which project, what was read; `finished` as `decide` takes it."""

    request: HttpRequest
    user_id: str
    project: ListedProject
    records: ParticipantStore
    finished: int | None
    study: Study
    participant: Participant | None = None
    etag: str | None = None


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
        self._servers = servers
        self._start_topic = start_topic
        self._stop_topic = stop_topic
        self._make_host_names = make_host_names
        self._clock = clock

    def answer(self, request: HttpRequest) -> dict[str, Any]:
        """The content of the 200 answer: page, css, step, steps, userId and what the page needs besides.

        Raises BadRequestError (ids, step, body, unknown or closed project) and TransientError.
        """
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
        records = ParticipantStore(self._catalogue.store_of(project), project.id)
        for _ in range(_TRIES):
            found = records.read(user_id)
            participant, etag = found if found else (None, None)
            if participant is None and not project.live:
                raise ProjectNotFoundError
            study = self._catalogue.load_study(project, participant.version if participant else None)
            visit = Visit(request, user_id, project, records, finished, study, participant, etag)
            now = self._clock.now()
            position = locate(participant, study)
            shown_at = participant.game_shown_at if participant else None
            move = decide(position, request.method, finished, shown_at, now)
            try:
                answer = self._make_move(visit, position, move, now)
            except ConflictError:
                finished = settle(position, move, finished)
                continue
            _log_step(visit, position, move)
            if not project.live:  # an answer in the middle of a study is stored before it is refused
                raise ProjectNotFoundError
            return answer
        raise TransientError(f"{user_id}: the record kept changing")

    def _make_move(self, visit: Visit, position: Position, move: Move, now: datetime) -> dict[str, Any]:
        if move is Move.ADVANCE:
            return self._advance(visit, position, now)
        if move is not Move.SHOW:
            self._keep_answer(visit, position, move, now)
        return self._show(visit, position, now) if visit.project.live else {}

    def _keep_answer(self, visit: Visit, position: Position, move: Move, now: datetime) -> None:
        """Keep an answer that does not advance; the same body twice is the same answer."""
        participant = _present(visit)
        entry = form_entry(visit.request, now, self._settings.client_address)
        if move is Move.CLOSE and len(participant.requests) <= position.step:
            participant.requests.append(entry)
        elif not participant.keep_repeat(_answered_step(visit, position, move), entry):
            return
        self._write(visit)

    def _advance(self, visit: Visit, position: Position, now: datetime) -> dict[str, Any]:
        """Store the answer and show the next step."""
        study = visit.study
        target = position.step + 1
        participant = visit.participant or Participant(created=now)
        participant.version = participant.version or visit.project.version
        entry = form_entry(visit.request, now, self._settings.client_address)
        participant.requests.append(entry)
        participant.waiting_since = participant.start_requested_at = participant.game_shown_at = None
        server = self._read_server(visit.user_id) if study.is_game(target) else None
        visit.participant = participant
        self._publish_events(visit, participant, target, now)
        if not study.is_game(target):
            participant.next_step = target + 1
            self._write(visit)
            return self._form_page(visit, target)
        # Of a study that was just closed nobody sees the game: this answer is stored and then refused.
        if server and server.is_ready_for(visit.project.id, now) and visit.project.live:
            return self._show_game(visit, target, now)
        participant.next_step, participant.waiting_since = target, now
        if server and server.ended_early_for(visit.project.id) and visit.project.live:
            self._request_again(visit, target, server)
            participant.start_requested_at = now
        self._write(visit)
        if server and server.has_failed_for(visit.project.id):
            return self._form_answer(visit, target, form_failed_server(study.config.get("researcher")))
        return self._form_answer(visit, target, {"page": "wait"})

    def _publish_events(self, visit: Visit, participant: Participant, step: int, now: datetime) -> None:
        """Send what reaching a step sends, before it is written: a crash sends twice rather than never."""
        if step == visit.study.start_step and visit.project.live:
            self._request_start(visit)
            participant.start_requested_at = now
        if step == visit.study.stop_step:
            self._stop_topic.publish(
                form_stop(visit.user_id, project_id=visit.project.id, reason=f"step {step}")
            )

    def _request_start(self, visit: Visit, suffix: str = "") -> None:
        request_id = f"{visit.project.id}/{visit.user_id}/{visit.study.start_step}{suffix}"
        self._start_topic.publish(form_start(visit.project.id, visit.user_id, request_id))

    def _request_again(self, visit: Visit, step: int, server: ServerRecord | None) -> None:
        """Ask once more for the server, if the study is to have started one by this step."""
        start_step = visit.study.start_step
        if start_step is None or start_step > step:
            return
        again = server and server.may_start_again_for(visit.project.id)
        self._request_start(visit, f"/{server.attempt + 1}" if server and again else "")

    def _show(self, visit: Visit, position: Position, now: datetime) -> dict[str, Any]:
        """The current step once more; a waiting participant may get their game now."""
        if position.place not in (Place.WAITING, Place.PLAYING):
            return self._form_page(visit, position.step)
        server = self._read_server(visit.user_id)
        researcher = visit.study.config.get("researcher")
        waiting = position.place is Place.WAITING
        ready = server and server.is_ready_for(visit.project.id, now)
        if ready and waiting:
            return self._show_game(visit, position.step, now)
        if ready or (server is None and not waiting):  # without a record it was made by other means
            return self._form_answer(visit, position.step, self._form_game(visit))
        failed = server is not None and server.has_failed_for(visit.project.id)
        content = form_failed_server(researcher) if failed else {"page": "wait"}
        if not waiting:
            content = content if failed else form_ended_game(researcher)
        elif self._is_overdue(visit, now):
            return self._help_waiting(visit, position.step, server, content, now)
        return self._form_answer(visit, position.step, content)

    def _is_overdue(self, visit: Visit, now: datetime) -> bool:
        participant = _present(visit)
        since = max(filter(None, (participant.waiting_since, participant.start_requested_at)), default=now)
        return now - since >= ASK_AGAIN

    def _help_waiting(
        self, visit: Visit, step: int, server: ServerRecord | None, content: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        """Someone has waited long: look for a server made by other means, else ask for one again."""
        if server is None and self._finds_name(visit.user_id):
            return self._show_game(visit, step, now)
        if _needs_start(server, visit.project.id, now):
            self._request_again(visit, step, server)
            _present(visit).start_requested_at = now  # ask again only in a minute
            self._write(visit)
        return self._form_answer(visit, step, content)

    def _finds_name(self, user_id: str) -> bool:
        """Whether the name of the participant's server is in the zone; nobody waits worse for its failing."""
        try:
            return self._make_host_names().find(self._host_name(user_id)) is not None
        except AwsError as error:
            logger.error("name not looked up", extra={"userId": user_id, "code": error.code})
            return False

    def _show_game(self, visit: Visit, step: int, now: datetime) -> dict[str, Any]:
        participant = _present(visit)
        participant.next_step = step + 1
        participant.waiting_since = None
        participant.game_shown_at = now
        self._write(visit)
        return self._form_answer(visit, step, self._form_game(visit))

    def _form_game(self, visit: Visit) -> dict[str, Any]:
        url = self._settings.game_server_url.replace("{host}", self._host_name(visit.user_id))
        return {"page": "show_game_page", "server": url}

    def _form_page(self, visit: Visit, step: int) -> dict[str, Any]:
        page = visit.study.page_at(step, visit.user_id)
        if page is not None:
            return self._form_answer(visit, step, {"page": page})
        logger.error(
            "page is missing",
            extra={"projectId": visit.project.id, "step": step, "file": visit.study.file_at(step)},
        )
        return self._form_answer(visit, step, form_missing_page(visit.study.config.get("researcher")))

    def _form_answer(self, visit: Visit, step: int, content: dict[str, Any]) -> dict[str, Any]:
        return {
            **content,
            "css": visit.study.read_css(),
            "step": step,
            "steps": visit.study.last_step,
            "userId": visit.user_id,
            "projectId": visit.project.id,
        }

    def _host_name(self, user_id: str) -> str:
        return f"{user_id}.{self._settings.root_domain}"

    def _read_server(self, user_id: str) -> ServerRecord | None:
        found = self._servers.read(user_id)
        return found[0] if found else None

    def _write(self, visit: Visit) -> None:
        visit.etag = visit.records.write(visit.user_id, _present(visit), visit.etag)


def _present(visit: Visit) -> Participant:
    if visit.participant is None:
        raise AssertionError("only a participant with a record gets here")
    return visit.participant


def _answered_step(visit: Visit, position: Position, move: Move) -> int:
    """Which step's answer a late or second POST repeats."""
    if move is Move.CLOSE:
        return position.step
    return position.answered if visit.finished in (None, position.step) else int(visit.finished or 0)


def _log_step(visit: Visit, position: Position, move: Move) -> None:
    fields = {"projectId": visit.project.id, "userId": visit.user_id, "step": position.step}
    logger.info("step", extra={**fields, "place": position.place.value, "move": move.value})


def _needs_start(server: ServerRecord | None, project_id: str, now: datetime) -> bool:
    """Whether a start would have something to do: no server of this project, or one nobody works on."""
    if server is None or server.project_id != project_id:
        return True
    if server.state in (STARTING, STOPPING):
        return not server.has_lease(now)
    return server.may_start_again_for(project_id)
