"""EventBridge rules: schedules that fire on time, deletion of rules with targets, delivery to topics.

AWS (EventBridge API reference, PutRule and DeleteRule; user guide, "Amazon SNS permissions"):
- a schedule fires within its minute, and never for a minute in the past, even if the rule is replaced;
- a rule that has targets cannot be deleted: ValidationException;
- a topic gets an event only if its policy lets events.amazonaws.com publish, in a statement without a
  Condition; otherwise the delivery fails, which shows in the FailedInvocations metric only;
- the message is the target's input, without a Subject.

MiniStack checks schedules every 10 s, counting from its first check. A rule created just before its minute is
missed, and a rule replaced by one whose minute is over fires. It deletes rules together with their targets,
ignores the topic's policy, and adds a Subject.
"""

import json
import logging
from typing import Any

from hippo_local.emulator.ministack import load, patch, require

_log = logging.getLogger("hippo_local.emulator.eventbridge")
_events = load("services.eventbridge")
_responses = load("core.responses")
_sns = load("services.sns")

_EVENTS_SERVICE = "events.amazonaws.com"


def install() -> None:
    """Patch MiniStack so that rules fire, are deleted and deliver as on AWS."""
    require(_events, "_targets", "_rules", "_rule_key", "_rule_last_fired", "_now_ts")
    require(_sns, "publish_internal", "_topic_by_arn_any_scope")
    patch(_events, "_SCHEDULER_TICK_INTERVAL", 1)
    patch(_events, "_dispatch_to_sns", _publish_to_topic)
    plain_put = patch(_events, "_put_rule", None)
    plain_enable = patch(_events, "_enable_rule", None)
    plain_delete = patch(_events, "_delete_rule", None)

    def put_rule(data: dict[str, Any]) -> Any:
        before = dict(_events._rules.get(_key(data)) or {})
        response = plain_put(data)
        after = _events._rules.get(_key(data)) or {}
        if any(before.get(name) != after.get(name) for name in ("ScheduleExpression", "State")):
            _restart_schedule(data)
        return response

    def enable_rule(data: dict[str, Any]) -> Any:
        _restart_schedule(data)
        return plain_enable(data)

    def delete_rule(data: dict[str, Any]) -> Any:
        if _events._targets.get(_key(data)):
            return _events.error_response_json(
                "ValidationException", "Rule can't be deleted since it has targets.", 400
            )
        return plain_delete(data)

    patch(_events, "_put_rule", put_rule)
    patch(_events, "_enable_rule", enable_rule)
    patch(_events, "_delete_rule", delete_rule)


def _key(data: dict[str, Any]) -> str:
    key: str = _events._rule_key(data.get("Name"), data.get("EventBusName") or "default")
    return key


def _restart_schedule(data: dict[str, Any]) -> None:
    """Let the schedule fire next at its first time after this moment."""
    scope = (_responses.get_account_id(), _responses.get_region(), _key(data))
    _events._rule_last_fired[scope] = _events._now_ts()


def _publish_to_topic(topic_arn: str, message: str) -> None:
    topic = _sns._topic_by_arn_any_scope(topic_arn)
    if topic is None:
        _log.error("EventBridge cannot deliver: there is no topic %s", topic_arn)
        return
    if not _lets_events_publish(topic["attributes"].get("Policy") or "{}"):
        _log.error(
            "EventBridge may not publish to %s: its topic policy needs a statement, without a Condition, "
            "that allows %s sns:Publish. The event is lost, as on AWS.",
            topic_arn,
            _EVENTS_SERVICE,
        )
        return
    _sns.publish_internal(topic_arn, message, "")


def _lets_events_publish(policy: str) -> bool:
    statements = json.loads(policy).get("Statement", [])
    return any(_allows(statement) for statement in _as_list(statements))


def _allows(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = _as_list(principal.get("Service")) if isinstance(principal, dict) else []
    actions = [str(action).lower() for action in _as_list(statement.get("Action"))]
    return (
        statement.get("Effect") == "Allow"
        and (_EVENTS_SERVICE in services or principal == "*")
        and bool({"sns:publish", "sns:*", "*"}.intersection(actions))
        and not statement.get("Condition")
    )


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
