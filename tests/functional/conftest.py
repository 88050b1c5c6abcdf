"""Fixtures that the tests of the handlers share."""

import threading
from collections.abc import Iterator

import pytest

from tests.support.cloudformation import CloudFormation


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    """Return a stack whose custom resource waits."""
    stack = CloudFormation()
    thread = threading.Thread(target=stack.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield stack
    stack.server.shutdown()
    stack.server.server_close()
    thread.join()
