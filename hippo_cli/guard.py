"""The wrapper of every command: errors become a message and an exit code instead of a stack trace."""

import errno
import functools
import shutil
import traceback
from collections.abc import Callable
from typing import NoReturn, TypeVar

import typer
from botocore.exceptions import BotoCoreError, ClientError

from hippo_cli.aws_errors import describe_aws_error
from hippo_cli.errors import CliError, ExitCode
from hippo_cli.output import say_error

Result = TypeVar("Result")
_REPORT = (
    "This is a bug in the tool. Please report it with the output of the same command and --debug.\n"
    "Read that output first: it may contain names of your files and of your AWS account."
)


def guard(command: Callable[..., Result]) -> Callable[..., Result]:
    """Wrap a command whose first parameter is `context`. With --debug, also show the stack trace."""

    @functools.wraps(command)
    def run(*arguments: object, **options: object) -> Result:
        try:
            return command(*arguments, **options)
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - the one handler of all errors
            if _is_debug(arguments, options) and not isinstance(error, typer.Exit):
                say_error(traceback.format_exc())
            _exit(error)

    return run


def _is_debug(arguments: tuple[object, ...], options: dict[str, object]) -> bool:
    context = options.get("context", arguments[0] if arguments else None)
    return bool(getattr(getattr(context, "obj", None), "debug", False))


def _exit(error: BaseException) -> NoReturn:
    if isinstance(error, typer.Exit):
        raise error
    if isinstance(error, typer.Abort | KeyboardInterrupt):
        say_error("interrupted", "bold red")
        raise typer.Exit(ExitCode.INTERRUPTED)
    if isinstance(error, BotoCoreError | ClientError):
        error = describe_aws_error(error)
    if isinstance(error, CliError):
        say_error(error.what, "bold red")
        if error.advice:
            say_error(error.advice)
        raise typer.Exit(error.code)
    if isinstance(error, BrokenPipeError):
        raise typer.Exit(ExitCode.FINE)  # the reader of our output has closed the pipe
    if isinstance(error, OSError):
        say_error(_describe_os_error(error), "bold red")
        raise typer.Exit(ExitCode.MACHINE)
    say_error(f"unexpected error: {type(error).__name__}: {error}", "bold red")
    say_error(_REPORT)
    raise typer.Exit(ExitCode.UNEXPECTED)


def _describe_os_error(error: OSError) -> str:
    while isinstance(error, shutil.Error):  # a list of the files that could not be copied
        inner = [part[2] for part in error.args[0] if isinstance(part, tuple)]
        text = str(inner[0]) if inner else str(error)
        error = OSError(errno.ENOSPC if "No space left" in text else 0, text)
    path = f"{error.filename}: " if error.filename else ""
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        reason = "the disk is full; free some space and run the same command again"
    return f"{path}{reason}"
