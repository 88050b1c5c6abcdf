"""A local platform for one measurement, and an operator's view of it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.account_view import AccountView
from tests.e2e.running_platform import RunningPlatform


@contextmanager
def open_platform(max_servers: int) -> Iterator[AccountView]:
    """Run a platform with the example study on free ports, and leave nothing of it behind."""
    with tempfile.TemporaryDirectory(prefix="hippo-bench-") as name:
        platform = RunningPlatform(Path(name), "--no-follow", "--max-servers", str(max_servers))
        try:
            platform.wait_until_up()
            yield AccountView(platform)
        finally:
            platform.stop()
