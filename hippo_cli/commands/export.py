"""`hippo export`: all answers of a project as tables, and the files that its game servers recorded."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hippo_cli.data.project import BucketOption, open_project
from hippo_cli.errors import ExitCode, UsageError
from hippo_cli.exports.fetch import Source
from hippo_cli.exports.files import Format, find_pyarrow
from hippo_cli.exports.paths import PRIVATE
from hippo_cli.exports.run import WRITTEN, ExportResult, Options, export
from hippo_cli.exports.spreadsheets import Separator, find_spreadsheet
from hippo_cli.exports.store import RECORD, TRIAL
from hippo_cli.findings import format_count
from hippo_cli.output import JsonOption, say, say_error, show_json
from hippo_cli.progress import show_progress

_LABELS = {RECORD: "participants", TRIAL: "trials", WRITTEN: "tables"}
_SHOWN = 10


def export_project(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="A new folder, or the folder of an earlier export.")
    ],
    project: Annotated[
        str | None, typer.Argument(metavar="PROJECT", help="Project id. Default: the study in this folder.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only data changed since then, such as 2026-11-25T09:30."),
    ] = None,
    trials: Annotated[bool, typer.Option(help="Export the files that game servers recorded.")] = True,
    parquet: Annotated[bool, typer.Option(help="Write Parquet files as well as CSV.")] = True,
    excel: Annotated[
        bool, typer.Option("--excel", help="Write CSV that is safe to open in spreadsheets.")
    ] = False,
    separator: Annotated[
        Separator | None,
        typer.Option(help="With --excel: between cells. Default: as this computer's spreadsheets expect."),
    ] = None,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune", help="Delete local data that is no longer in the bucket (withdrawn or expired)."
        ),
    ] = False,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Download participants, answers, a data dictionary and trials, or update an earlier export.

    Exits with 1 if some records cannot be read. These are listed, and all others are exported.
    """
    options = Options(_read_time(since), _choose_format(excel, separator, parquet), trials, prune)
    found = open_project(context.obj, project, bucket)
    source = Source(found.records, found.id, found.studies)
    with show_progress(_LABELS, hidden=as_json) as advance:
        outcome = export(source, out, options, advance)
    _report(found.id, out, outcome, lacks_parquet=parquet and not find_pyarrow(), as_json=as_json)
    if outcome.problems:
        raise typer.Exit(ExitCode.PROBLEMS)


def _choose_format(excel: bool, separator: Separator | None, parquet: bool) -> Format:
    if separator and not excel:
        raise UsageError("--separator needs --excel", "Other CSV files have commas. Pass --excel, too.")
    return Format(find_spreadsheet(separator) if excel else None, parquet)


def _read_time(text: str | None) -> datetime | None:
    """Return the time. The default time zone is the user's own."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since {text}: not a time", "Pass 2026-11-25, 2026-11-25T09:30 or 2026-11-25T09:30+01:00."
        ) from None


def _report(project_id: str, out: Path, outcome: ExportResult, *, lacks_parquet: bool, as_json: bool) -> None:
    if lacks_parquet:
        say_error(
            "No Parquet files were written: they need the extra `report`. "
            "Install it with `uv tool install '.[report]'`.",
            "yellow",
        )
    if as_json:
        show_json(_as_json(project_id, out, outcome))
    else:
        _show(project_id, out, outcome)


def _show(project_id: str, out: Path, outcome: ExportResult) -> None:
    rows = outcome.rows
    participants = format_count(rows["participants"], "participant")
    say(f"{project_id}: {participants}, {format_count(rows['answers'], 'answer')}", "bold")
    fetched = format_count(outcome.records_fetched, "participant")
    say(f"Fetched: {fetched}, {format_count(outcome.trials_fetched, 'trial file')}")
    names = dict.fromkeys(path.relative_to(out).with_suffix("").as_posix() for path in outcome.files)
    formats = " and ".join(dict.fromkeys(path.suffix[1:] for path in outcome.files))
    say(f"Written to {out}: {', '.join(names)} ({formats})")
    say(f"{out / PRIVATE} identifies participants. Do not share it with the rest.")
    if outcome.vanished:
        vanished = format_count(len(outcome.vanished), "object")
        say(
            f"No longer in the bucket (withdrawn or expired): {vanished}. Pass --prune to delete them here.",
            "yellow",
        )
    if outcome.problems:
        say_error(f"{format_count(len(outcome.problems), 'object')} cannot be read:", "bold red")
        for problem in outcome.problems[:_SHOWN]:
            say_error(f"  {problem.key}: {problem.reason}")
        if len(outcome.problems) > _SHOWN:
            say_error(f"  … See {out / 'problems.csv'} for all of them.")


def _as_json(project_id: str, out: Path, outcome: ExportResult) -> dict[str, object]:
    return {
        "projectId": project_id,
        "directory": str(out),
        "rows": outcome.rows,
        "fetched": {"participants": outcome.records_fetched, "trials": outcome.trials_fetched},
        "problems": [{"key": problem.key, "reason": problem.reason} for problem in outcome.problems],
        "vanished": outcome.vanished,
        "files": [str(path) for path in outcome.files],
    }
