"""Command line options of bots, and the running platform that they use."""

import argparse
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hippo_local.errors import LocalPlatformError
from hippo_local.outputs import read_outputs

MOST = 100
FAILED = 3  # the exit code if a bot did not finish the study
PACES = ("fast", "real")


def add_bot_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for the number of bots, their seed, pace and output."""
    parser.add_argument(
        "--bots",
        type=_read_number,
        default=0,
        help=f"run this many scripted participants, then exit (1 to {MOST})",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the bots' answers and actions (default 1)"
    )
    parser.add_argument(
        "--pace",
        choices=PACES,
        default=PACES[0],
        help="pace of bots: as fast as possible, or like people (default fast)",
    )
    parser.add_argument(
        "--json", action="store_true", help="report of the bots as JSON; progress goes to standard error"
    )


class AnotherStudyError(LocalPlatformError):
    """The running platform serves another study, whose report could be mistaken for this one's."""


def check_project(outputs: Mapping[str, Any], wanted: str) -> None:
    """Raise AnotherStudyError if the running platform does not serve the wanted study."""
    if outputs["projectId"] != wanted:
        raise AnotherStudyError(
            f"The running platform serves the study {outputs['projectId']}, not {wanted}. Stop it, or choose "
            "another --directory."
        )


def find_running(directory: Path) -> dict[str, Any] | None:
    """Return the outputs of the platform that runs there, or None if none does."""
    try:
        outputs = read_outputs(directory)
    except LocalPlatformError:
        return None
    return outputs if _is_running(outputs) else None


def _is_running(outputs: Mapping[str, Any]) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(str(outputs["endpointUrl"]), timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, KeyError, ValueError):
        return False


def _read_number(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST:
        raise argparse.ArgumentTypeError(f"{number} is out of range: use 1 to {MOST} bots")
    return number
