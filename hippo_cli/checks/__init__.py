"""Everything that can be wrong with a study's folder, found before it is published."""

from hippo_cli.checks.config import check_config_file
from hippo_cli.checks.pages import check_pages
from hippo_cli.checks.server import check_server
from hippo_cli.findings import Finding, sort_findings
from hippo_cli.study_folder import StudyFolder


def check_study(study: StudyFolder) -> list[Finding]:
    """All findings, in the order of files and lines. Nothing is sent anywhere."""
    findings = check_config_file(study)
    if study.project:
        findings = [*findings, *check_pages(study), *check_server(study)]
    return sort_findings(findings)
