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

from hippo_local.bots.options import AnotherStudyError, check_project, find_running
from hippo_local.command_line import DEFAULTS, make_parser
from hippo_local.console import Console, report_error, silence_libraries, take_any_characters
from hippo_local.errors import LocalPlatformError
from hippo_local.fault_command import run_fault_command
from hippo_local.outputs import VARIABLES_FILE
from hippo_local.platform import LocalPlatform, Options
from hippo_local.private_files import write_private_files
from hippo_local.show_answers import show_answers
from hippo_local.study import read_study


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
    options = make_parser(__doc__).parse_args(arguments)
    try:
        if options.command:
            with write_private_files():
                return _run_command(options)
        with write_private_files(), _stop_on_signals():
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
    if directory.resolve() != DEFAULTS.directory:
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
  AWS CLI  {shlex.join([".", str(directory.resolve() / VARIABLES_FILE)])} (for AWS tools in that shell)

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


if __name__ == "__main__":
    sys.exit(main())
