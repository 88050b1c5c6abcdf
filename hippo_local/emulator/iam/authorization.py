"""IAM: the resource on which each call is authorized, iam:PassRole, tagging, and a call's condition keys.

AWS (Service Authorization Reference: Amazon ECS, EventBridge, Route 53, CloudWatch Logs) authorizes
- RunTask on the task definition, StopTask and DescribeTasks on the task, ListTasks on the cluster's
  container instances, all four with ecs:cluster; DeleteCluster and DescribeClusters on the cluster;
- RegisterTaskDefinition on the family with `*` for its revision, and other calls on task definitions on `*`;
- the calls of EventBridge on the rule, and GetChange on the change;
- CreateLogStream and PutLogEvents on the log stream, which the ARN of a log group (it ends in `:*`) covers,
  and reading a group on an empty stream of it;
- DescribeRepositories on the repositories that it names, or on all; GetParametersByPath on its path, and
  GetParameters on each parameter.
Passing a role to ECS needs iam:PassRole on it, with iam:PassedToService. Tags set on creation need
TagResource too, and an upload's ACL needs PutObjectAcl (S3 API reference, PutObject).
ChangeResourceRecordSets has the three route53:ChangeResourceRecordSets… keys, with names as the Route 53
developer guide normalises them ("Using IAM policy conditions for fine-grained access control": `*` is
`\\052`).

MiniStack authorizes RunTask and StopTask on the cluster, calls on targets and GetChange on `*`, and calls on
a log stream on the group. It supports neither these keys nor tags of tasks, clusters and rules, and checks
neither iam:PassRole nor PutObjectAcl of an upload. It treats every call on a function's concurrency as
PutFunctionConcurrency.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from hippo_local.emulator.ministack import load, patch, require
from hippo_local.emulator.route53 import changed_records

_actions = load("core.iam_actions")
_evaluator = load("core.iam_evaluator")
_router = load("core.router")
_responses = load("core.responses")
_ecr = load("services.ecr")
_ssm = load("services.ssm")
_ecs = load("services.ecs")
_events = load("services.eventbridge")
_tagging = load("services.tagging")

_ON_EVERYTHING = (
    "CreateCluster",
    "DeregisterTaskDefinition",
    "DescribeTaskDefinition",
    "ListTaskDefinitions",
)
_ON_LOG_STREAMS = (
    "CreateLogStream",
    "DescribeLogStreams",
    "FilterLogEvents",
    "GetLogEvents",
    "PutLogEvents",
)

# (action, resource, context)
Check = tuple[str, str, dict[str, Any]]


def install() -> None:
    """Patch MiniStack so that it authorizes calls as AWS does."""
    require(_evaluator, "enforce", "AuthError")
    require(_actions, "access_denied_response")
    require(_tagging, "_RESOURCE_TAG_COLLECTORS")
    plain_resource = patch(_actions, "extract_resource_arn", None)
    plain_context = patch(_actions, "request_tag_context", None)
    plain_uploads = patch(_actions, "s3_additional_checks", None)
    plain_lambda = patch(_actions, "_lambda_action", None)

    def lambda_action(method: str, path: str) -> str | None:
        found: str | None = plain_lambda(method, path)
        is_concurrency = found == "PutFunctionConcurrency" and method != "PUT"
        return f"{method.capitalize()}FunctionConcurrency" if is_concurrency else found

    def resource_arn(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        found = _resource(service, path, _operation(headers), body)
        return found or str(plain_resource(service, method, path, headers, body, *rest))

    def context(service: str, action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        return {**plain_context(service, action, body, params), **_context(service, action, body)}

    def upload_checks(method: str, path: str, headers: Any, *rest: Any) -> list[tuple[str, str]]:
        return [*plain_uploads(method, path, headers, *rest), *_upload_checks(method, path, headers)]

    patch(_actions, "_lambda_action", lambda_action)
    patch(_actions, "s3_additional_checks", upload_checks)
    patch(_actions, "extract_resource_arn", resource_arn)
    patch(_actions, "request_tag_context", context)
    for service, module in (("ecs", _ecs), ("events", _events), ("ecr", _ecr), ("ssm", _ssm)):
        _wrap_with_checks(service, module)
    _tagging._RESOURCE_TAG_COLLECTORS["ecs"] = _ecs_tags
    _tagging._RESOURCE_TAG_COLLECTORS["events"] = _rule_tags


def _operation(headers: dict[str, str]) -> str:
    return headers.get("x-amz-target", "").rsplit(".", 1)[-1]


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body or b"{}")
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{_responses.get_region()}:{_responses.get_account_id()}:{resource}"


def _resource(service: str, path: str, operation: str, body: bytes) -> str:
    """Return the ARN on which a call is authorized, or nothing where MiniStack's is right."""
    if service == "events":
        return _rule_arn(operation, _payload(body))
    if service == "ecs":
        return _ecs_arn(operation, _payload(body))
    if service == "logs" and operation in _ON_LOG_STREAMS:
        data = _payload(body)
        stream = data.get("logStreamName", "")
        return _arn("logs", f"log-group:{data.get('logGroupName')}:log-stream:{stream}")
    if service == "ecr" and operation == "DescribeRepositories":
        return _repository_arns(_payload(body))[0]
    if service == "ecr" and operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        return str(_payload(body).get("resourceArn", ""))
    if service == "ssm" and operation in ("GetParameters", "GetParametersByPath"):
        return _parameter_arns(_payload(body))[0]
    if service == "route53" and "/change/" in path:
        return f"arn:aws:route53:::change/{path.rsplit('/', 1)[-1]}"
    return ""


