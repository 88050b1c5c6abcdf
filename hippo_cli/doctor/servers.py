"""Checks of a published study's game servers: what they will run, and whether their starts progress."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from hippo.records.server import ServerRecord
from hippo.studies.study import GAME
from hippo_cli.data.project import Project
from hippo_cli.data.studies import knows_steps
from hippo_cli.doctor.results import Result, failure, ok, unknown, warning
from hippo_cli.findings import Severity, format_count
from hippo_cli.operations.servers import find_project_servers
from hippo_cli.publishing.definition_check import check_definition, read_roles
from hippo_cli.publishing.task_definition import find_newest
from hippo_cli.reports.servers import Visibility, is_delayed

TASK_DEFINITION = "task definition"
STARTS = "starts of servers"
_RECENT = timedelta(days=1)
_SHOWN = 3
_FIX = "Fix the cause. Meanwhile the start is tried again and again. `hippo logs` shows each try."


def check_task_definition(project: Project) -> Iterator[Result]:
    """Check the task definition that the published study's servers run."""
    study = project.studies.current
    if not knows_steps(study):
        yield unknown(TASK_DEFINITION, f"{project.id} is not published")
        return
    if GAME not in study.config["steps"].values():
        yield ok(TASK_DEFINITION, "not needed, because no step is a game")
        return
    name = study.task_definition
    found = find_newest(project.connection.make_client("ecs"), name) if name else None
    if found is None:
        what = f"{name} does not exist or is not active" if name else "the study names none (ecsTask)"
        yield failure(TASK_DEFINITION, f"{what}, so no server can start", "Publish the study again.")
        return
    stack = project.stack
    log_prefix = stack.get("LogGroupPrefix")
    findings = check_definition(found, read_roles(stack), limits=stack.limits, log_prefix=log_prefix)
    for finding in findings:
        report = failure if finding.severity is Severity.ERROR else warning
        yield report(TASK_DEFINITION, finding.what, finding.fix)
    if not findings:
        yield ok(TASK_DEFINITION, f"{found['family']}:{found['revision']} can run on Fargate")


def check_starts(project: Project, now: datetime) -> Iterator[Result]:
    """Check whether participants wait for a server whose start does not progress, or recently did."""
    left_out: list[str] = []
    records, visibility = find_project_servers(project, left_out.append)
    if visibility is not Visibility.COMPLETE:
        yield unknown(STARTS, "no server record is visible", "Ask a steward to run `hippo doctor`.")
        return
    for text in left_out:
        yield warning(STARTS, text, "The records of all others were examined.")
    delayed = [record for record in records if is_delayed(record)]
    ended = [record for record in records if _has_never_started(record) and _is_recent(record, now)]
    for record in delayed[:_SHOWN]:
        what = f"the server of {record.user_id} has not started{_format_wait(record, now)}"
        yield failure(STARTS, f"{what}: {record.start_problem}", _FIX)
    if len(delayed) > _SHOWN:
        yield failure(STARTS, f"{len(delayed) - _SHOWN} more have not started", "Run `hippo servers`.")
    if ended:
        what = f"{format_count(len(ended), 'server')} never started since yesterday: {ended[0].start_problem}"
        yield warning(STARTS, what, "Fix the cause. `hippo servers --all` shows each.")
    if not delayed and not ended:
        yield ok(STARTS, "none is delayed by a problem")


def _has_never_started(record: ServerRecord) -> bool:
    return bool(record.start_problem) and not is_delayed(record)


def _is_recent(record: ServerRecord, now: datetime) -> bool:
    begun = record.stopped_at or record.started_at or record.requested_at
    return begun is not None and now - begun < _RECENT


def _format_wait(record: ServerRecord, now: datetime) -> str:
    if record.started_at is None:
        return ""
    minutes = max(round((now - record.started_at).total_seconds() / 60), 1)
    return f" for {format_count(minutes, 'minute')}"
