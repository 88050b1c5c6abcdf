"""Tests that `hippo publish` tags the project's repository, and publishes no server that is too large."""

from collections.abc import Callable
from typing import Any

import pytest

from hippo_cli.errors import ExitCode
from hippo_cli.image.registry import Registry
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing.test_publish import IMAGE, publish
from tests.unit.cli.publishing_world import Deployment, FakeDocker

Run = Callable[..., Any]


@pytest.mark.parametrize("access", ["account", "tagged"])
def test_a_new_repository_is_tagged(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy, access: str
) -> None:
    """Given a study without a repository, the one that is created has the stack's tag."""
    deployment.set(RepositoryAccess=access)

    publish(run, study)

    assert Registry(deployment.ecr, "small").read_tags() == {"hippo:stack": "lab"}


@pytest.mark.parametrize(("access", "tags"), [("account", {}), ("tagged", {"hippo:stack": "lab"})])
def test_an_existing_repository_is_tagged_where_it_must_be(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy, access: str, tags: dict[str, str]
) -> None:
    """Given a repository that an existing script created, it is tagged only if game servers need the tag."""
    deployment.set(RepositoryAccess=access)
    deployment.ecr.create_repository(repositoryName="small")

    publish(run, study)

    assert Registry(deployment.ecr, "small").read_tags() == tags


def test_an_older_deployment_gets_no_tag(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given a stack whose researchers may not tag repositories yet, none is tagged."""
    publish(run, study)

    assert Registry(deployment.ecr, "small").read_tags() == {}


def test_a_server_that_is_too_large(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given a size beyond the deployment's limits, nothing is published, and the message names both."""
    deployment.set(MaxServerCpu="0.25", MaxServerMemory="1")

    found = publish(run, study, "--image", IMAGE, code=ExitCode.PROBLEMS)["findings"]

    assert "that this deployment allows (MaxServerCpu, MaxServerMemory)" in found[-1]["what"]
    assert deployment.invocations == deployment.keys() == []