def _repository_arns(data: dict[str, Any]) -> list[str]:
    return [_arn("ecr", f"repository/{name}") for name in data.get("repositoryNames") or ["*"]]


def _parameter_arns(data: dict[str, Any]) -> list[str]:
    names = data.get("Names") or [data.get("Path") or "*"]
    return [_arn("ssm", f"parameter/{name.removeprefix('/')}") for name in names]


def _upload_checks(method: str, path: str, headers: dict[str, str]) -> list[tuple[str, str]]:
    has_acl = any(name == "x-amz-acl" or name.startswith("x-amz-grant-") for name in headers)
    if method != "PUT" or not has_acl or "/" not in path.strip("/"):
        return []
    return [("s3:PutObjectAcl", f"arn:aws:s3:::{path.lstrip('/')}")]


def _rule_arn(operation: str, data: dict[str, Any]) -> str:
    if operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        return str(data.get("ResourceARN", ""))
    rule = data.get("Rule") or (data.get("Name") if operation.endswith("Rule") else None)
    if not rule:
        return ""
    bus = data.get("EventBusName") or "default"
    return _arn("events", f"rule/{rule}" if bus == "default" else f"rule/{bus}/{rule}")


def _ecs_arn(operation: str, data: dict[str, Any]) -> str:
    if operation in _ON_EVERYTHING:
        return "*"
    if operation == "RegisterTaskDefinition":
        return _arn("ecs", f"task-definition/{data.get('family')}:*")
    if operation == "RunTask":
        definition = _ecs._task_defs.get(_ecs._resolve_td_key(data.get("taskDefinition", "")))
        return str(definition["taskDefinitionArn"]) if definition else _arn("ecs", "task-definition/unknown")
    if operation == "ListTasks":
        return _arn("ecs", f"container-instance/{_cluster_name(data)}/*")
    if operation == "DescribeClusters":
        return _cluster_arns(data)[0]
    if operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        return str(data.get("resourceArn", ""))
    tasks = _task_arns(operation, data)
    return tasks[0] if tasks else ""


def _cluster_name(data: dict[str, Any]) -> str:
    return str(_ecs._resolve_cluster_name(data.get("cluster", "default")))


def _cluster_arns(data: dict[str, Any]) -> list[str]:
    names = data.get("clusters") or ["default"]
    return [name if name.startswith("arn:") else _arn("ecs", f"cluster/{name}") for name in names]


def _task_arns(operation: str, data: dict[str, Any]) -> list[str]:
    if operation not in ("StopTask", "DescribeTasks"):
        return []
    references = [data["task"]] if data.get("task") else data.get("tasks") or []
    cluster = _cluster_name(data)
    return [ref if ref.startswith("arn:") else _arn("ecs", f"task/{cluster}/{ref}") for ref in references]


