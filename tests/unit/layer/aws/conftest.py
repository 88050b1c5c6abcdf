"""AWS's responses, one by one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from tests.unit.layer.aws.calls import CLIENTS


@pytest.fixture
def stub() -> Iterator[Callable[..., None]]:
    """Let the next call of an operation end with an error code or a response."""
    stubbers: dict[str, Stubber] = {}

    def add(
        service: str, operation: str, outcome: str | dict[str, Any], status: int = 400, text: str = ""
    ) -> None:
        if service not in stubbers:
            stubbers[service] = Stubber(CLIENTS[service])
            stubbers[service].activate()
        if isinstance(outcome, str):
            stubbers[service].add_client_error(operation, outcome, text, status)
        else:
            stubbers[service].add_response(operation, outcome)

    yield add
    for stubber in stubbers.values():
        stubber.deactivate()
        stubber.assert_no_pending_responses()
