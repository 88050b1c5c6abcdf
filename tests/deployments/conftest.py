"""One account for all deployments, and the template built once."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployments.local_account import REPOSITORY, Build, LocalAccount, build, open_account

_LAST_RELEASE = Path(__file__).parent / "last_release" / "release.tar.gz"


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAccount]:
    """Return the account that the tests share; each test has its own stacks and prefix."""
    with open_account(tmp_path_factory.mktemp("account")) as opened:
        yield opened


@pytest.fixture(scope="session")
def current(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return the build of the current template.yaml."""
    return build(REPOSITORY, tmp_path_factory.mktemp("current"))


@pytest.fixture(scope="session")
def last_release(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return the template, functions, layer and page of the last release (see last_release/README.md)."""
    source = tmp_path_factory.mktemp("last_release")
    with tarfile.open(_LAST_RELEASE) as archive:
        archive.extractall(source, filter="data")
    return build(source, tmp_path_factory.mktemp("last_release_built"))
