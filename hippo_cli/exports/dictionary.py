"""The data dictionary: what each page asked, made from the pages that were published."""

from collections.abc import Iterable, Iterator

from hippo.studies.study import GAME
from hippo_cli.data.questions import read_questions
from hippo_cli.data.studies import Studies, list_steps
from hippo_cli.exports.rows import Row


def build_dictionary(studies: Studies, versions: Iterable[str | None]) -> Iterator[Row]:
    """One row for each question of each page and variant, version by version."""
    for version in versions:
        study = studies.get(version)
        for step, file in list_steps(study):
            variants = [] if file == GAME else study.read_variants(file)
            for group, page in enumerate(variants or [file]):
                shown_to = group if variants else None
                for question in read_questions(study.read_page(page) or ""):
                    yield (
                        version,
                        step,
                        page,
                        shown_to,
                        question.name,
                        question.kind,
                        question.required,
                        question.label,
                        question.format_options(),
                    )
