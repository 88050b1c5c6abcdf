"""EventBridge: one-time rules with a resolution of one minute.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
A cron in the past never fires; one created just before its minute may not either. A rule is created
in two steps (PutRule, PutTargets) and deleted in two (RemoveTargets, DeleteRule: refused in reverse
order). The calls for targets return 200 with FailedEntryCount if they failed. A bus has room for 300.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.simulation.boundary import Boundary, Listing, operation
from tests.simulation.refusals import refuse
from tests.simulation.sns import SimulatedSns

QUOTA = 300
SETTLES = 2.0  # seconds until a new schedule counts
_CRON = re.compile(r"cron\((\d+) (\d+) (\d+) (\d+) \? (\d+)\)")


@dataclass(slots=True)
class Rule:
    """A rule; `fires` is None once it has fired, or if its moment had passed at its creation."""

    name: str
    fires: datetime | None
    targets: dict[str, tuple[str, str]] = field(default_factory=dict)  # id: topic, input
    tags: dict[str, str] = field(default_factory=dict)


class SimulatedEvents:
    """The rules; `failed_entries` is how many of the next calls for targets fail with status 200."""

    def __init__(self, boundary: Boundary, sns: SimulatedSns) -> None:
        self.boundary, self._sns = boundary, sns
        self.rules: dict[str, Rule] = {}
        self.failed_entries = 0
        self.seconds_late = 0.0  # within its minute
        self.fired = 0

    @operation("events:PutRule")
    def put_rule(self, *, Name: str, ScheduleExpression: str, **named: Any) -> dict[str, Any]:  # noqa: N803
        """Create a rule or move it; its targets stay."""
        rule = self.rules.get(Name)
        if rule is None:
            if len(self.rules) >= QUOTA:
                raise refuse("events:PutRule", "LimitExceededException")
            tags = {tag["Key"]: tag["Value"] for tag in named.get("Tags", ())}
            rule = self.rules[Name] = Rule(Name, None, tags=tags)
        moment = read_cron(ScheduleExpression)
        seconds = (moment - self.boundary.scheduler.now()).total_seconds()
        rule.fires = moment if seconds > SETTLES else None
        if rule.fires:
            self.boundary.scheduler.plan(seconds + self.seconds_late, lambda: self._fire(rule, moment))
        return {"RuleArn": f"arn:rule/{Name}"}

    @operation("events:PutTargets")
    def put_targets(self, *, Rule: str, Targets: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        """Set what a rule sends, and where."""
        rule = self._find("events:PutTargets", Rule)
        if failed := self._fail_entries(Targets[0]["Id"]):
            return failed
        rule.targets |= {target["Id"]: (target["Arn"], target["Input"]) for target in Targets}
        return {"FailedEntryCount": 0, "FailedEntries": []}

    @operation("events:RemoveTargets")
    def remove_targets(self, *, Rule: str, Ids: list[str]) -> dict[str, Any]:  # noqa: N803
        """Remove targets from a rule; a missing one is a failed entry."""
        rule = self._find("events:RemoveTargets", Rule)
        if failed := self._fail_entries(Ids[0]):
            return failed
        missing = [name for name in Ids if rule.targets.pop(name, None) is None]
        entries = [{"TargetId": name, "ErrorCode": "ResourceNotFoundException"} for name in missing]
        return {"FailedEntryCount": len(entries), "FailedEntries": entries}

    @operation("events:DeleteRule")
    def delete_rule(self, *, Name: str) -> dict[str, Any]:  # noqa: N803  # as botocore has it
        """Delete a rule that has no targets, if it exists."""
        if Name in self.rules and self.rules[Name].targets:
            raise refuse(
                "events:DeleteRule", "ValidationException", "Rule can't be deleted since it has targets."
            )
        self.rules.pop(Name, None)
        return {}

    def get_paginator(self, name: str) -> Listing:
        """Return the paginator of `list_rules`."""
        return Listing({"list_rules": self.list_rules}[name])

    @operation("events:ListRules")
    def list_rules(self, *, NamePrefix: str) -> dict[str, Any]:  # noqa: N803  # as botocore has it
        """Return the rules whose names begin with the prefix."""
        return {"Rules": [{"Name": name} for name in sorted(self.rules) if name.startswith(NamePrefix)]}

    def is_armed(self, name: str) -> bool:
        """Return whether a rule will still fire and has a target."""
        rule = self.rules.get(name)
        return rule is not None and rule.fires is not None and bool(rule.targets)

    def _find(self, operation_name: str, name: str) -> Rule:
        if name not in self.rules:
            raise refuse(operation_name, "ResourceNotFoundException", f"Rule {name} does not exist.")
        return self.rules[name]

    def _fail_entries(self, target: str) -> dict[str, Any] | None:
        if not self.failed_entries:
            return None
        self.failed_entries -= 1
        entry = {"TargetId": target, "ErrorCode": "InternalException", "ErrorMessage": "simulated"}
        return {"FailedEntryCount": 1, "FailedEntries": [entry]}

    def _fire(self, rule: Rule, moment: datetime) -> None:
        if self.rules.get(rule.name) is not rule or rule.fires != moment:
            return  # deleted or moved meanwhile
        rule.fires = None
        self.fired += 1
        for topic, text in rule.targets.values():
            self._sns.take(topic, text)


def read_cron(expression: str) -> datetime:
    """Return the moment of a one-time cron expression."""
    match = _CRON.fullmatch(expression)
    if match is None:
        raise refuse("events:PutRule", "ValidationException", "Parameter ScheduleExpression is not valid.")
    minute, hour, day, month, year = map(int, match.groups())
    return datetime(year, month, day, hour, minute, tzinfo=UTC)
