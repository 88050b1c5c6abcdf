"""Fixtures: the handlers are deployed into the simulation while a test runs."""

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.deployment import DEPLOYMENT


@pytest.fixture(autouse=True)
def deployed() -> Iterator[None]:
    """Let worlds be created, without the handlers' logs of tens of thousands of faults."""
    logging.disable(logging.CRITICAL)
    with DEPLOYMENT.install():
        yield
    logging.disable(logging.NOTSET)
