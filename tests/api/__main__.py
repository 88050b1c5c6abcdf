"""`make fuzz`: send 10,000 malformed requests to a local platform (SEED=n COUNT=n ONLY=n)."""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.api.campaign import Campaign, report
from tests.e2e.account_view import AccountView
from tests.e2e.running_platform import RunningPlatform


def main() -> int:
    """Run the campaign; return 1 if there are findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.api", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="of an earlier run, to send the same requests")
    parser.add_argument("--count", type=int, default=10_000, help="how many requests")
    parser.add_argument("--only", type=int, default=None, help="send just the one of this number")
    options = parser.parse_args()
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    sys.stdout.write(f"seed {seed}\n")
    with tempfile.TemporaryDirectory() as directory:
        platform = RunningPlatform(Path(directory))
        try:
            platform.wait_until_up()
            campaign = Campaign(AccountView(platform))
            results, left, summary = campaign.execute(seed, options.count, options.only)
        finally:
            platform.stop()
    sys.stdout.write(f"{report(results, campaign.url, seed)}\n{summary}\n")
    sys.stdout.writelines(f"{problem}\n" for problem in left)
    return 1 if results.findings or left else 0


if __name__ == "__main__":
    sys.exit(main())
