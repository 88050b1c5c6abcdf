"""Handlers by name, sample events, and AWS in memory: for the fixtures of tests and for the benchmarks."""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from tests.support.aws_hooks import AwsHooks

REGION = "ca-central-1"


def make_loader(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Return a function that loads functions/<name>/app.py as a new module, with empty caches."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"function_{name}", ROOT / f"functions/{name}/app.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return load


def load_event(name: str) -> dict[str, Any]:
    """Read events/<name>.json, a sample for `sam local invoke`."""
    event: dict[str, Any] = json.loads((ROOT / f"events/{name}.json").read_text())
    return event


def open_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator["AwsHooks"]:
    """Open an empty AWS in memory until the iterator is resumed. It records calls (see AwsHooks)."""
    # Imported here: moto takes half a second, and most tests do without it.
    import boto3
    from moto import mock_aws

    from hippo.aws import clients
    from tests.support.aws_hooks import shared_client, shared_session
    from tests.support.quick_moto import make_quick

    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    # moto's machine images take a tenth of a second of every test, and no test starts a machine.
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    make_quick(monkeypatch)
    with mock_aws():
        session, hooks = shared_session(REGION)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
        # Handlers loaded from now on share clients. Modules loaded before create new ones.
        own_clients = clients.make_client
        own_clients.cache_clear()
        monkeypatch.setattr(clients, "make_client", shared_client)
        hooks.reset()
        yield hooks
    own_clients.cache_clear()
