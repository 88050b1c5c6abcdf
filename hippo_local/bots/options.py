"""What the command line says about bots, and the platform that they go to."""

import argparse
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hippo_local.errors import LocalPlatformError
from hippo_local.outputs import read_outputs

MOST = 100
FAILED = 3  # the exit code if one of them did not get to the end
PACES = ("fast", "real")


def add_bot_options(parser: argparse.ArgumentParser) -> None:
    """How many, in which manner."""
    parser.add_argument(
        "--bots", type=_read_number, default=0, help=f"so many scripted participants, then end (1 to {MOST})"
    )
    parser.add_argument("--seed", type=int, default=1, help="of their answers and actions (default 1)")
    parser.add_argument(
        "--pace",
        choices=PACES,
        default=PACES[0],
        help="of bots: as fast as it goes, or as people (default fast)",
    )
    parser.add_argument(
        "--json", action="store_true", help="what bots saw as JSON; all else goes to standard error"
    )


class AnotherStudyError(LocalPlatformError):
    """What bots say of another study would be taken for this one's."""


def check_project(outputs: Mapping[str, Any], wanted: str) -> None:
    """Raises AnotherStudyError if the platform that is up runs another study than the one that is meant."""
    if outputs["projectId"] != wanted:
        raise AnotherStudyError(
            f"the platform that is up runs the study {outputs['projectId']}, not {wanted}: stop it, or give "
            "another --directory"
        )


def find_running(directory: Path) -> dict[str, Any] | None:
    """The outputs of the platform that is up there; None if there is none, or it was killed."""
    try:
        outputs = read_outputs(directory)
    except LocalPlatformError:
        return None
    return outputs if _answers(outputs) else None


def _answers(outputs: Mapping[str, Any]) -> bool:
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
        raise argparse.ArgumentTypeError(f"1 to {MOST} bots go at once")
    return number
