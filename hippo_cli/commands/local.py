"""`hippo local`: the whole platform with one study, on this machine."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from hippo_cli.checks import check_study
from hippo_cli.checks.secrets import CODES
from hippo_cli.commands.check import show_findings
from hippo_cli.errors import CliError, ExitCode, MachineError, UsageError
from hippo_cli.findings import Finding, Severity, count_errors, format_count
from hippo_cli.output import JsonOption
from hippo_cli.study_folder import StudyFolder, open_study


def local(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The study's folder.")] = Path(),
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the emulator. Default: 4566; 0 is any free port."),
    ] = None,
    web_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of the study's page. Default: 8000.")
    ] = None,
    game_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of the game servers. Default: 5000.")
    ] = None,
    max_runtime: Annotated[
        int | None, typer.Option(min=1, max=1440, help="Maximum runtime of a server, in minutes.")
    ] = None,
    max_servers: Annotated[
        int | None, typer.Option(min=1, max=300, help="Maximum number of servers at once.")
    ] = None,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open the study in the browser.")] = True,
    follows: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Apply your edits while it runs.")
    ] = True,
    bots: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100,
            help="Number of scripted participants who go through the study; then the command exits.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the bots' answers and actions. Default: 1.")
    ] = None,
    pace: Annotated[
        str | None,
        typer.Option(metavar="[fast|real]", help="Pace of the bots: as fast as possible, or like people."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--directory", help="Folder for outputs.json, logs and data.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the study on this machine, without an AWS account or Docker. Ctrl-C ends it.

    The study is checked first, and does not run if it has errors. With --bots, a local platform that is
    already running is used. Exits with 1 if a bot does not reach the end of the study.
    """
    _check_bots(bots, seed, pace, as_json=as_json)
    study = _open_runnable(directory, quiet=as_json)
    arguments = _build_arguments(
        {
            "--study": study.directory,
            "--port": port,
            "--web-port": web_port,
            "--game-port": game_port,
            "--max-runtime": max_runtime,
            "--max-servers": max_servers,
            "--directory": data,
            "--bots": bots,
            "--seed": seed,
            "--pace": pace,
            "--no-open": not opens,
            "--no-follow": not follows,
            "--json": as_json,
        }
    )
    raise typer.Exit(_run(arguments))


def _check_bots(bots: int | None, seed: int | None, pace: str | None, *, as_json: bool) -> None:
    if pace not in (None, "fast", "real"):
        raise UsageError(f"--pace {pace} is not a pace", "Pass fast or real.")
    if bots is None and (seed is not None or pace is not None or as_json):
        raise UsageError("--seed, --pace and --json need --bots", "Pass --bots with the number of bots.")


def _open_runnable(directory: Path, *, quiet: bool) -> StudyFolder:
    """Return the study after checking it. Raises CliError if it has errors."""
    study = open_study(directory)
    # Secrets stay on this machine, where nothing else reads them.
    findings = [_relax_secret(found) for found in check_study(study)]
    # Which bucket the study has on AWS does not matter on this machine.
    if not quiet or count_errors(findings):
        show_findings([found for found in findings if found.code != "placeholder"])
    if errors := count_errors(findings):
        raise CliError(
            f"the study has {format_count(errors, 'error')}, so it cannot be run", "Fix the errors above."
        )
    return study


def _relax_secret(found: Finding) -> Finding:
    return replace(found, severity=Severity.WARNING) if found.code in CODES else found


def _build_arguments(values: Mapping[str, object]) -> list[str]:
    """Return the platform's command line, without the options that are None or False."""
    given = {flag: value for flag, value in values.items() if value is not None and value is not False}
    return [
        part for flag, value in given.items() for part in ([flag] if value is True else [flag, str(value)])
    ]


def _run(arguments: list[str]) -> int:
    try:
        # The one part of the extra that no other package installs.
        import ministack  # type: ignore[import-untyped]  # noqa: F401

        from hippo_local.__main__ import main
        from hippo_local.bots.options import FAILED
    except ImportError as error:
        raise MachineError(
            f"the local platform is not installed ({error.name} is missing)",
            "Install its extra: `uv tool install '.[local]'` or `pip install '.[local]'`.",
        ) from error
    code = main(arguments)
    return {1: int(ExitCode.MACHINE), FAILED: int(ExitCode.PROBLEMS)}.get(code, code)
