"""What a 200 answer of `next_step` holds, whatever its page is."""

import logging
from typing import Any

from hippo.completion import fill_completion
from hippo.notices import form_missing_page
from hippo.study import Study
from hippo.visits import Visit

logger = logging.getLogger(__name__)


def form_answer(visit: Visit, step: int, content: dict[str, Any]) -> dict[str, Any]:
    """`content` with what every answer has; at the final step also how the participant proves that."""
    answer = {**content, **describe_study(visit.study, visit.user_id), "step": step}
    if visit.participant and step > visit.study.last_step:
        parameters = visit.participant.parameters
        completion = fill_completion(visit.study.options.completion, visit.user_id, parameters)
        answer |= {"completion": completion} if completion else {}
    return answer


def form_page(visit: Visit, step: int) -> dict[str, Any]:
    """The answer that shows a page of the study."""
    page = visit.page_at(step)
    if page is not None:
        return form_answer(visit, step, {"page": page})
    logger.error(
        "page is missing",
        extra={"projectId": visit.project.id, "step": step, "file": visit.study.file_at(step)},
    )
    return form_answer(visit, step, form_missing_page(visit.study.researcher))


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
