"""`hippo new`: a study's folder, created from the example and a few values."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from hippo.ids import is_project_id
from hippo_cli.confirmation import prompt
from hippo_cli.errors import UsageError
from hippo_cli.new_study import NewStudy, make_study, suggest_id, suggest_name
from hippo_cli.output import say
from hippo_cli.resources import find_example
from hippo_cli.yaml_characters import is_line_of_text

_ADVICE = "Pass --yes and --researcher, and the options that should differ from their defaults."
_ID_RULE = "Use 1 to 64 letters, digits, - or _, not beginning with _."


def new(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to create; new or empty.")],
    project_id: Annotated[
        str | None, typer.Option("--id", help="Id of the study (default: the folder's name).")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the study, as participants see it.")] = None,
    researcher: Annotated[
        str | None, typer.Option(help="Responsible researcher with contact details; shown to participants.")
    ] = None,
    consent: Annotated[
        bool | None,
        typer.Option("--consent/--no-consent", help="Record which consent text a participant agreed to."),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="Bucket to write into the config, for existing scripts that read it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; use the defaults.")] = False,
) -> None:
    """Create a study's folder from the example, with pages, a game and its server, ready for your changes."""
    example = find_example()
    ask = _make_question(yes)
    folder = Path(os.path.realpath(directory)).name
    suggested = suggest_id(folder)
    project_id = project_id or ask("Id of the study (part of its link)", suggested, _check_id)
    _check_id(project_id)
    title = suggest_name(folder if project_id == suggested else project_id)
    name = name or ask("Name of the study, as participants see it", title, _check_text)
    if researcher is None and yes:
        raise UsageError(
            "--yes needs --researcher", "Pass a name and an e-mail address; participants see them."
        )
    researcher = researcher or ask(
        "Responsible researcher (name and e-mail; participants see it)", "", _check_text
    )
    if consent is None:
        consent = (
            yes
            or not sys.stdin.isatty()
            or prompt(lambda: typer.confirm("Record which consent text a participant agreed to?", True))
        )
    for text in (name, researcher):
        _check_text(text)
    make_study(
        example, directory, NewStudy(project_id, name, researcher, consent, context.obj.region, bucket)
    )
    _show_next(directory)


def _check_id(text: str) -> None:
    if not is_project_id(text):
        raise UsageError(f"{text!r} cannot be a study's id", _ID_RULE)


def _check_text(text: str) -> None:
    if not text.strip():
        raise UsageError("the text is empty", "Write one line of text.")
    if not is_line_of_text(text):
        raise UsageError(f"{text!r} is not readable text", "Write one line of printable characters.")


def _make_question(yes: bool) -> Callable[[str, str, Callable[[str], None]], str]:
    def ask(question: str, default: str, check: Callable[[str], None]) -> str:
        if yes:
            return default
        while True:
            reply = str(
                prompt(lambda: typer.prompt(question, default=default or None), advice=_ADVICE)
            ).strip()
            try:
                check(reply)
            except UsageError as error:
                say(f"{error.what}. {error.advice}", "red")
                continue
            return reply

    return ask


def _show_next(directory: Path) -> None:
    say(f"Created {directory}: config.yml (the study), StepFiles/ (its pages), App/ (the game server).")
    say("Next, find its problems, then run it on this machine:")
    for command in ("check", "local"):
        say(f"  hippo {command} {_quote(str(directory))}")


def _quote(path: str) -> str:
    """Return a path as this system's shells read it."""
    path = f".{os.sep}{path}" if path.startswith("-") else path
    return subprocess.list2cmdline([path]) if os.name == "nt" else shlex.quote(path)
