"""Lambda: asynchronous invocations, with their retries, throttles, dead-letter queues and destinations.

AWS (Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation", "Adding a
dead-letter queue"; API reference, PutFunctionEventInvokeConfig): by default there are two retries, after one
and two minutes. A throttled event goes back to the queue without using up a retry, until the event is too old
(6 hours). The dead-letter queue gets the event itself as its body, with RequestID, ErrorCode and ErrorMessage
as message attributes, if the function's role may send it. A destination gets a record of the invocation.
All attempts have one request id (Lambda developer guide, "Using the Lambda context object").

MiniStack waits 1 s and 2 s, treats a throttle as a failure, assigns each attempt its own request id, and puts
the destination's record into the dead-letter queue. Here the pauses are 2 s and 4 s, so that the retries can
be seen without waiting for minutes.
"""

import contextvars
import json
import logging
import threading
import time
from typing import Any

from hippo_local.emulator.ministack import load, patch, require
from hippo_local.emulator.settings import Settings

_log = logging.getLogger("hippo_local.emulator.lambda_.async_invocations")
_functions = load("services.lambda_svc")
_runtime = load("core.lambda_runtime")
_responses = load("core.responses")
_evaluator = load("core.iam_evaluator")
_sns = load("services.sns")
_sqs = load("services.sqs")

_MAX_AGE = 21600
_THROTTLE_PAUSES = (1.0, 2.0, 4.0, 8.0)
# The request id of this thread's event, the same for all attempts.
_request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id", default=None)


class _Pauses:
    before_retries: tuple[float, ...] = ()


def install(settings: Settings) -> None:
    """Patch MiniStack so that asynchronous invocations behave as on AWS."""
    require(_functions, "_execute_function", "_route_async_failure", "_account_region_from_function_config")
    require(_sqs, "_queue_by_arn", "_ensure_msg_fields", "_md5_msg_attrs", "queue_delay")
    _Pauses.before_retries = settings.retry_delays
    patch(_functions, "invoke_async_with_retry", invoke)
    plain_dispatch = patch(_functions, "_execute_function_dispatch", None)

    def dispatch(function: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
        return plain_dispatch(function, config, event, _request_id.get() or request_id, started)

    patch(_functions, "_execute_function_dispatch", dispatch)


def invoke(function: dict[str, Any], event: dict[str, Any]) -> None:
    """Queue `event` for `function` (MiniStack's record of it) and return at once."""
    threading.Thread(target=_run, args=(function, event), daemon=True, name="lambda-async").start()


def _run(function: dict[str, Any], event: dict[str, Any]) -> None:
    _request_id.set(_responses.new_uuid())
    account, region = _functions._account_region_from_function_config(function["config"])
    with _responses.request_scope(account, region):
        result = _try_until_settled(function, event)
        if result.get("error"):
            _deliver_failure(function, event, result)


def _try_until_settled(function: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    config = _event_invoke_config(function)
    retries = config.get("MaximumRetryAttempts")
    retries = 2 if retries is None else int(retries)
    give_up = time.monotonic() + int(config.get("MaximumEventAgeInSeconds") or _MAX_AGE)
    name = function["config"]["FunctionName"]
    failures = throttles = 0
    while True:
        result: dict[str, Any] = _functions._execute_function(function, event)
        if not result.get("error"):
            return result
        if result.get("throttle"):
            pause = _THROTTLE_PAUSES[min(throttles, len(_THROTTLE_PAUSES) - 1)]
            throttles += 1
        else:
            failures += 1
            _log.warning("%s failed on try %d: %s", name, failures, json.dumps(result.get("body"))[:500])
            if failures > retries:
                return result
            pause = _pause_before_retry(failures)
        if time.monotonic() + pause > give_up:
            return result
        time.sleep(pause)


def _pause_before_retry(failures: int) -> float:
    pauses = _Pauses.before_retries or (0.0,)
    return pauses[min(failures, len(pauses)) - 1]


def _event_invoke_config(function: dict[str, Any]) -> dict[str, Any]:
    by_qualifier = function.get("event_invoke_configs") or {}
    return function.get("event_invoke_config") or by_qualifier.get("$LATEST") or {}


def _deliver_failure(function: dict[str, Any], event: dict[str, Any], result: dict[str, Any]) -> None:
    config = function["config"]
    name = config["FunctionName"]
    destination = (_event_invoke_config(function).get("DestinationConfig") or {}).get("OnFailure") or {}
    if destination.get("Destination"):
        _functions._route_async_failure(destination["Destination"], name, event, result)
    target = (config.get("DeadLetterConfig") or {}).get("TargetArn")
    if not target:
        return
    if not _role_may_send(config, target):
        _log.error("the role of %s may not send to its dead-letter queue %s: the event is lost", name, target)
        return
    attributes = _failure_attributes(result)
    if target.split(":")[2] == "sns":
        _sns.publish_internal(target, json.dumps(event), message_attributes=attributes)
    else:
        _put_into_queue(target, json.dumps(event), attributes)


def _role_may_send(config: dict[str, Any], target: str) -> bool:
    service = target.split(":")[2]
    action = "sns:Publish" if service == "sns" else "sqs:SendMessage"
    key = _runtime.execution_credentials(config)["AWS_ACCESS_KEY_ID"]
    return _evaluator.enforce(key, action, service, _responses.get_region(), resource_arn=target) is None


def _failure_attributes(result: dict[str, Any]) -> dict[str, dict[str, str]]:
    body = result.get("body")
    message = str(body.get("errorMessage", "")) if isinstance(body, dict) else str(body)
    values = {"RequestID": _request_id.get() or "", "ErrorCode": "200", "ErrorMessage": message[:1000] or "-"}
    types = {"ErrorCode": "Number"}
    return {
        name: {"DataType": types.get(name, "String"), "StringValue": value} for name, value in values.items()
    }


def _put_into_queue(arn: str, body: str, attributes: dict[str, dict[str, str]]) -> None:
    queue = _sqs._queue_by_arn(arn)
    if queue is None:
        _log.error("there is no dead-letter queue %s: the event is lost", arn)
        return
    now = time.time()
    message = {
        "id": _responses.new_uuid(),
        "body": body,
        "md5": _responses.md5_hash(body.encode()),
        "message_attributes": attributes,
        "md5_attrs": _sqs._md5_msg_attrs(attributes),
        "receipt_handle": None,
        "sent_at": now,
        "visible_at": now + _sqs.queue_delay(queue),
        "receive_count": 0,
    }
    _sqs._ensure_msg_fields(message)
    queue["messages"].append(message)
