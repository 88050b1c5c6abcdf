"""The check that the files which publishing reads by name are the study's own, not others of this machine."""

from collections.abc import Iterator

from hippo_cli.findings import Finding, error
from hippo_cli.study_folder import OWN_FILES, StudyFolder


def check_links(study: StudyFolder) -> Iterator[Finding]:
    """Yield an error for each of these that is a link to a hidden file, or to one outside the study."""
    for name in OWN_FILES:
        path = study.directory / name
        if path.exists() and not study.may_read(path):
            what = "it is a link to a hidden file, or to one outside the study, which might not be yours"
            yield error("link", name, 0, "", what, "Replace it by a copy of what it should contain.")
