"""The game steps of a study: wait for the participant's server, show the game, report a failure."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from hippo.aws.route53 import HostNames
from hippo.aws.sns import Topic
from hippo.errors import AwsError
from hippo.host_labels import choose_host_label, is_uuid
from hippo.journey.platform_pages import build_ended_game, build_failed_server
from hippo.journey.progress import Phase, Progress
from hippo.journey.step_request import StepRequest, build_step_response
from hippo.journey.waiting import (
    WaitingTimes,
    build_wait,
    describe_delay,
    describe_end,
    is_overdue,
    is_retry_pending,
    is_wanted_back,
    may_retry,
    name_retry,
    needs_start,
)
from hippo.records.codes import HostChoice
from hippo.records.messages import build_start, name_request
from hippo.records.server import ServerRecord, ServerStore
from hippo.records.tickets import add_ticket
from hippo.settings import NextStepSettings

logger = logging.getLogger(__name__)


class GameStep:
    """The game steps: the responses to their participants, and the requests for the servers they need."""

    def __init__(
        self,
        settings: NextStepSettings,
        servers: ServerStore,
        start_topic: Topic,
        make_host_names: Callable[[], HostNames],
    ) -> None:
        self._settings = settings
        self._times = WaitingTimes(settings.retry_after_seconds, settings.usual_start_seconds)
        self._servers = servers
        self._start_topic = start_topic
        self._make_host_names = make_host_names

    def read_server(self, user_id: str) -> ServerRecord | None:
        """Return the participant's server record, or None."""
        found = self._servers.read(user_id)
        return found[0] if found else None

    def request_start(self, step_request: StepRequest, suffix: str = "") -> str:
        """Publish a start for the participant; return its request id, which takes effect once."""
        request_id = name_request(
            step_request.project.id, step_request.user_id, f"{step_request.study.start_step}{suffix}"
        )
        self._publish_start(step_request, request_id)
        return request_id

    def reach(
        self, step_request: StepRequest, step: int, server: ServerRecord | None, now: datetime
    ) -> dict[str, Any]:
        """Record that the participant has reached the game step, and show the game or let them wait."""
        participant, project = step_request.stored_participant, step_request.project
        # A study that was just closed shows no game: the answer is stored, and the request then refused.
        if server and server.may_be_shown_for(project.id, now) and project.live:
            return self._show_game(step_request, step, server, now)
        participant.next_step, participant.waiting_since = step, now
        if server and server.stopped_before_game_for(project.id) and project.live:
            self._request_again(step_request, step, server)
            participant.start_requested_at = now
        step_request.write()
        return build_step_response(step_request, step, self._describe(step_request, step, server, now))

    def show(self, step_request: StepRequest, progress: Progress, now: datetime) -> dict[str, Any]:
        """Show the game step again; a waiting participant may get their game now."""
        server = self.read_server(step_request.user_id)
        waiting = progress.phase is Phase.WAITING
        ready = server and server.is_ready_for(step_request.project.id, now)
        if server and ready and waiting:
            if server.has_lease(now):  # it may be about to be stopped, because it has had no player
                return self._wait(step_request, progress.step, server, now)
            return self._show_game(step_request, progress.step, server, now)
        if ready or (server is None and not waiting):  # a server without a record was started by other means
            return build_step_response(step_request, progress.step, self._build_game(step_request, server))
        if waiting and not progress.was_shown:
            return self._wait(step_request, progress.step, server, now)
        if server is not None and self._is_replaced(step_request, progress.step, server):
            if not waiting:
                self._interrupt(step_request, progress.step, server, now)
            return self._wait(step_request, progress.step, server, now)
        if waiting:
            self._give_up_waiting(step_request)
        failed = server is not None and server.has_failed_for(step_request.project.id)
        build_page = build_failed_server if failed else build_ended_game
        return build_step_response(step_request, progress.step, build_page(step_request.study.researcher))

    def _is_replaced(self, step_request: StepRequest, step: int, server: ServerRecord) -> bool:
        """Return whether another server follows; after an idle one only if the study starts servers."""
        is_asked_for = server.has_ended_idle and not self._starts_by(step_request, step)
        return server.is_being_replaced_for(step_request.project.id) and not is_asked_for

    def _interrupt(self, step_request: StepRequest, step: int, server: ServerRecord, now: datetime) -> None:
        """Record that the server ended during the game, and that the participant waits for another one.

        The record keeps their GETs from counting as the end of the game meanwhile.
        """
        participant = step_request.stored_participant
        participant.interrupted_at = participant.waiting_since = now
        participant.game_shown_at = participant.start_requested_at = None
        if is_wanted_back(server, participant):
            self._request_again(step_request, step, server)
            participant.start_requested_at = now
        step_request.write()

    def _give_up_waiting(self, step_request: StepRequest) -> None:
        """Record that no other server will start: the game is over. A submit advances even without `step`."""
        participant = step_request.stored_participant
        participant.interrupted_at = participant.waiting_since = None
        step_request.write()

    def _wait(
        self, step_request: StepRequest, step: int, server: ServerRecord | None, now: datetime
    ) -> dict[str, Any]:
        """Return the state of the wait, and request the server again if that is due."""
        participant = step_request.stored_participant
        content = self._describe(step_request, step, server, now)
        if server is not None and server.has_failed_for(step_request.project.id):
            pending = is_retry_pending(server, participant, now)
            if not pending and self._wants_retry(step_request, content):
                participant.retried_as = self.request_start(step_request, name_retry(server))
                participant.retried_at = participant.start_requested_at = now
                step_request.write()
                pending = True
            if pending:
                if is_overdue(participant, now):
                    self._repeat_retry(step_request, now)
                return build_step_response(
                    step_request, step, build_wait(None, step_request.project.id, self._times)
                )
        if is_overdue(participant, now) or is_wanted_back(server, participant):
            return self._handle_long_wait(step_request, step, server, content, now)
        return build_step_response(step_request, step, content)

    def _describe(
        self, step_request: StepRequest, step: int, server: ServerRecord | None, now: datetime
    ) -> dict[str, Any]:
        """Return the state of the server that the participant waits for."""
        project_id, researcher = step_request.project.id, step_request.study.researcher
        participant = step_request.stored_participant
        if server is None or not server.has_failed_for(project_id):
            own = server if server and server.project_id == project_id else None
            delay = describe_delay(server, project_id, participant, researcher, self._times.usual, now)
            return build_wait(server, project_id, self._times) | delay | describe_end(own, participant)
        retry = may_retry(server, participant) and self._starts_by(step_request, step)
        return build_failed_server(researcher, may_retry=retry)

    def _wants_retry(self, step_request: StepRequest, content: dict[str, Any]) -> bool:
        request = step_request.request
        return request.method == "GET" and request.query.get("retry") == "1" and content["mayRetry"] is True

    def _repeat_retry(self, step_request: StepRequest, now: datetime) -> None:
        """Publish a retry again that has not started: no slot was free, or the message was lost."""
        participant = step_request.stored_participant
        self._publish_start(step_request, participant.retried_as or "")
        participant.start_requested_at = now
        step_request.write()

    def _handle_long_wait(
        self,
        step_request: StepRequest,
        step: int,
        server: ServerRecord | None,
        content: dict[str, Any],
        now: datetime,
    ) -> dict[str, Any]:
        """Find a server started by other means, or request one again, after a long wait."""
        if server is None and self._has_host_name(step_request):
            return self._show_game(step_request, step, server, now)
        if needs_start(server, step_request.project.id, now):
            self._request_again(step_request, step, server)
            step_request.stored_participant.start_requested_at = now  # the next request is a minute later
            step_request.write()
        return build_step_response(step_request, step, content)

    def _starts_by(self, step_request: StepRequest, step: int) -> bool:
        """Return whether the study starts a server at this step or before."""
        start_step = step_request.study.start_step
        return start_step is not None and start_step <= step

    def _request_again(self, step_request: StepRequest, step: int, server: ServerRecord | None) -> None:
        """Request the server again, if the study starts one at this step or before."""
        if not self._starts_by(step_request, step):
            return
        again = server and server.may_start_again_for(step_request.project.id)
        self.request_start(step_request, f"/{server.attempt + 1}" if server and again else "")

    def _has_host_name(self, step_request: StepRequest) -> bool:
        """Return whether the name of the participant's server is in the zone.

        A failed lookup only means that they keep waiting.
        """
        try:
            return self._make_host_names().find(self._build_host_name(step_request)) is not None
        except AwsError as error:
            logger.error("name not looked up", extra={"userId": step_request.user_id, "code": error.code})
            return False

    def _show_game(
        self, step_request: StepRequest, step: int, server: ServerRecord | None, now: datetime
    ) -> dict[str, Any]:
        participant = step_request.stored_participant
        participant.next_step = step + 1
        participant.waiting_since = participant.interrupted_at = None
        participant.game_shown_at = now
        participant.shown_attempt = server.attempt if server else participant.shown_attempt
        step_request.write()
        return build_step_response(step_request, step, self._build_game(step_request, server))

    def _build_game(self, step_request: StepRequest, server: ServerRecord | None) -> dict[str, Any]:
        host_name = (server.host_name if server else "") or self._build_host_name(step_request)
        url = self._settings.game_server_url.replace("{host}", host_name)
        leave_after = step_request.study.options.offer_leaving_after
        url = add_ticket(url, server) if server else url
        return {"page": "show_game_page", "server": url, "offerLeavingAfter": leave_after}

    def _publish_start(self, step_request: StepRequest, request_id: str) -> None:
        project_id, user_id = step_request.project.id, step_request.user_id
        message = build_start(
            project_id,
            user_id,
            request_id,
            group=step_request.group,
            tickets=step_request.tickets,
            host=_choose_host(step_request),
        )
        self._start_topic.publish(message)

    def _build_host_name(self, step_request: StepRequest) -> str:
        """Return the name of a server that was started by other means, and so has no record."""
        is_trusted = step_request.project.access.trusts_user_ids
        label = choose_host_label(step_request.user_id, is_trusted=is_trusted)
        return f"{label}.{self._settings.root_domain}"


def _choose_host(step_request: StepRequest) -> str:
    """Return what the server is named after: the id, only if the link was signed or the study says so.

    A request without a valid signature does not get here if the study signs its links. A UUID is always a
    name, so its message says nothing.
    """
    if is_uuid(step_request.user_id):
        return ""
    is_trusted = step_request.project.access.trusts_user_ids
    return HostChoice.USER_ID if is_trusted else HostChoice.DERIVED
