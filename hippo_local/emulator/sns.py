"""SNS: delivery to Lambda is an asynchronous invocation, with the event that AWS sends.

AWS (SNS developer guide, "Fanout Amazon SNS notifications to Lambda functions"; Lambda developer guide,
"Using AWS Lambda with Amazon SNS"): SNS puts the message into Lambda's asynchronous queue, so that queue's
retries, dead-letter queue and destinations apply. The record spells SigningCertUrl and UnsubscribeUrl this
way, always has MessageAttributes and Subject (possibly null), and its Timestamp has milliseconds.

MiniStack invokes the function once and ignores a failure.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from hippo_local.emulator.lambda_ import async_invocations
from hippo_local.emulator.ministack import load, patch

_log = logging.getLogger("hippo_local.emulator.sns")
_functions = load("services.lambda_svc")
_sns = load("services.sns")


def install() -> None:
    """Patch MiniStack so that notifications go to the asynchronous queue."""
    patch(_sns, "_deliver_to_lambda", _deliver)


def _deliver(
    endpoint: str,
    _envelope: str,
    topic_arn: str,
    subscription_arn: str,
    message_id: str,
    message: str,
    attributes: dict[str, Any],
) -> None:
    function, config, name = _functions._get_func_record_for_ref(endpoint)
    if not function:
        _log.error("SNS cannot deliver to %s: there is no such function", name)
        return
    subject = json.loads(_envelope).get("Subject") if _envelope.startswith("{") else None
    event = _lambda_event(topic_arn, subscription_arn, message_id, message, subject, attributes)
    async_invocations.invoke(_functions._execution_record_for_config(function, config), event)


def _lambda_event(
    topic_arn: str,
    subscription_arn: str,
    message_id: str,
    message: str,
    subject: str | None,
    attributes: dict[str, Any],
) -> dict[str, Any]:
    region = topic_arn.split(":")[3]
    now = datetime.now(UTC)
    notification = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": topic_arn,
        "Subject": subject,
        "Message": message,
        "Timestamp": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertUrl": f"https://sns.{region}.amazonaws.com/SimpleNotificationService-local.pem",
        "UnsubscribeUrl": f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription_arn}",
        "MessageAttributes": {
            name: {"Type": value.get("DataType", "String"), "Value": value.get("StringValue", "")}
            for name, value in attributes.items()
        },
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "Sns": notification,
    }
    return {"Records": [record]}
