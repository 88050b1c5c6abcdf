"""One request on its way through a study: who it is, and what was read for it."""

import logging
from dataclasses import dataclass
from typing import Any

from hippo.http import HttpRequest
from hippo.journey.platform_pages import build_missing_page
from hippo.records.participant import Participant, ParticipantStore
from hippo.studies.catalogue import ListedProject
from hippo.studies.completion import fill_completion
from hippo.studies.study import Study

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Visit:
    """A request, its participant as the record has them (none yet for a newcomer), and their study.

    `finished` is the request's `step` as `decide` takes it.
    """

    request: HttpRequest
    user_id: str
    project: ListedProject
    records: ParticipantStore
    finished: int | None
    study: Study
    participant: Participant | None = None
    etag: str | None = None

    @property
    def present(self) -> Participant:
        """The participant, for what only somebody with a record gets to."""
        if self.participant is None:
            raise AssertionError("only a participant with a record gets here")
        return self.participant

    @property
    def group(self) -> int | None:
        """The participant's group, where the study balanced groups when they began."""
        return self.participant.group if self.participant else None

    def page_at(self, step: int) -> str | None:
        """The HTML that the participant sees at a step; None if it is missing."""
        return self.study.page_at(step, self.user_id, self.group)

    def write(self) -> None:
        """Write the record as it is now. Raises ConflictError if another request was first."""
        self.etag = self.records.write(self.user_id, self.present, self.etag)


def build_step_response(visit: Visit, step: int, content: dict[str, Any]) -> dict[str, Any]:
    """`content` with what every answer has; at the final step also how the participant proves that."""
    answer = {**content, **describe_study(visit.study, visit.user_id), "step": step}
    if visit.participant and step > visit.study.last_step:
        parameters = visit.participant.parameters
        completion = fill_completion(visit.study.options.completion, visit.user_id, parameters)
        answer |= {"completion": completion} if completion else {}
    return answer


def build_page_response(visit: Visit, step: int) -> dict[str, Any]:
    """The answer that shows a page of the study."""
    page = visit.page_at(step)
    if page is not None:
        return build_step_response(visit, step, {"page": page})
    logger.error(
        "page is missing",
        extra={"projectId": visit.project.id, "step": step, "file": visit.study.file_at(step)},
    )
    return build_step_response(visit, step, build_missing_page(visit.study.researcher))


def describe_study(study: Study, user_id: str) -> dict[str, Any]:
    """The keys of every answer but `page` and `step`."""
    return {
        "css": study.read_css(),
        "steps": study.last_step,
        "userId": user_id,
        "projectId": study.project_id,
        "title": study.title,
        "language": study.options.language,
    }
