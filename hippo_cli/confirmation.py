"""A question before what cannot be undone."""

import sys

import typer

from hippo_cli.errors import UsageError


def ask_first(question: str, *, yes: bool, quiet: bool = False) -> None:
    """Goes on if the answer is yes, or was given by --yes; raises typer.Abort if it is no.

    `quiet`: there is nobody to ask, as with --json. Raises UsageError then, and where nothing can be read.
    """
    if yes:
        return
    try:
        if quiet:
            raise typer.Abort
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        if sys.stdin.isatty() and not quiet:
            raise
        raise UsageError("this has to be confirmed", "Give --yes to do it without a question.") from None
    if not agreed:
        raise typer.Abort
