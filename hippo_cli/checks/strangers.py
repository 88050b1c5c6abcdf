"""The check of what a stranger with invented ids could cost."""

from hippo.studies.options import read_access
from hippo.studies.study import read_number
from hippo_cli.checks.server import find_cost
from hippo_cli.findings import Finding, warning
from hippo_cli.stack import Stack
from hippo_cli.study_folder import CONFIG_FILE, StudyFolder

NO_LIMIT = "no-limit"
DEFAULT_MAX_SERVERS = 20  # of the stack's parameter


def check_strangers(study: StudyFolder, stack: Stack | None = None) -> list[Finding]:
    """Return a warning with the cost of an hour if nothing but the stack's MaxServers limits strangers.

    Without `stack`, the default of MaxServers is assumed.
    """
    cost = find_cost(study)
    if cost is None or not study.project.get("useAWS", True) or _has_limit(study, stack):
        return []
    known = read_number(stack.get("MaxServers")) if stack else None
    servers = known or DEFAULT_MAX_SERVERS
    origin = "this deployment's MaxServers" if known else "the default of MaxServers"
    what = (
        f"links are not signed and nothing is limited, so a stranger with invented ids can run {servers} servers "
        f"({origin}), which cost up to {servers * cost.hour:.2f} USD an hour"
    )
    fix = (
        "Sign the links (signedLinks), or set maxServers, maxParticipants or newcomersPerNetwork: "
        "see docs/reference/config.md."
    )
    line = study.config_file.find_line(("project",))
    return [warning(NO_LIMIT, CONFIG_FILE, line, "project", what, fix)]


def _has_limit(study: StudyFolder, stack: Stack | None) -> bool:
    access = read_access(study.project)
    usual = read_number(stack.get("NewcomersPerNetwork")) if stack else None
    newcomers = usual if access.newcomers_per_network is None else access.newcomers_per_network
    return bool(access.signed_links or access.max_servers or access.max_participants or newcomers)
