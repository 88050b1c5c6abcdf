"""`hippo doctor` warns of studies whose config any researcher can replace."""

from hippo_cli.connection import Connection
from hippo_cli.doctor.owners import check_owners
from hippo_cli.doctor.results import Outcome
from hippo_cli.stack import Stack
from tests.support.study_world import BUCKET, PROJECT, REGION, StudyWorld

STACK = Stack("lab", REGION, {"BucketName": BUCKET, "ConfigObject": "_config.json"})
CONNECTION = Connection(None, REGION, None)


def test_studies_without_an_own_config(stack_world: StudyWorld) -> None:
    """Given two listed studies, those without an own config are named, and none once both have it."""
    stack_world.publish(id="another")
    stack_world.s3.put_object(Bucket=BUCKET, Key="another/_config.json", Body=b"{}")
    (found,) = check_owners(CONNECTION, STACK, None)
    stack_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/_config.json", Body=b"{}")
    (fine,) = check_owners(CONNECTION, STACK, None)

    assert (found.outcome, fine.outcome) == (Outcome.WARNING, Outcome.OK)
    assert f"1 project: {PROJECT}" in found.found
    assert "hippo publish" in found.advice
    assert fine.found == "2 projects with an own config"


def test_a_researcher_who_may_not_read_the_list(stack_world: StudyWorld) -> None:
    """Given a list that is denied, only the researcher's own project is looked at, if there is one."""
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="project_master_list")

    (found,) = check_owners(CONNECTION, STACK, PROJECT)
    (none,) = check_owners(CONNECTION, STACK, None)

    assert (found.outcome, none.outcome) == (Outcome.WARNING, Outcome.UNKNOWN)


def test_a_deployment_that_does_not_know_it(stack_world: StudyWorld) -> None:
    """Given a stack of an earlier release, the advice is to upgrade it."""
    (found,) = check_owners(CONNECTION, Stack("lab", REGION, {"BucketName": BUCKET}), PROJECT)

    assert found.outcome is Outcome.UNKNOWN
    assert "upgrade the stack" in found.advice
