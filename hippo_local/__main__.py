"""`python -m hippo_local` runs a study on this machine; `… answers` shows answers, `… fault` makes faults."""

import argparse
import contextlib
import os
import shlex
import signal
import sys
import webbrowser
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from hippo_local.bots.options import AnotherStudyError, add_bot_options, check_project, find_running
from hippo_local.console import Console, report_error, take_any_characters
from hippo_local.errors import LocalPlatformError
from hippo_local.fault_command import run_fault_command
from hippo_local.platform import LocalPlatform, Options
from hippo_local.show_answers import show_answers
from hippo_local.study import read_study

_DEFAULTS = Options()
_HIGHEST_PORT = 65535
# What template.yaml accepts as MaxRuntime and as MaxServers.
_LONGEST_RUNTIME = 1440
_MOST_SERVERS = 300


class StopRequest(BaseException):
    """Ctrl-C or SIGTERM; not an Exception, so that nothing on the way handles it as a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; gives the exit code.

    0 after a stop that was asked for, 1 after a failure, 2 if other things were to be asked for.
    """
    take_any_characters()
    options = _make_parser().parse_args(arguments)
    try:
        if options.command:
            return _run_command(options)
        with _stop_on_signals():
            return _run(options)
    except LocalPlatformError as error:
        report_error(f"hippo_local: {error}")
        return 2 if isinstance(error, AnotherStudyError) else 1
    except OSError as error:
        # The disk is full, a directory may not be written to, or whoever read our lines has gone.
        with contextlib.suppress(OSError):
            report_error(f"hippo_local: {error}; nothing is left running")
        return 1
    except StopRequest as request:
        report_error("hippo_local: stopped before everything was up; nothing is left running")
        return request.exit_code


def _run_command(options: argparse.Namespace) -> int:
    # Whoever reads the lines may have seen enough: `… answers | head`.
    with contextlib.suppress(BrokenPipeError):
        if options.command == "answers":
            show_answers(options.directory, options.user_id)
        else:
            run_fault_command(options.directory, options.words)
    return 0


def _run(options: argparse.Namespace) -> int:
    console = Console(uses_stderr=options.json)
    if options.bots and (running := find_running(options.directory)):
        check_project(running, read_study(options.study).project_id)
        return _send_bots(options, running, console)
    platform = LocalPlatform(
        Options(
            study=options.study,
            port=options.port,
            web_port=options.web_port,
            game_port=options.game_port,
            directory=options.directory,
            max_runtime=options.max_runtime,
            max_servers=options.max_servers,
            follow_edits=options.follow_edits,
        ),
        console,
    )
    with platform as outputs:
        try:
            if options.bots:
                return _send_bots(options, outputs, console)
            _show_outputs(console, outputs, options.directory)
            if options.open:
                _open_browser(outputs["studyUrl"])
            platform.watch()
        except StopRequest:
            console.report("stopping")
    console.report("stopped; nothing is left running")
    return 0


def _send_bots(options: argparse.Namespace, outputs: dict[str, Any], console: Console) -> int:
    # They speak over WebSockets, which nothing else of the runner needs.
    from hippo_local.bots.run import run_bots

    return run_bots(
        outputs,
        options.bots,
        options.seed,
        fast=options.pace == "fast",
        minutes=options.max_runtime,
        directory=options.directory,
        console=console,
        as_json=options.json,
    )


def _show_outputs(console: Console, outputs: dict[str, Any], directory: Path) -> None:
    # `-m hippo_local` was found from the working directory, so a path from there works as well.
    command = [os.path.relpath(sys.executable), "-m", "hippo_local", "answers"]
    if directory.resolve() != _DEFAULTS.directory:
        command += ["--directory", str(directory.resolve())]
    console.report("up")
    console.show(
        f"""
  Study    {outputs["studyUrl"]}
  API      {outputs["nextUrl"]}
  Answers  s3://{outputs["bucket"]}/{outputs["projectId"]}/Users/ (kept as files below {outputs["data"]})
           {shlex.join(command)} [USER_ID]
  Logs     {outputs["logs"]["emulator"]}
           {outputs["logs"]["tasks"]}
  Faults   {outputs["faults"]} (none without it; see docs/reference/faults.md)

  Ctrl-C stops everything.
"""
    )


def _open_browser(url: str) -> None:
    # Without a display the webbrowser module falls back to text browsers, which would take over the terminal.
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def request_stop(number: int, _: FrameType | None) -> NoReturn:
        # A second Ctrl-C must not break off the clean-up that the first one began.
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise StopRequest(number)

    before = {number: signal.signal(number, request_stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hippo_local", description=__doc__)
    environment = os.environ.get
    parser.add_argument(
        "--study",
        type=Path,
        default=Path(environment("STUDY") or _DEFAULTS.study),
        help="the study folder (default: the variable STUDY, else examples/mountain_car)",
    )
    for flag, default, what in (
        ("--port", _DEFAULTS.port, "the emulator's port"),
        ("--web-port", _DEFAULTS.web_port, "the port of the study's page"),
        ("--game-port", _DEFAULTS.game_port, "the port that participants reach their game servers at"),
    ):
        parser.add_argument(
            flag, type=_read_port, default=default, help=f"{what} (default {default}; 0: any free one)"
        )
    parser.add_argument(
        "--max-runtime", type=_read_minutes, default=_DEFAULTS.max_runtime, help="of a server, in minutes"
    )
    parser.add_argument(
        "--max-servers", type=_read_servers, default=_DEFAULTS.max_servers, help="that run at once"
    )
    parser.add_argument(
        "--no-open",
        dest="open",
        action="store_false",
        default=environment("OPEN") != "0",
        help="no browser [OPEN=0]",
    )
    parser.add_argument(
        "--no-follow",
        dest="follow_edits",
        action="store_false",
        help="edits of the study and the functions wait for the next start",
    )
    add_bot_options(parser)
    directory_help = "where outputs.json, logs and data go (default: .local)"
    parser.add_argument("--directory", type=Path, default=_DEFAULTS.directory, help=directory_help)
    _add_commands(parser, directory_help)
    return parser


def _add_commands(parser: argparse.ArgumentParser, directory_help: str) -> None:
    commands = parser.add_subparsers(dest="command", metavar="[answers|fault]")
    answers = commands.add_parser("answers", help="list participants, or show one participant")
    # Suppressed: a subcommand's default would replace what was given before it.
    answers.add_argument("--directory", type=Path, default=argparse.SUPPRESS, help=directory_help)
    answers.add_argument("user_id", nargs="?", help="whose record and trial files to show")
    fault = commands.add_parser("fault", help="faults on demand: what participants would see")
    fault.add_argument("--directory", type=Path, default=argparse.SUPPRESS, help=directory_help)
    fault.add_argument(
        "words", nargs="*", help="list (the default), clear, or a kind with its seconds and key=value words"
    )


def _read_port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {_HIGHEST_PORT}")
    return port


def _read_minutes(text: str) -> int:
    minutes = int(text)
    if not 1 <= minutes <= _LONGEST_RUNTIME:
        raise argparse.ArgumentTypeError(f"a server runs for 1 to {_LONGEST_RUNTIME} minutes")
    return minutes


def _read_servers(text: str) -> int:
    servers = int(text)
    if not 1 <= servers <= _MOST_SERVERS:
        raise argparse.ArgumentTypeError(f"1 to {_MOST_SERVERS} servers run at once")
    return servers


if __name__ == "__main__":
    sys.exit(main())
