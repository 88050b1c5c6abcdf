"""The command line: the commands, and the global options, which are accepted anywhere."""

import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from hippo_cli.commands import (
    check,
    delete,
    doctor,
    export,
    local,
    logs,
    new,
    pause,
    publish,
    schema,
    servers,
    stack,
    status,
    stop,
    withdraw,
    withdraw_media,
)
from hippo_cli.connection import Flags
from hippo_cli.guard import guard
from hippo_local.console import take_any_characters

app = typer.Typer(
    name="hippo",
    help="HIPPO Gym for researchers: create, check, publish and monitor studies, and export their data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("new")(guard(new.new))
app.command("check")(guard(check.check))
app.command("local")(guard(local.local))
app.command("publish")(guard(publish.publish_study))
app.command("export")(guard(export.export_project))
app.command("status")(guard(status.status))
app.command("servers")(guard(servers.servers))
app.command("stop")(guard(stop.stop))
app.command("logs")(guard(logs.logs))
app.command("withdraw")(guard(withdraw.withdraw))
app.command("withdraw-media")(guard(withdraw_media.withdraw_media))
app.command("pause")(guard(pause.pause))
app.command("resume")(guard(pause.resume))
app.command("delete")(guard(delete.delete))
app.command("doctor")(guard(doctor.doctor))
app.command("stack")(guard(stack.stack))
app.command("schema")(guard(schema.schema))

_WITH_VALUE = ("--stack", "--profile", "--region")
_WITHOUT_VALUE = ("--debug",)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(read_version())
        raise typer.Exit


@app.callback()
def read_flags(
    context: typer.Context,
    stack: Annotated[
        str | None, typer.Option(envvar="HIPPO_STACK", help="Prefix or CloudFormation name of the stack.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile (default: AWS_PROFILE).")] = None,
    region: Annotated[
        str | None, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="AWS region.")
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the stack trace of an error, and messages of libraries.")
    ] = False,
    show_version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """HIPPO Gym for researchers: create, check, publish and monitor studies, and export their data."""
    context.obj = Flags(stack, profile, region, debug)


def read_version() -> str:
    """Return the version of the installed distribution, which a folder on the path does not have."""
    try:
        return version("hippo-gym-aws")
    except PackageNotFoundError:
        return "not installed"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with one of errors.ExitCode."""
    take_any_characters()
    app(args=hoist_flags(sys.argv[1:] if arguments is None else arguments), prog_name="hippo")


def hoist_flags(arguments: Sequence[str]) -> list[str]:
    """Move global options to the front, so that `hippo check --region R` works."""
    flags, rest, remaining = [], [], list(arguments)
    while remaining:
        argument = remaining.pop(0)
        if argument == "--":
            rest += [argument, *remaining]
            break
        if argument in _WITH_VALUE:
            flags += [argument, *remaining[:1]]
            remaining = remaining[1:]
        elif argument in _WITHOUT_VALUE or argument.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
            flags.append(argument)
        else:
            rest.append(argument)
    return flags + rest
