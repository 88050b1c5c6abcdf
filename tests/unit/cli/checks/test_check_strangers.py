"""Tests of `hippo check` and publishing on what a stranger with invented ids could cost."""

import pytest

from hippo_cli.checks.strangers import check_strangers
from hippo_cli.findings import Finding, Severity
from hippo_cli.stack import Stack
from hippo_cli.study_folder import StudyFolder
from tests.unit.cli.conftest import SmallStudy

LIMIT = "  newcomersPerNetwork: 100\n"
FIRST_STEP = ("    startServerStep: 2\n", "    startServerStep: 1\n")


def check_at(study: SmallStudy, **values: str) -> list[Finding]:
    """Return the findings of publishing to a stack with these values."""
    return check_strangers(StudyFolder(study.directory), Stack("hippo", "ca-central-1", values))


def test_cost_of_a_study_without_limits(study: SmallStudy) -> None:
    """Given 1 vCPU, 2 GB and no limit, the warning names 20 servers at 0.054 USD: 1.09 USD an hour."""
    study.edit(LIMIT, "")

    (found,) = study.check()

    assert (found.severity, found.code, found.line) == (Severity.WARNING, "no-limit", 1)
    assert "20 servers (the default of MaxServers), which cost up to 1.09 USD an hour" in found.what
    assert "newcomersPerNetwork" in found.fix


@pytest.mark.parametrize(
    "limit", ["signedLinks: true", "maxServers: 5", "maxParticipants: 9", "newcomersPerNetwork: 9"]
)
def test_each_limit_is_enough(study: SmallStudy, limit: str) -> None:
    """Given signed links or any of the limits, there is no warning."""
    study.edit(LIMIT, f"  {limit}\n")

    assert study.check() == []


def test_publishing_knows_the_deployment(study: SmallStudy) -> None:
    """Given a deployment's MaxServers, publishing states that cost; its own limit of newcomers is enough,
    unless the study switches it off."""
    study.edit(LIMIT, "")
    (found,) = check_at(study, MaxServers="300", NewcomersPerNetwork="0")
    limited = check_at(study, MaxServers="300", NewcomersPerNetwork="50")
    study.edit("  maxRuntime: 30\n", "  maxRuntime: 30\n  newcomersPerNetwork: 0\n")

    assert "300 servers (this deployment's MaxServers), which cost up to 16.31 USD an hour" in found.what
    assert limited == []
    assert len(check_at(study, MaxServers="300", NewcomersPerNetwork="50")) == 1


def test_server_at_the_first_step(study: SmallStudy) -> None:
    """Given a server that starts at step 1, there is a warning, once, unless links are signed."""
    study.edit(*FIRST_STEP)
    found = study.check()
    study.edit(LIMIT, "  signedLinks: true\n")

    assert [(f.severity, f.code, f.line) for f in found] == [(Severity.WARNING, "start-step", 13)]
    assert check_at(study) == study.check() == []


def test_studies_without_servers_are_not_warned_about(study: SmallStudy) -> None:
    """Given a study without a game, which costs next to nothing, there is no warning."""
    study.edit(LIMIT, "")
    study.edit("    2: game\n", "    2: thanks.html\n")

    assert [found.code for found in study.check() if found.code in ("no-limit", "start-step")] == []
