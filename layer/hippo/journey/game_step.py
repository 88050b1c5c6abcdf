"""The game steps of a study: wait for the participant's server, show the game, tell what has failed."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from hippo.aws.route53 import HostNames
from hippo.aws.sns import Topic
from hippo.errors import AwsError
from hippo.journey.platform_pages import build_ended_game, build_failed_server
from hippo.journey.progress import Phase, Progress
from hippo.journey.visit import Visit, build_step_response
from hippo.journey.waiting import (
    WaitingTimes,
    build_wait,
    is_overdue,
    is_retry_pending,
    may_retry,
    name_retry,
    needs_start,
)
from hippo.records.messages import build_start, name_request
from hippo.records.server import ServerRecord, ServerStore
from hippo.settings import NextStepSettings

logger = logging.getLogger(__name__)


class GameFlow:
    """Answers whoever is at a game step, and asks for the servers that they need."""

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
        """The participant's server record."""
        found = self._servers.read(user_id)
        return found[0] if found else None

    def request_start(self, visit: Visit, suffix: str = "") -> str:
        """Publish a start for the participant; give its request id, under which it has effect once."""
        request_id = name_request(visit.project.id, visit.user_id, f"{visit.study.start_step}{suffix}")
        self._start_topic.publish(build_start(visit.project.id, visit.user_id, request_id, visit.group))
        return request_id

    def reach(self, visit: Visit, step: int, server: ServerRecord | None, now: datetime) -> dict[str, Any]:
        """Write that the participant has come to the game step, and show the game or let them wait."""
        participant, project = visit.present, visit.project
        # Of a study that was just closed nobody sees the game: this answer is stored and then refused.
        if server and server.is_ready_for(project.id, now) and project.live:
            return self._show_game(visit, step, now)
        participant.next_step, participant.waiting_since = step, now
        if server and server.ended_early_for(project.id) and project.live:
            self._request_again(visit, step, server)
            participant.start_requested_at = now
        visit.write()
        return build_step_response(visit, step, self._describe(visit, step, server))

    def show(self, visit: Visit, position: Progress, now: datetime) -> dict[str, Any]:
        """The game step once more; a waiting participant may get their game now."""
        server = self.read_server(visit.user_id)
        waiting = position.phase is Phase.WAITING
        ready = server and server.is_ready_for(visit.project.id, now)
        if ready and waiting:
            return self._show_game(visit, position.step, now)
        if ready or (server is None and not waiting):  # without a record it was made by other means
            return build_step_response(visit, position.step, self._build_game(visit))
        if waiting and not position.was_shown:
            return self._wait(visit, position.step, server, now)
        if server is not None and server.comes_back_for(visit.project.id):
            if not waiting:
                self._interrupt(visit, now)
            return self._wait(visit, position.step, server, now)
        if waiting:
            self._give_up_waiting(visit)
        failed = server is not None and server.has_failed_for(visit.project.id)
        form = build_failed_server if failed else build_ended_game
        return build_step_response(visit, position.step, form(visit.study.researcher))

    def _interrupt(self, visit: Visit, now: datetime) -> None:
        """The server has died under the game: until there is another one the participant waits for it.

        Written, so that no GET of theirs counts as the end of the game meanwhile.
        """
        participant = visit.present
        participant.interrupted_at = participant.waiting_since = now
        participant.game_shown_at = participant.start_requested_at = None
        visit.write()

    def _give_up_waiting(self, visit: Visit) -> None:
        """No other server comes: the game is over, and whoever submits goes on, without `step` too."""
        participant = visit.present
        participant.interrupted_at = participant.waiting_since = None
        visit.write()

    def _wait(self, visit: Visit, step: int, server: ServerRecord | None, now: datetime) -> dict[str, Any]:
        """No game yet: answer with what is known, having asked for the server where that is due."""
        participant = visit.present
        content = self._describe(visit, step, server)
        if server is not None and server.has_failed_for(visit.project.id):
            pending = is_retry_pending(server, participant, now)
            if not pending and self._wants_retry(visit, content):
                participant.retried_as = self.request_start(visit, name_retry(server))
                participant.retried_at = participant.start_requested_at = now
                visit.write()
                pending = True
            if pending:
                if is_overdue(participant, now):
                    self._repeat_retry(visit, now)
                return build_step_response(visit, step, build_wait(None, visit.project.id, self._times))
        if is_overdue(participant, now):
            return self._help_waiting(visit, step, server, content, now)
        return build_step_response(visit, step, content)

    def _describe(self, visit: Visit, step: int, server: ServerRecord | None) -> dict[str, Any]:
        """How things stand with the server of somebody who waits for it."""
        if server is None or not server.has_failed_for(visit.project.id):
            return build_wait(server, visit.project.id, self._times)
        retry = may_retry(server, visit.present) and self._starts_by(visit, step)
        return build_failed_server(visit.study.researcher, may_retry=retry)

    def _wants_retry(self, visit: Visit, content: dict[str, Any]) -> bool:
        request = visit.request
        return request.method == "GET" and request.query.get("retry") == "1" and content["mayRetry"] is True

    def _repeat_retry(self, visit: Visit, now: datetime) -> None:
        """Publish a retry again that nobody has taken up yet, for want of a free server or a lost message."""
        project_id, user_id = visit.project.id, visit.user_id
        participant = visit.present
        request_id = participant.retried_as or ""
        self._start_topic.publish(build_start(project_id, user_id, request_id, visit.group))
        participant.start_requested_at = now
        visit.write()

    def _help_waiting(
        self, visit: Visit, step: int, server: ServerRecord | None, content: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        """Someone has waited long: look for a server made by other means, else ask for one again."""
        if server is None and self._finds_name(visit.user_id):
            return self._show_game(visit, step, now)
        if needs_start(server, visit.project.id, now):
            self._request_again(visit, step, server)
            visit.present.start_requested_at = now  # ask again only in a minute
            visit.write()
        return build_step_response(visit, step, content)

    def _starts_by(self, visit: Visit, step: int) -> bool:
        """Whether the study is to have started a server by this step."""
        start_step = visit.study.start_step
        return start_step is not None and start_step <= step

    def _request_again(self, visit: Visit, step: int, server: ServerRecord | None) -> None:
        """Ask once more for the server, if the study is to have started one by this step."""
        if not self._starts_by(visit, step):
            return
        again = server and server.may_start_again_for(visit.project.id)
        self.request_start(visit, f"/{server.attempt + 1}" if server and again else "")

    def _finds_name(self, user_id: str) -> bool:
        """Whether the name of the participant's server is in the zone; nobody waits worse for its failing."""
        try:
            return self._make_host_names().find(self._host_name(user_id)) is not None
        except AwsError as error:
            logger.error("name not looked up", extra={"userId": user_id, "code": error.code})
            return False

    def _show_game(self, visit: Visit, step: int, now: datetime) -> dict[str, Any]:
        participant = visit.present
        participant.next_step = step + 1
        participant.waiting_since = participant.interrupted_at = None
        participant.game_shown_at = now
        visit.write()
        return build_step_response(visit, step, self._build_game(visit))

    def _build_game(self, visit: Visit) -> dict[str, Any]:
        url = self._settings.game_server_url.replace("{host}", self._host_name(visit.user_id))
        return {"page": "show_game_page", "server": url}

    def _host_name(self, user_id: str) -> str:
        return f"{user_id}.{self._settings.root_domain}"
