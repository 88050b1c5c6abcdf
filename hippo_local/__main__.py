"""`python -m hippo_local` runs a study on this machine; `… answers` shows answers, `… fault` sets faults."""

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
from hippo_local.console import Console, report_error, silence_libraries, take_any_characters
from hippo_local.errors import LocalPlatformError
from hippo_local.fault_command import run_fault_command
from hippo_local.platform import LocalPlatform, Options
from hippo_local.show_answers import show_answers
from hippo_local.study import read_study

_DEFAULTS = Options()
_HIGHEST_PORT = 65535
# The limits of MaxRuntime and MaxServers in template.yaml.
_LONGEST_RUNTIME = 1440
_MOST_SERVERS = 300


class StopRequest(BaseException):
    """Ctrl-C or SIGTERM; not an Exception, so that no handler in between treats it as a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    0 after a requested stop, 1 after a failure, 2 if the arguments do not fit the running platform.
    """
    take_any_characters()
    silence_libraries(sys.argv)
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
        # The disk is full, a directory is read-only, or the reader of the output has exited.
        with contextlib.suppress(OSError):
            report_error(f"hippo_local: {error}; nothing is left running")
        return 1
    except StopRequest as request:
        report_error("hippo_local: stopped before the platform was ready; nothing is left running")
        return request.exit_code


def _run_command(options: argparse.Namespace) -> int:
    # The reader may close the pipe early: `… answers | head`.
    with contextlib.suppress(BrokenPipeError):
        if options.command == "answers":
            show_answers(options.directory, options.user_id)
        else:
            run_fault_command(options.directory, options.arguments)
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
    # Imported here: only bots need the WebSocket library.
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
    # `-m hippo_local` was found from the working directory, so a relative path works as well.
    command = [os.path.relpath(sys.executable), "-m", "hippo_local", "answers"]
    if directory.resolve() != _DEFAULTS.directory:
        command += ["--directory", str(directory.resolve())]
    console.report("ready")
    console.show(
        f"""
  Study    {outputs["studyUrl"]}
  API      {outputs["nextUrl"]}
  Answers  s3://{outputs["bucket"]}/{outputs["projectId"]}/Users/ (stored as files below {outputs["data"]})
           {shlex.join(command)} [USER_ID]
  Logs     {outputs["logs"]["emulator"]}
           {outputs["logs"]["tasks"]}
  Faults   {outputs["faults"]} (no faults without this file; see docs/reference/faults.md)

  Ctrl-C stops everything.
"""
    )


def _open_browser(url: str) -> None:
    # Without a display, the webbrowser module falls back to text browsers, which take over the terminal.
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


@contextlib.contextmanager
def _stop_on_signals() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def request_stop(number: int, _: FrameType | None) -> NoReturn:
        # A second Ctrl-C must not interrupt the clean-up that the first one began.
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
    parser.add_argument(
        "--study",
        type=Path,
        default=Path(os.environ.get("STUDY") or _DEFAULTS.study),
        help="the study folder (default: the variable STUDY, otherwise examples/mountain_car)",
    )
    _add_ports(parser)
    _add_limits(parser)
    _add_switches(parser)
    add_bot_options(parser)
    directory_help = "directory for outputs.json, logs and data (default: .local)"
    parser.add_argument("--directory", type=Path, default=_DEFAULTS.directory, help=directory_help)
    _add_commands(parser, directory_help)
    return parser


def _add_ports(parser: argparse.ArgumentParser) -> None:
    for flag, default, what in (
        ("--port", _DEFAULTS.port, "port of the emulator"),
        ("--web-port", _DEFAULTS.web_port, "port of the study's page"),
        ("--game-port", _DEFAULTS.game_port, "port on which participants reach their game servers"),
    ):
        parser.add_argument(
            flag, type=_read_port, default=default, help=f"{what} (default {default}; 0: any free port)"
        )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-runtime",
        type=_read_minutes,
        default=_DEFAULTS.max_runtime,
        help=f"longest run of a server, in minutes (default {_DEFAULTS.max_runtime})",
    )
    parser.add_argument(
        "--max-servers",
        type=_read_servers,
        default=_DEFAULTS.max_servers,
        help=f"largest number of servers at once (default {_DEFAULTS.max_servers})",
    )


def _add_switches(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-open",
        dest="open",
        action="store_false",
        default=os.environ.get("OPEN") != "0",
        help="do not open a browser [OPEN=0]",
    )
    parser.add_argument(
        "--no-follow",
        dest="follow_edits",
        action="store_false",
        help="ignore edits of the study and the functions until the next start",
    )


def _add_commands(parser: argparse.ArgumentParser, directory_help: str) -> None:
    commands = parser.add_subparsers(dest="command", metavar="[answers|fault]")
    answers = commands.add_parser("answers", help="list participants, or show one participant")
    # Suppressed: a subcommand's default would replace the value given before it.
    answers.add_argument("--directory", type=Path, default=argparse.SUPPRESS, help=directory_help)
    answers.add_argument("user_id", nargs="?", help="participant whose record and trial files to show")
    fault = commands.add_parser("fault", help="make AWS calls, tasks or functions fail on demand")
    fault.add_argument("--directory", type=Path, default=argparse.SUPPRESS, help=directory_help)
    fault.add_argument(
        "arguments",
        nargs="*",
        help="list (the default), clear, or a kind of fault with its seconds and key=value pairs",
    )


def _read_port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{port} is not a port: use a number from 0 to {_HIGHEST_PORT}")
    return port


def _read_minutes(text: str) -> int:
    minutes = int(text)
    if not 1 <= minutes <= _LONGEST_RUNTIME:
        raise argparse.ArgumentTypeError(f"{minutes} is out of range: use 1 to {_LONGEST_RUNTIME} minutes")
    return minutes


def _read_servers(text: str) -> int:
    servers = int(text)
    if not 1 <= servers <= _MOST_SERVERS:
        raise argparse.ArgumentTypeError(f"{servers} is out of range: use 1 to {_MOST_SERVERS} servers")
    return servers


if __name__ == "__main__":
    sys.exit(main())
