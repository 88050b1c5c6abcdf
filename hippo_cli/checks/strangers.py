"""The check of what a stranger with invented ids could cost."""

from collections.abc import Mapping

from hippo.studies.options import read_access
from hippo.studies.study import read_number
from hippo_cli.checks.server import find_cost
from hippo_cli.findings import Finding, warning
from hippo_cli.prices import ServerCost
from hippo_cli.stack import Stack
from hippo_cli.study_folder import CONFIG_FILE, StudyFolder

NO_LIMIT = "no-limit"
DEFAULT_MAX_SERVERS = 20  # of the stack's parameter


def check_strangers(study: StudyFolder, stack: Stack | None = None) -> list[Finding]:
    """Return warnings about a study in which a stranger's requests start servers.

    Without `stack`, the default of MaxServers is assumed.
    """
    cost = find_cost(study)
    if cost is None or not study.project.get("useAWS", True) or study.project.get("signedLinks"):
        return []
    events = study.project.get("events")
    starts_first = isinstance(events, Mapping) and read_number(events.get("startServerStep")) == 1
    findings = [_report_first_step(study)] if starts_first and stack is None else []
    return findings if _has_limit(study, stack) else [*findings, _report_cost(study, cost, stack)]


def _report_first_step(study: StudyFolder) -> Finding:
    what = "links are not signed, so each request with an invented id starts a server"
    fix = "Start it at a later step, once the first page has been answered, or sign the links (signedLinks)."
    line = study.config_file.find_line(("project", "events", "startServerStep"))
    return warning("start-step", CONFIG_FILE, line, "project.events.startServerStep", what, fix)


def _report_cost(study: StudyFolder, cost: ServerCost, stack: Stack | None) -> Finding:
    known = read_number(stack.get("MaxServers")) if stack else None
    servers = known or DEFAULT_MAX_SERVERS
    origin = "this deployment's MaxServers" if known else "the default of MaxServers"
    what = (
        "links are not signed and nothing is limited, so a stranger with invented ids can run "
        f"{servers} servers ({origin}), which cost up to {servers * cost.hour:.2f} USD an hour"
    )
    fix = (
        "Sign the links (signedLinks), or set maxServers, maxParticipants or newcomersPerNetwork: "
        "see docs/reference/config.md."
    )
    line = study.config_file.find_line(("project",))
    return warning(NO_LIMIT, CONFIG_FILE, line, "project", what, fix)


def _has_limit(study: StudyFolder, stack: Stack | None) -> bool:
    access = read_access(study.project)
    usual = read_number(stack.get("NewcomersPerNetwork")) if stack else None
    newcomers = usual if access.newcomers_per_network is None else access.newcomers_per_network
    return bool(access.max_servers or access.max_participants or newcomers)
