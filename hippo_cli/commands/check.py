"""`hippo check`: the problems of a study, found before it is published."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hippo_cli.checks import check_study
from hippo_cli.checks.secrets import allow_secrets
from hippo_cli.checks.server import find_cost
from hippo_cli.errors import ExitCode
from hippo_cli.findings import Finding, Severity, count_errors, format_count
from hippo_cli.output import JsonOption, say, show_json
from hippo_cli.prices import SOURCE, ServerCost
from hippo_cli.study_folder import StudyFolder, open_study

AllowSecretOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-secret",
        metavar="FILE:LINE",
        help="Accept what the check takes for a secret there. Repeat it for each finding.",
    ),
]
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}


def check(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The study's folder.")] = Path(),
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
    allowed: AllowSecretOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the problems of a study before it is published. Nothing is sent.

    Exits with 1 if there are errors, or with --strict also for warnings.
    """
    study = open_study(directory)
    findings = allow_secrets(check_study(study), allowed or [])
    cost = find_cost(study)
    if as_json:
        show_json(_as_json(study, findings, cost))
    else:
        show_findings(findings)
        _show_summary(study, findings, cost, strict=strict)
    if count_errors(findings) or (strict and findings):
        raise typer.Exit(ExitCode.PROBLEMS)


def show_findings(findings: list[Finding]) -> None:
    """Show each finding with its location, its severity, what is wrong, and what to do."""
    for found in findings:
        say(f"{found.format_location()}: {found.severity}", _STYLES[found.severity])
        say(f"  {found.key}: {found.what}" if found.key else f"  {found.what}")
        say(f"  {found.fix}", "dim")


def _show_summary(
    study: StudyFolder, findings: list[Finding], cost: ServerCost | None, *, strict: bool
) -> None:
    errors = count_errors(findings)
    warnings = len(findings) - errors
    name = study.project.get("id") or study.directory.name
    if findings:
        say()
    if cost:
        say(
            f"A game server costs at most {cost.dollars:.3f} USD: {cost.cpu:g} vCPU and {cost.memory:g} GB "
            f"for {cost.minutes} minutes, on demand"
        )
        say(f"({SOURCE}).", "dim")
    verdict = "fails the strict check" if strict and warnings else "can be published"
    verdict = "cannot be published" if errors else verdict
    say(f"{name} {verdict}: {format_count(errors, 'error')}, {format_count(warnings, 'warning')}", "bold")


def _as_json(study: StudyFolder, findings: list[Finding], cost: ServerCost | None) -> dict[str, Any]:
    errors = count_errors(findings)
    return {
        "study": str(study.directory),
        "projectId": study.project.get("id"),
        "errors": errors,
        "warnings": len(findings) - errors,
        "findings": [found.as_dict() for found in findings],
        "cost": cost
        and {
            "dollarsAtMost": round(cost.dollars, 4),
            "cpu": cost.cpu,
            "memory": cost.memory,
            "minutes": cost.minutes,
            "source": SOURCE,
        },
    }
