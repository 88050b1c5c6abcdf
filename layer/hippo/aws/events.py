"""EventBridge: the alarm clock that stops a server whatever happens."""

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
    """A one-time cron expression in UTC, rounded up to the minute.

    EventBridge has a grain of one minute, and a cron in the past never fires.
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
        """Have `message` sent to the stop topic at `moment`; arming again moves it.

        `tags` only count when the rule is made: PutRule ignores them on a rule that exists.
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
            answer = self._client.put_targets(Rule=name, Targets=[target])
        _check_entries("events:PutTargets", answer)

    def list_names(self, prefix: str) -> set[str]:
        """The names of the rules that begin so."""
        with translate("events:ListRules"):
            pages = self._client.get_paginator("list_rules").paginate(NamePrefix=prefix)
            return {str(rule["Name"]) for page in pages for rule in page.get("Rules", ())}

    def disarm(self, name: str) -> None:
        """Remove the target, then the rule (AWS refuses it the other way round); fine if there is none."""
        try:
            with translate("events:RemoveTargets"):
                answer = self._client.remove_targets(Rule=name, Ids=[_TARGET_ID])
            _check_entries("events:RemoveTargets", answer)
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

    A rule made only just before its minute, or after it because AWS took its time, never fires.
    """
    while True:
        rings = max(moment, clock.now() + timedelta(minutes=1))
        rules.arm(name, rings, message, tags)
        if clock.now() < rings:
            return


def _check_entries(operation: str, answer: Mapping[str, Any]) -> None:
    """Both calls answer 200 with `FailedEntryCount` where they failed."""
    if answer.get("FailedEntryCount"):
        entry = (answer.get("FailedEntries") or [{}])[0]
        code = str(entry.get("ErrorCode", "FailedEntries"))
        if code != "ResourceNotFoundException":
            raise AwsError(operation, code, retryable=True, detail=str(entry.get("ErrorMessage", "")))
