"""The options and commands of `python -m hippo_local`."""

import argparse
import os
from pathlib import Path

from hippo_local.bots.options import add_bot_options
from hippo_local.platform import Options

DEFAULTS = Options()
_HIGHEST_PORT = 65535
# The limits of MaxRuntime and MaxServers in template.yaml.
_LONGEST_RUNTIME = 1440
_MOST_SERVERS = 300


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m hippo_local", description=description)
    parser.add_argument(
        "--study",
        type=Path,
        default=Path(os.environ.get("STUDY") or DEFAULTS.study),
        help="the study folder (default: the variable STUDY, otherwise examples/mountain_car)",
    )
    _add_ports(parser)
    _add_limits(parser)
    _add_switches(parser)
    add_bot_options(parser)
    directory_help = "directory for outputs.json, logs and data (default: .local)"
    parser.add_argument("--directory", type=Path, default=DEFAULTS.directory, help=directory_help)
    _add_commands(parser, directory_help)
    return parser


def _add_ports(parser: argparse.ArgumentParser) -> None:
    for flag, default, what in (
        ("--port", DEFAULTS.port, "port of the emulator"),
        ("--web-port", DEFAULTS.web_port, "port of the study's page"),
        ("--game-port", DEFAULTS.game_port, "port on which participants reach their game servers"),
    ):
        parser.add_argument(
            flag, type=_read_port, default=default, help=f"{what} (default {default}; 0: any free port)"
        )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-runtime",
        type=_read_minutes,
        default=DEFAULTS.max_runtime,
        help=f"longest run of a server, in minutes (default {DEFAULTS.max_runtime})",
    )
    parser.add_argument(
        "--max-servers",
        type=_read_servers,
        default=DEFAULTS.max_servers,
        help=f"largest number of servers at once (default {DEFAULTS.max_servers})",
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
