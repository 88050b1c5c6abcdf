"""`make prove-permissions`: record requests again, check policies, print the table, deploy mutants.

With `--recorded` it only checks the committed record, which takes seconds.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.e2e.account_view import AccountView
from tests.e2e.running_platform import RunningPlatform
from tests.permissions.exceptions import explain
from tests.permissions.judge import find_refused, find_survivors, list_all_mutants
from tests.permissions.mutants import try_deployed
from tests.permissions.policies import list_statements
from tests.permissions.recording import RecordingPlatform, record_platform
from tests.permissions.requests import PLATFORM, SIMULATION, load_requests, save_requests
from tests.permissions.simulated import record_simulation
from tests.permissions.table import save_table, write_table

Platform = TypeVar("Platform", bound=RunningPlatform)


def main(arguments: list[str]) -> int:
    """Return 0 if the policies allow exactly what is used and every mutant makes the study fail."""
    if "--recorded" not in arguments:
        record()
    is_proven = judge()
    if "--recorded" not in arguments:
        deploy_mutants()
    return 0 if is_proven else 1


def record() -> None:
    """Create the committed records again."""
    say("simulation: one fault at every call")
    save_requests(SIMULATION, record_simulation())
    say("local platform: everything once, and a shutdown alarm that fires by itself")
    with run(RecordingPlatform) as platform:
        save_requests(PLATFORM, record_platform(platform, cron=True))


def judge() -> bool:
    """Print the table and the findings, and update docs/reference/permissions.md."""
    statements = list_statements()
    requests = [*load_requests(PLATFORM), *load_requests(SIMULATION)]
    table = write_table(statements, requests)
    save_table(table)
    say(table)
    refused = find_refused(statements, requests) + [one for one in requests if not one.is_allowed]
    mutants, survivors = list_all_mutants(statements), find_survivors(statements, requests)
    unexplained = [mutant for mutant in survivors if explain(mutant) is None]
    say(f"{len(requests)} different requests, {len(requests) - len(refused)} allowed")
    say(
        f"{len(mutants)} policies without one element: {len(mutants) - len(survivors)} refuse a request, "
        f"{len(survivors) - len(unexplained)} lack an element that only AWS itself uses, "
        f"{len(unexplained)} lack an element that nothing uses"
    )
    for found in [*refused, *unexplained]:
        say(f"UNEXPECTED: {found}")
    return not refused and not unexplained


def deploy_mutants() -> None:
    """Deploy three mutants; raises if the study does not fail as it should."""
    with run(RunningPlatform) as platform:
        for line in try_deployed(AccountView(platform)):
            say(f"deployed: {line}")


@contextmanager
def run(kind: type[Platform]) -> Iterator[Platform]:
    """Run a platform in a directory of its own."""
    with tempfile.TemporaryDirectory() as directory:
        platform = kind(Path(directory))
        try:
            platform.wait_until_up()
            yield platform
        finally:
            platform.stop()


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
