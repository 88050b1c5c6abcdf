"""A request in progress, with the participant and the study that were read for it, and its response."""

import logging
from dataclasses import dataclass
from typing import Any

from hippo.http import HttpRequest
from hippo.journey.platform_pages import build_missing_page
from hippo.records.codes import TicketUse
from hippo.records.participant import Participant, ParticipantStore
from hippo.studies.catalogue import ListedProject
from hippo.studies.completion import fill_completion
from hippo.studies.links import collect_parameters
from hippo.studies.options import MARK
from hippo.studies.study import Study

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class StepRequest:
    """A request, its participant as stored (None for a newcomer), and their study.

    `finished` is the request's `step` parameter, for `decide`. `has_news` says that the record must be
    written even if the request does not advance.
    """

    request: HttpRequest
    user_id: str
    project: ListedProject
    records: ParticipantStore
    finished: int | None
    study: Study
    participant: Participant | None = None
    etag: str | None = None
    has_news: bool = False

    @property
    def stored_participant(self) -> Participant:
        """The participant, in code that is reached only if their record exists."""
        if self.participant is None:
            raise AssertionError("only a participant with a record gets here")
        return self.participant

    @property
    def group(self) -> int | None:
        """The participant's group, if the study balanced groups when they began."""
        return self.participant.group if self.participant else None

    @property
    def parameters(self) -> dict[str, str]:
        """The recruiter's parameters of this request."""
        return collect_parameters(self.request.query, self.project.access.one_per)

    def note_parameters(self) -> None:
        """Add the recruiter's parameters to the record if they differ."""
        if self.participant is not None:
            self.has_news |= self.participant.note_parameters(self.parameters)

    @property
    def tickets(self) -> TicketUse:
        """How the participant's server must use tickets; clients that never send `step` know none."""
        sends_step = self._sends_step or (self.participant is not None and self.participant.sends_step)
        return TicketUse.REQUIRED if sends_step else TicketUse.OPTIONAL

    @property
    def _sends_step(self) -> bool:
        # Not `finished`, which a request that lost to another write receives from the controller.
        return self.request.query.get("step") is not None

    def page_at(self, step: int) -> str | None:
        """Return the HTML that the participant sees at a step; None if it is missing."""
        return self.study.page_at(step, self.user_id, self.group)

    def check_room(self, *, is_repeat: bool = False) -> None:
        """Raise BadRequestError if the record has become too large by the answer of this request."""
        answer = self.request.body if self.request.method == "POST" else None
        self.records.check_room(self.stored_participant, answer, is_repeat=is_repeat)

    def write(self) -> None:
        """Write the current record. Raises ConflictError if another request wrote first."""
        self.stored_participant.sends_step |= self._sends_step
        self.etag = self.records.write(self.user_id, self.stored_participant, self.etag)


def build_step_response(step_request: StepRequest, step: int, content: dict[str, Any]) -> dict[str, Any]:
    """Return `content` with the keys of every response, and at the final step the proof of completion."""
    response = {**content, **describe_study(step_request.study, step_request.user_id), "step": step}
    if step_request.participant and step > step_request.study.last_step:
        parameters = step_request.participant.parameters
        completion = fill_completion(step_request.study.options.completion, step_request.user_id, parameters)
        response |= {"completion": completion} if completion else {}
    return response


def build_page_response(step_request: StepRequest, step: int) -> dict[str, Any]:
    """Return the response that shows a page of the study."""
    page = step_request.page_at(step)
    if page is not None:
        # Front ends load the game's files while the participant reads the page before it.
        ahead = {"gameIsNext": True} if step_request.study.is_game(step + 1) else {}
        return build_step_response(step_request, step, {"page": page, **ahead})
    logger.error(
        "page is missing",
        extra={"projectId": step_request.project.id, "step": step, "file": step_request.study.file_at(step)},
    )
    return build_step_response(step_request, step, build_missing_page(step_request.study.researcher))


def describe_study(study: Study, user_id: str) -> dict[str, Any]:
    """Return the keys of every response except `page` and `step`; the default of `untouched` is omitted."""
    untouched, width = study.options.untouched, study.options.width
    return {
        "css": study.read_css(),
        "steps": study.last_step,
        "userId": user_id,
        "projectId": study.project_id,
        "title": study.title,
        "language": study.options.language,
        **({"untouched": untouched} if untouched != MARK else {}),
        **({"width": width} if width else {}),
    }
