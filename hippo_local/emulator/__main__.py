"""`python -m hippo_local.emulator` emulates AWS on this machine, in the foreground, on 127.0.0.1 only."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hippo_local.emulator.environment import prepare_environment
from hippo_local.emulator.settings import Settings
from hippo_local.keys import read_keys
from hippo_local.private_files import PRIVATE_UMASK


def read_arguments(arguments: Sequence[str]) -> Settings:
    """Return the settings in `arguments` (the command line without the program's name)."""
    parser = argparse.ArgumentParser(prog="python -m hippo_local.emulator", description=__doc__)
    defaults = Settings(port=4566)
    parser.add_argument("--port", type=int, default=defaults.port, help="port of every service")
    parser.add_argument("--images", type=_path, help='JSON: image name -> {"command": [...], "cwd": "..."}')
    parser.add_argument("--lambda-python", type=_path, help="interpreter that runs Python functions")
    parser.add_argument("--task-port", type=int, default=defaults.task_port, help="port that tasks listen on")
    parser.add_argument(
        "--task-logs", type=_path, help="directory for the output of tasks, one file per container"
    )
    parser.add_argument("--data", type=_path, help="directory that keeps the S3 objects as files")
    parser.add_argument("--log", type=_path, help="log of the emulator (default: standard error)")
    parser.add_argument(
        "--faults", type=_path, help="JSON file of faults on demand, read again when it changes"
    )
    parser.add_argument(
        "--permissions", type=_path, help="file to which IAM's decisions are appended as JSON lines"
    )
    parser.add_argument(
        "--state-delay", type=float, default=defaults.state_delay, help="seconds in each task state"
    )
    parser.add_argument(
        "--stop-timeout",
        type=float,
        default=defaults.stop_timeout,
        help="seconds between SIGTERM and SIGKILL",
    )
    parser.add_argument(
        "--retry-delays",
        type=_delays,
        default=defaults.retry_delays,
        help="seconds before each asynchronous retry, for example 2,4",
    )
    return Settings(**vars(parser.parse_args(arguments)), keys=read_keys(os.environ))


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code, 1 if the emulator cannot start."""
    settings = read_arguments(arguments)
    os.umask(PRIVATE_UMASK)
    prepare_environment(settings)
    logging.basicConfig(
        filename=settings.log,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s [%(name)s] %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    # Imported here: MiniStack reads the environment while it is imported.
    from hippo_local.emulator.server import CannotStartError, serve

    try:
        serve(settings)
    except CannotStartError as error:
        sys.stderr.write(f"emulator: {error}\n")
        return 1
    return 0


def _path(text: str) -> Path:
    # Not resolved: an interpreter finds its virtual environment by the location of the link.
    return Path(text).absolute()


def _delays(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",") if part)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
