"""`hippo doctor`: checks of everything that a study needs, with advice on what to fix."""

from typing import Annotated

import typer

from hippo.clock import SystemClock
from hippo_cli.connection import connect
from hippo_cli.doctor.examination import DEFAULT_PARTICIPANTS, Plan, examine
from hippo_cli.doctor.repositories import Tagging
from hippo_cli.doctor.results import Outcome, Result
from hippo_cli.errors import ExitCode
from hippo_cli.findings import format_count
from hippo_cli.operations.platform import parse_project
from hippo_cli.output import JsonOption, say, show_json
from hippo_cli.study_folder import read_folder_project

_STYLES = {
    Outcome.OK: "green",
    Outcome.WARNING: "bold yellow",
    Outcome.FAILURE: "bold red",
    Outcome.UNKNOWN: "dim",
}


def doctor(
    context: typer.Context,
    participants: Annotated[
        int | None,
        typer.Option(
            "--participants",
            "-n",
            min=1,
            help=f"Planned number of participants at once. Default: {DEFAULT_PARTICIPANTS}.",
        ),
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", help="Project id. Default: the study in this folder.")
    ] = None,
    tags_repositories: Annotated[
        bool,
        typer.Option(
            "--tag-repositories", help="Tag the projects' own repositories, for RepositoryAccess=tagged."
        ),
    ] = False,
    tags_named: Annotated[
        list[str] | None,
        typer.Option(
            "--tag-repository",
            metavar="NAME",
            help="Also tag this repository, which a project uses but is not named like it. Repeatable.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check credentials, stack, permissions, quotas, DNS, certificate, repositories and Docker.

    Changes nothing, unless --tag-repositories or --tag-repository asks for it.
    Exits with 1 if a check fails. Warnings, and checks that could not be run, do not count.
    """
    config = read_folder_project()
    own = str(config.get("id") or "") or None
    project_id = parse_project(project) if project else own
    folder = config if project_id == own else None
    tagging = Tagging(tags_repositories, tags_named or ())
    plan = Plan(project_id, folder, participants, tagging)
    results = []
    for result in examine(connect(context.obj, config), plan, SystemClock().now()):
        results.append(result)
        if not as_json:
            _show(result)
    if as_json:
        show_json([_as_json(result) for result in results])
    else:
        _summarise(results)
    if any(result.outcome is Outcome.FAILURE for result in results):
        raise typer.Exit(ExitCode.PROBLEMS)


def _show(result: Result) -> None:
    say(f"{result.outcome.label:<11}  {result.what}: {result.found}", _STYLES[result.outcome])
    for line in result.advice.splitlines():
        say(f"{'':<11}  {line}", "dim")


def _summarise(results: list[Result]) -> None:
    counts = {outcome: sum(result.outcome is outcome for result in results) for outcome in Outcome}
    say(", ".join(_format_count(outcome, number) for outcome, number in counts.items() if number), "bold")


def _format_count(outcome: Outcome, number: int) -> str:
    is_noun = outcome in (Outcome.WARNING, Outcome.FAILURE)
    return format_count(number, outcome.label) if is_noun else f"{number} {outcome.label}"


def _as_json(result: Result) -> dict[str, str]:
    return {
        "what": result.what,
        "outcome": result.outcome.value,
        "found": result.found,
        "advice": result.advice,
    }
