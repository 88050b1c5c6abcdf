"""CloudFormation: properties that MiniStack drops, types that it rejects, topics that it leaves open.

AWS (CloudFormation template reference): AWS::Lambda::Function has DeadLetterConfig and
ReservedConcurrentExecutions; SAM turns an Api's Domain.Route53 into an AWS::Route53::RecordSetGroup;
AWS::IAM::RolePolicy is an inline policy of a role; alarms may use metric math or other alarms. A new topic's
policy has the condition AWS:SourceOwner (SNS developer guide, "Default access policy"), so that a role needs
sns:Publish.

MiniStack drops the two properties, fails a stack that has one of these types, and omits that condition. Types
that play no part in a study (budgets, composite alarms, …) are accepted without effect, so that the whole
template deploys.
"""

import json
from collections.abc import Callable
from typing import Any

from hippo_local.emulator.ministack import load, patch_entry, require

_stacks = load("services.cloudformation.provisioners")
_functions = load("services.lambda_svc")
_responses = load("core.responses")
_sns = load("services.sns")

_WITHOUT_EFFECT = (
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::EC2::EIP",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::IAM::ServiceLinkedRole",
    "AWS::WAFv2::WebACLAssociation",
    "AWS::XRay::Group",
)


def install() -> None:
    """Patch MiniStack so that it keeps these properties and accepts these types."""
    require(_stacks, "_RESOURCE_HANDLERS", "_iam_policy_create", "_iam_policy_update", "_iam_policy_delete")
    require(_functions, "_functions", "_validate_dead_letter_config")
    require(_sns, "_topics")
    function = _stacks._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    kept = {
        **function,
        "create": _keeping(function["create"], properties_at=1),
        "update": _keeping(function["update"], properties_at=2),
    }
    patch_entry(_stacks, "_RESOURCE_HANDLERS", "AWS::Lambda::Function", kept)
    topic = _stacks._RESOURCE_HANDLERS["AWS::SNS::Topic"]
    guarded = {**topic, "create": _guarding(topic["create"])}
    patch_entry(_stacks, "_RESOURCE_HANDLERS", "AWS::SNS::Topic", guarded)
    alarm = _stacks._RESOURCE_HANDLERS["AWS::CloudWatch::Alarm"]
    patch_entry(
        _stacks,
        "_RESOURCE_HANDLERS",
        "AWS::CloudWatch::Alarm",
        {**alarm, "create": _any_alarm(alarm["create"]), "update": _any_alarm_update(alarm)},
    )
    added = dict.fromkeys(_WITHOUT_EFFECT, {"create": _create_nothing, "delete": _delete_nothing})
    added["AWS::Route53::RecordSetGroup"] = {
        "create": _create_records,
        "update": _update_records,
        "delete": _delete_records,
    }
    added["AWS::IAM::RolePolicy"] = {
        "create": _create_role_policy,
        "update": _update_role_policy,
        "delete": _delete_role_policy,
    }
    for kind, handlers in added.items():
        _stacks._RESOURCE_HANDLERS.setdefault(kind, handlers)


def _keeping(plain: Callable[..., Any], properties_at: int) -> Callable[..., Any]:
    def provision(*arguments: Any, **named: Any) -> Any:
        properties = arguments[properties_at]
        error = _functions._validate_dead_letter_config(properties.get("DeadLetterConfig"))
        if error:
            raise ValueError(f"AWS::Lambda::Function DeadLetterConfig: {error[2]!r}")
        name, attributes = plain(*arguments, **named)
        function = _functions._functions[name]
        function["config"]["DeadLetterConfig"] = properties.get("DeadLetterConfig")
        reserved = properties.get("ReservedConcurrentExecutions")
        function["concurrency"] = None if reserved is None else int(reserved)
        return name, attributes

    return provision


def _guarding(plain: Callable[..., Any]) -> Callable[..., Any]:
    def create(*arguments: Any) -> Any:
        arn, attributes = plain(*arguments)
        topic = _sns._topics[arn]["attributes"]
        policy = json.loads(topic["Policy"])
        for statement in policy["Statement"]:
            statement["Condition"] = {"StringEquals": {"AWS:SourceOwner": _responses.get_account_id()}}
        topic["Policy"] = json.dumps(policy)
        return arn, attributes

    return create


def _any_alarm(plain: Callable[..., Any]) -> Callable[..., Any]:
    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if properties.get("Metrics"):
            return _create_nothing(logical_id, properties, stack)
        return plain(logical_id, properties, stack)

    return create


def _any_alarm_update(alarm: dict[str, Any]) -> Callable[..., Any]:
    def update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str | None = None
    ) -> Any:
        if not old.get("Metrics") and not new.get("Metrics"):
            return alarm["update"](physical_id, old, new, stack, logical_id)
        if not old.get("Metrics"):
            alarm["delete"](physical_id, old)
        return _any_alarm(alarm["create"])(logical_id or physical_id, new, stack)

    return update


def _create_nothing(logical_id: str, _properties: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    physical_id = f"{stack}-{logical_id}"
    return physical_id, {"Arn": f"arn:aws:local:ca-central-1:000000000000:{physical_id}", "Id": physical_id}


def _delete_nothing(_physical_id: str, _properties: dict[str, Any]) -> None:
    """Delete nothing: there is no resource."""


def _records(properties: dict[str, Any]) -> list[dict[str, Any]]:
    zone: dict[str, Any] = {
        key: properties[key] for key in ("HostedZoneId", "HostedZoneName") if key in properties
    }
    return [{**zone, **record} for record in properties.get("RecordSets", [])]


def _create_records(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    for number, record in enumerate(_records(properties)):
        _stacks._RESOURCE_HANDLERS["AWS::Route53::RecordSet"]["create"](
            f"{logical_id}{number}", record, stack
        )
    return f"{stack}-{logical_id}", {}


def _update_records(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> Any:
    _delete_records(physical_id, old)
    _create_records(physical_id, new, stack)
    return physical_id, {}


def _delete_records(physical_id: str, properties: dict[str, Any]) -> None:
    for record in _records(properties):
        _stacks._RESOURCE_HANDLERS["AWS::Route53::RecordSet"]["delete"](physical_id, record)


def _as_policy(properties: dict[str, Any]) -> dict[str, Any]:
    return {**properties, "Roles": [properties["RoleName"]]}


def _create_role_policy(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
    return _stacks._iam_policy_create(logical_id, _as_policy(properties), stack)


def _update_role_policy(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> Any:
    return _stacks._iam_policy_update(physical_id, _as_policy(old), _as_policy(new), stack)


def _delete_role_policy(physical_id: str, properties: dict[str, Any]) -> None:
    _stacks._iam_policy_delete(physical_id, _as_policy(properties))
