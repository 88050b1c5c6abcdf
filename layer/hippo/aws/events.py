"""EventBridge: the shutdown alarm that stops a server whatever happens."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from hippo.aws.failures import read_code, translate
from hippo.clock import Clock
from hippo.errors import AwsError

_TARGET_ID = "stop"


def write_cron(moment: datetime) -> str:
    """Return a one-time cron expression in UTC, rounded up to the minute.

    EventBridge has a resolution of one minute, and a cron expression in the past never fires.
    """
    moment = moment.astimezone(UTC)
    if moment.second or moment.microsecond:
        moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return f"cron({moment.minute} {moment.hour} {moment.day} {moment.month} ? {moment.year})"


class ShutdownRules:
    """One-time rules whose target is the stop topic."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def arm(
        self,
        name: str,
        moment: datetime,
        message: Mapping[str, object],
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Have `message` sent to the stop topic at `moment`; arming again moves that time.

        `tags` only count when the rule is created: PutRule ignores them on an existing rule.
        """
        optional = {"Tags": [{"Key": k, "Value": v} for k, v in tags.items()]} if tags else {}
        with translate("events:PutRule"):
            self._client.put_rule(
                Name=name,
                ScheduleExpression=write_cron(moment),
                State="ENABLED",
                Description="Stops a participant's server",
                **optional,
            )
        with translate("events:PutTargets"):
            target = {"Id": _TARGET_ID, "Arn": self._topic_arn, "Input": json.dumps(message)}
            response = self._client.put_targets(Rule=name, Targets=[target])
        _check_entries("events:PutTargets", response)

    def list_names(self, prefix: str) -> set[str]:
        """Return the names of the rules that begin with `prefix`."""
        with translate("events:ListRules"):
            pages = self._client.get_paginator("list_rules").paginate(NamePrefix=prefix)
            return {str(rule["Name"]) for page in pages for rule in page.get("Rules", ())}

    def disarm(self, name: str) -> None:
        """Remove the target, then the rule (AWS refuses the reverse order), unless they are gone."""
        try:
            with translate("events:RemoveTargets"):
                response = self._client.remove_targets(Rule=name, Ids=[_TARGET_ID])
            _check_entries("events:RemoveTargets", response)
            with translate("events:DeleteRule"):
                self._client.delete_rule(Name=name)
        except AwsError as error:
            cause = error.__cause__
            if not (isinstance(cause, ClientError) and read_code(cause) == "ResourceNotFoundException"):
                raise


def arm_ahead(
    rules: ShutdownRules,
    clock: Clock,
    name: str,
    moment: datetime,
    message: Mapping[str, object],
    tags: Mapping[str, str] | None = None,
) -> None:
    """Arm a rule for `moment`, or for a minute from now if that is later.

    A rule that is created just before its minute, or after it because AWS was slow, never fires.
    """
    while True:
        fires = max(moment, clock.now() + timedelta(minutes=1))
        rules.arm(name, fires, message, tags)
        if clock.now() < fires:
            return


def _check_entries(operation: str, response: Mapping[str, Any]) -> None:
    """Raise AwsError for failed entries: both calls return status 200 with `FailedEntryCount`."""
    if response.get("FailedEntryCount"):
        entry = (response.get("FailedEntries") or [{}])[0]
        code = str(entry.get("ErrorCode", "FailedEntries"))
        if code != "ResourceNotFoundException":
            raise AwsError(operation, code, retryable=True, detail=str(entry.get("ErrorMessage", "")))
