"""A local platform of its own for a measurement, and what an operator sees in it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.account_view import AccountView
from tests.e2e.running_platform import RunningPlatform


@contextmanager
def open_platform(max_servers: int) -> Iterator[AccountView]:
    """A platform with the example study, up on free ports; nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="hippo-bench-") as name:
        platform = RunningPlatform(Path(name), "--no-follow", "--max-servers", str(max_servers))
        try:
            platform.wait_until_up()
            yield AccountView(platform)
        finally:
            platform.stop()
