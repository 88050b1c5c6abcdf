"""Prompts, and the error where nothing can be typed."""

import sys
from collections.abc import Callable
from typing import TypeVar

import typer

from hippo_cli.errors import UsageError

Reply = TypeVar("Reply")


def prompt(read: Callable[[], Reply], *, advice: str = "Pass --yes.") -> Reply:
    """Return what `read`, a prompt of typer's, returns.

    Raises UsageError if input ends and is not a terminal; Ctrl-C at a terminal stays typer.Abort.
    """
    try:
        return read()
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise UsageError("Cannot prompt: input is not a terminal.", advice) from None


def confirm(
    question: str, *, yes: bool, quiet: bool = False, default: bool = False, advice: str = "Pass --yes."
) -> bool:
    """Return whether the operator agrees; `yes` agrees without a question.

    `quiet`: do not ask, as with --json. Raises UsageError then, and where nothing can be typed.
    """
    if yes:
        return True
    if quiet:
        raise UsageError("Cannot prompt with --json.", advice)
    return prompt(lambda: typer.confirm(question, default=default, err=True), advice=advice)
