"""The data dictionary: the form fields of each published page."""

from collections.abc import Iterable, Iterator

from hippo.studies.study import GAME
from hippo_cli.data.form_fields import read_form_fields
from hippo_cli.data.studies import Studies, list_steps
from hippo_cli.exports.rows import Row


def build_dictionary(studies: Studies, versions: Iterable[str | None]) -> Iterator[Row]:
    """Yield one row for each form field of each page and variant, version by version."""
    for version in versions:
        study = studies.get(version)
        for step, file in list_steps(study):
            variants = [] if file == GAME else study.read_variants(file)
            for group, page in enumerate(variants or [file]):
                shown_to = group if variants else None
                for form_field in read_form_fields(study.read_page(page) or ""):
                    yield (
                        version,
                        step,
                        page,
                        shown_to,
                        form_field.name,
                        form_field.kind,
                        form_field.required,
                        form_field.label,
                        form_field.format_options(),
                        form_field.note,
                    )