def _context(service: str, action: str, body: bytes) -> dict[str, Any]:
    operation = action.split(":", 1)[-1]
    if service == "ecs" and operation in ("RunTask", "StopTask", "DescribeTasks", "ListTasks"):
        return {"ecs:cluster": _arn("ecs", f"cluster/{_cluster_name(_payload(body))}")}
    if service == "events" and operation == "PutTargets":
        return {"events:TargetArn": [target.get("Arn", "") for target in _payload(body).get("Targets", [])]}
    if service == "route53" and operation == "ChangeResourceRecordSets":
        changes = changed_records(body)
        prefix = "route53:ChangeResourceRecordSets"
        return {
            f"{prefix}Actions": [action for action, _, _ in changes],
            f"{prefix}NormalizedRecordNames": [_escape(name.rstrip(".")) for _, name, _ in changes],
            f"{prefix}RecordTypes": [kind for _, _, kind in changes],
        }
    return {}


def _escape(name: str) -> str:
    return re.sub(r"[^a-z0-9._\\-]", lambda match: f"\\{ord(match[0]):03o}", name)


def _wrap_with_checks(service: str, module: Any) -> None:
    """Authorize what a call needs besides its own action, before the service handles it."""
    plain = patch(module, "handle_request", None)

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        key = _router.extract_access_key_id(headers, query)
        region = _responses.get_region()
        for action, resource, context in _additional_checks(service, _operation(headers), _payload(body)):
            denied = _evaluator.enforce(key, action, service, region, resource, context)
            if denied:
                principal = getattr(denied, "principal_arn", "")
                return _actions.access_denied_response(
                    service, action, principal, _responses.new_uuid(), headers=headers, resource_arn=resource
                )
        return await plain(method, path, headers, body, query)

    patch(module, "handle_request", handle_request)


def _additional_checks(service: str, operation: str, data: dict[str, Any]) -> Iterator[Check]:
    for arn in _named_arns(service, operation, data)[1:]:
        action = f"{service}:{operation}"
        yield action, arn, _context(service, action, json.dumps(data).encode())
    if service == "events" and operation == "PutRule" and data.get("Tags"):
        yield "events:TagResource", _rule_arn(operation, data), {}
    if service != "ecs":
        return
    if data.get("tags") and operation in ("CreateCluster", "RunTask"):
        created = (
            f"cluster/{data.get('clusterName', 'default')}"
            if operation == "CreateCluster"
            else f"task/{_cluster_name(data)}/*"
        )
        yield "ecs:TagResource", _arn("ecs", created), {"ecs:CreateAction": operation}
    for role in _passed_roles(operation, data):
        yield "iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}


def _named_arns(service: str, operation: str, data: dict[str, Any]) -> list[str]:
    """Return the resources that a call names, if it may name several; each is authorized."""
    match service, operation:
        case "ecr", "DescribeRepositories":
            return _repository_arns(data)
        case "ssm", "GetParameters":
            return _parameter_arns(data)
        case "ecs", "DescribeClusters":
            return _cluster_arns(data)
    return _task_arns(operation, data) if service == "ecs" else []


def _passed_roles(operation: str, data: dict[str, Any]) -> list[str]:
    if operation == "RegisterTaskDefinition":
        source = data
    elif operation == "RunTask":
        definition = _ecs._task_defs.get(_ecs._resolve_td_key(data.get("taskDefinition", ""))) or {}
        source = {**definition, **{k: v for k, v in (data.get("overrides") or {}).items() if v}}
    else:
        return []
    return [source[name] for name in ("taskRoleArn", "executionRoleArn") if source.get(name)]


def _ecs_tags() -> Iterator[tuple[str, list[dict[str, str]]]]:
    for arn, tags in _ecs._tags.items():
        yield arn, [{"Key": tag["key"], "Value": tag.get("value", "")} for tag in tags]


def _rule_tags() -> Iterator[tuple[str, list[dict[str, str]]]]:
    for arn, tags in _events._tags.items():
        yield arn, [{"Key": key, "Value": value} for key, value in tags.items()]
