"""The handlers are deployed into the simulation for as long as a test runs."""

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.deployment import DEPLOYMENT


@pytest.fixture(autouse=True)
def deployed() -> Iterator[None]:
    """Worlds can be made; the handlers' logs, of tens of thousands of faults, are left out."""
    logging.disable(logging.CRITICAL)
    with DEPLOYMENT.install():
        yield
    logging.disable(logging.NOTSET)
