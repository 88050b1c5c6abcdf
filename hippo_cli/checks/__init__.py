"""The checks of a study's folder before it is published."""

from hippo_cli.checks.config import check_config_file
from hippo_cli.checks.links import check_links
from hippo_cli.checks.pages import check_pages
from hippo_cli.checks.secrets import check_secrets
from hippo_cli.checks.server import check_server, has_game
from hippo_cli.checks.strangers import check_strangers
from hippo_cli.findings import Finding, sort_findings
from hippo_cli.study_folder import StudyFolder


def check_study(study: StudyFolder) -> list[Finding]:
    """Return all findings, by file and line. Nothing is sent."""
    if links := list(check_links(study)):
        return links  # nothing of them is read, nor shown in another finding
    findings = check_config_file(study)
    if study.project:
        findings = [*findings, *check_pages(study), *check_server(study), *check_strangers(study)]
    # Even if the config cannot be read: the image may still be built by hand.
    findings += check_secrets(study, has_image=has_game(study) or not study.project)
    return sort_findings(findings)
