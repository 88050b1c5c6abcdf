"""EventBridge: the meaning of its responses, and the time at which a rule fires."""

from collections.abc import Callable
from datetime import datetime

import pytest

from hippo.aws.events import write_cron
from hippo.errors import AwsError
from tests.unit.layer.aws.calls import CALLS


def test_a_target_that_is_not_taken_is_a_fault(stub: Callable[..., None]) -> None:
    """Given status 200 with FailedEntryCount of PutTargets, an error is raised."""
    failed = {"TargetId": "stop", "ErrorCode": "LimitExceededException", "ErrorMessage": "no"}
    stub("events", "put_rule", {"RuleArn": "arn"})
    stub("events", "put_targets", {"FailedEntryCount": 1, "FailedEntries": [failed]})

    with pytest.raises(AwsError, match="LimitExceededException"):
        CALLS["put_rule"][1]()


@pytest.mark.parametrize("operation", ["remove_targets", "delete_rule"])
def test_a_rule_that_is_gone_is_disarmed(stub: Callable[..., None], operation: str) -> None:
    """Given ResourceNotFoundException, the rule is gone as intended."""
    if operation == "delete_rule":
        stub("events", "remove_targets", {"FailedEntryCount": 0, "FailedEntries": []})
    stub("events", operation, "ResourceNotFoundException")

    CALLS["remove_targets"][1]()


def test_a_target_that_is_gone_is_no_obstacle(stub: Callable[..., None]) -> None:
    """Given a rule whose target was never created, it can still be deleted."""
    failed = {"TargetId": "stop", "ErrorCode": "ResourceNotFoundException", "ErrorMessage": "no"}
    stub("events", "remove_targets", {"FailedEntryCount": 1, "FailedEntries": [failed]})
    stub("events", "delete_rule", {})

    CALLS["remove_targets"][1]()


@pytest.mark.parametrize(
    ("moment", "cron"),
    [
        ("2030-01-01T12:30:00+00:00", "cron(30 12 1 1 ? 2030)"),
        ("2030-01-01T12:30:00.001+00:00", "cron(31 12 1 1 ? 2030)"),
        ("2030-12-31T23:59:01+00:00", "cron(0 0 1 1 ? 2031)"),
        ("2030-01-01T06:30:00-06:00", "cron(30 12 1 1 ? 2030)"),
        ("2028-02-28T23:59:30+00:00", "cron(0 0 29 2 ? 2028)"),
    ],
)
def test_a_cron_is_in_utc_and_rounded_up(moment: str, cron: str) -> None:
    """Given any moment, the cron is correct at the ends of hours, days, months and years."""
    assert write_cron(datetime.fromisoformat(moment)) == cron
