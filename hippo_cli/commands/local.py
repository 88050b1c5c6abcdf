"""`hippo local`: the whole platform on this machine, with this study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from hippo_cli.checks import check_study
from hippo_cli.commands.check import show_findings
from hippo_cli.errors import CliError, ExitCode, MachineError, UsageError
from hippo_cli.findings import count_errors
from hippo_cli.output import JsonOption
from hippo_cli.study_folder import StudyFolder, open_study


def local(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The study's folder.")] = Path(),
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of the emulator (4566); 0: any free one.")
    ] = None,
    web_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of the study's page (8000).")
    ] = None,
    game_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Of the game servers (5000).")
    ] = None,
    max_runtime: Annotated[int | None, typer.Option(min=1, max=1440, help="Of a server, in minutes.")] = None,
    max_servers: Annotated[int | None, typer.Option(min=1, max=300, help="That run at once.")] = None,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open the study in the browser.")] = True,
    follows: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Bring in what you edit while it runs.")
    ] = True,
    bots: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="Scripted participants who go through the study; then it ends."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the bots' answers and actions (1).")] = None,
    pace: Annotated[
        str | None, typer.Option(metavar="[fast|real]", help="Of the bots: as fast as it goes, or as people.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--directory", help="Where outputs.json, logs and data go.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the study on this machine, with all that it needs: no AWS account, no Docker. Ctrl-C ends it.

    The study is checked first; one with errors is not run. With --bots a platform that is up there already
    is used. Ends with 1 if one of them does not get to the end.
    """
    _check_bots(bots, seed, pace, as_json=as_json)
    words = ["--study", str(_open_runnable(directory, quiet=as_json).directory)]
    words += _build_arguments(
        {
            "--port": port,
            "--web-port": web_port,
            "--game-port": game_port,
            "--max-runtime": max_runtime,
            "--max-servers": max_servers,
            "--directory": data,
            "--bots": bots,
            "--seed": seed,
            "--pace": pace,
        }
    )
    words += [] if opens else ["--no-open"]
    words += [] if follows else ["--no-follow"]
    words += ["--json"] if as_json else []
    raise typer.Exit(_run(words))


def _check_bots(bots: int | None, seed: int | None, pace: str | None, *, as_json: bool) -> None:
    if pace not in (None, "fast", "real"):
        raise UsageError(f"--pace {pace}: no such pace", "Say fast or real.")
    if bots is None and (seed is not None or pace is not None or as_json):
        raise UsageError("--seed, --pace and --json are of bots", "Give --bots, how many.")


def _open_runnable(directory: Path, *, quiet: bool) -> StudyFolder:
    """The study, checked; raises CliError for one with errors."""
    study = open_study(directory)
    findings = check_study(study)
    # Whose bucket it is on AWS does not matter here.
    if not quiet or count_errors(findings):
        show_findings([found for found in findings if found.code != "placeholder"])
    if errors := count_errors(findings):
        raise CliError(f"the study has {errors} errors, so it cannot be run", "Mend what stands above.")
    return study


def _build_arguments(values: Mapping[str, object]) -> list[str]:
    """The platform's command line, as far as something was said."""
    given = {flag: str(value) for flag, value in values.items() if value is not None}
    return [word for pair in given.items() for word in pair]


def _run(words: list[str]) -> int:
    try:
        # The one part of the extra that nothing else brings.
        import ministack  # type: ignore[import-untyped]  # noqa: F401

        from hippo_local.__main__ import main
        from hippo_local.bots.options import FAILED
    except ImportError as error:
        raise MachineError(
            f"the local platform is not installed ({error.name} is missing)",
            "Install the tool with its extra: `uv tool install '.[local]'` or `pip install '.[local]'`.",
        ) from error
    code = main(words)
    return {1: int(ExitCode.MACHINE), FAILED: int(ExitCode.PROBLEMS)}.get(code, code)
