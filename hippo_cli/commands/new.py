"""`hippo new`: a study's folder from the example, after the few questions that matter."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from hippo.ids import is_project_id
from hippo_cli.errors import UsageError
from hippo_cli.new_study import Answers, make_study
from hippo_cli.output import say
from hippo_cli.resources import find_example

_ID_RULE = "letters, digits, - and _ are needed, 64 at most, not beginning with _"


def new(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make; new or empty.")],
    project_id: Annotated[
        str | None, typer.Option("--id", help="Id of the study (the folder's name).")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people call the study.")] = None,
    researcher: Annotated[
        str | None, typer.Option(help="Who answers for it, and how to reach them; participants are told.")
    ] = None,
    consent: Annotated[
        bool | None, typer.Option("--consent/--no-consent", help="Keep which consent text was agreed to.")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="Bucket for configs that existing scripts read too.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take defaults.")] = False,
) -> None:
    """Make a study's folder from the example: pages, a game, its server; then change it."""
    example = find_example()
    ask = _make_question(yes)
    project_id = project_id or ask("Id of the study (part of its link)", _suggest_id(directory), _check_id)
    _check_id(project_id)
    name = name or ask("What people call it", _suggest_name(project_id), _check_text)
    if researcher is None and yes:
        raise UsageError("with --yes --researcher is needed", "Participants are told whom to ask.")
    researcher = researcher or ask(
        "Who answers for it (name and e-mail; participants see it)", "", _check_text
    )
    if consent is None:
        consent = (
            yes or not sys.stdin.isatty() or typer.confirm("Keep which consent text was agreed to?", True)
        )
    for text in (name, researcher):
        _check_text(text)
    make_study(example, directory, Answers(project_id, name, researcher, consent, context.obj.region, bucket))
    _show_next(directory)


def _check_id(text: str) -> None:
    if not is_project_id(text):
        raise UsageError(f"{text!r} cannot be a study's id", f"{_ID_RULE[0].upper()}{_ID_RULE[1:]}.")


def _check_text(text: str) -> None:
    if not text.strip() or not text.isprintable():
        raise UsageError(f"{text!r} is no text for people", "One line is needed.")


def _make_question(yes: bool) -> Callable[[str, str, Callable[[str], None]], str]:
    def ask(question: str, default: str, check: Callable[[str], None]) -> str:
        if yes:
            return default
        while True:
            try:
                answer = str(typer.prompt(question, default=default or None)).strip()
            except typer.Abort:
                if sys.stdin.isatty():
                    raise
                raise UsageError(
                    "there is nobody to ask", "Give --yes and --researcher, and what else is to be set."
                ) from None
            try:
                check(answer)
            except UsageError as error:
                say(f"{error.what}. {error.advice}", "red")
                continue
            return answer

    return ask


def _suggest_id(directory: Path) -> str:
    """One that a repository of images can be called by, too."""
    name = Path(os.path.realpath(directory)).name.lower()
    name = re.sub(r"[^a-z0-9]+", lambda gap: gap[0] if gap[0] in ("-", "_") else "_", name)
    name = name.strip("_-")[:64].rstrip("_-")
    return name if len(name) > 1 else f"{name or 'my'}_study"


def _suggest_name(project_id: str) -> str:
    return " ".join(re.split(r"[_-]+", project_id)).strip().capitalize() or project_id


def _show_next(directory: Path) -> None:
    say(f"Made {directory}: config.yml (the study), StepFiles/ (its pages), App/ (the game server).")
    say("Next:")
    say(f"  hippo check {directory}    finds what is wrong with it")
    say(f"  hippo local {directory}    runs it on this machine")
