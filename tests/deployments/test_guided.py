"""`sam deploy --guided` in a terminal: zone and domain come first, and Enter is enough for the rest."""

import shutil
import tomllib

import pytest

from hippo_local.account import ROOT_DOMAIN
from tests.deployments.local_account import REPOSITORY, Build, LocalAccount
from tests.deployments.terminal import talk

pytestmark = pytest.mark.e2e


def test_guided_deployment_needs_two_answers(account: LocalAccount, current: Build) -> None:
    """Given a hosted zone only, zone and domain and Enter for the rest deploy the stack, and
    samconfig.toml keeps the values."""
    config = account.directory / "samconfig.toml"
    shutil.copy(REPOSITORY / "samconfig.toml", config)
    answers = {
        "Parameter HostedZoneId": account.given.hosted_zone_id,
        "Parameter RootDomain": ROOT_DOMAIN,
        "Parameter SiteProtocolPolicy": "allow-all",  # there is no TLS here, but there are other stacks
        "Parameter Prefix": "guided",
        "Parameter UpdateFunctionName": "guided_update",
        "Deploy this changeset?": "y",
    }

    code, questions, printed = talk(account, current, ["--config-file", str(config)], answers)

    assert code == 0, printed[-3000:]
    first = ["Stack Name", "AWS Region", "Parameter HostedZoneId", "Parameter RootDomain"]
    assert list(questions)[:4] == first
    assert questions["AWS Region"] == "ca-central-1"
    assert not [question for question in questions if "authentication" in question]
    outputs = account.read_outputs("hippo-gym")
    assert len(outputs["Subnets"].split(",")) == 2
    kept = tomllib.loads(config.read_text())["default"]
    assert (
        f'HostedZoneId="{account.given.hosted_zone_id}"'
        in kept["deploy"]["parameters"]["parameter_overrides"]
    )
    assert kept["global"]["parameters"]["stack_name"] == "hippo-gym"
