"""ECS: requests that are rejected, for missing clusters, missing networks, reused tokens, clusters in use.

AWS (ECS API reference, RunTask, DeleteCluster, ListTasks):
- a missing cluster is ClusterNotFoundException, and so is a deleted one, which stays INACTIVE;
- awsvpc without networkConfiguration, or a capacity provider that the cluster does not have, is
  InvalidParameterException; an inactive task definition is ClientException;
- an override for a container that the task definition does not have is InvalidParameterException
  (https://github.com/azavea/django-ecsmanage/issues/21);
- a clientToken (at most 64 characters) that was used before returns the tasks of the first call, or
  ConflictException if the other parameters differ;
- a cluster with tasks that have not stopped cannot be deleted: ClusterContainsTasksException.

MiniStack creates a missing cluster, checks none of this, ignores tokens, and forgets a deleted cluster.
"""

import json
import threading
from collections.abc import Callable
from typing import Any

from hippo_local.emulator.ecs import network_interfaces
from hippo_local.emulator.ministack import load, patch_entry, require

Handler = Callable[[dict[str, Any]], Any]

_ecs = load("services.ecs")
_responses = load("core.responses")

_tokens: dict[tuple[str, ...], tuple[str, list[str]]] = {}
_lock = threading.Lock()
_MAX_TOKEN = 64


class _RejectionError(Exception):
    """An error response of ECS, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def install() -> None:
    """Patch MiniStack so that it rejects these requests."""
    require(
        _ecs,
        "_clusters",
        "_tasks",
        "_task_defs",
        "_resolve_td_key",
        "_resolve_cluster_name",
        "_requested_subnet",
    )
    for action in ("RunTask", "DeleteCluster", "ListTasks", "DescribeTasks", "StopTask"):
        plain = _ecs._ACTION_MAP.get(action)
        patch_entry(_ecs, "_ACTION_MAP", action, _rejecting(_WRAPPED.get(action, _in_active_cluster), plain))


def _rejecting(wrapped: Callable[[Handler, dict[str, Any]], Any], plain: Handler) -> Handler:
    def respond(data: dict[str, Any]) -> Any:
        try:
            return wrapped(plain, data)
        except _RejectionError as rejection:
            return _ecs.error_response_json(rejection.code, str(rejection), 400)

    return respond


def _in_active_cluster(plain: Handler, data: dict[str, Any]) -> Any:
    _active_cluster(data)
    return plain(data)


def _active_cluster(data: dict[str, Any]) -> dict[str, Any]:
    cluster = _ecs._clusters.get(_ecs._resolve_cluster_name(data.get("cluster", "default")))
    if cluster is None:
        raise _RejectionError("ClusterNotFoundException", "Cluster not found.")
    if cluster["status"] != "ACTIVE":
        raise _RejectionError("ClusterNotFoundException", "The referenced cluster was inactive.")
    found: dict[str, Any] = cluster
    return found


def _run_task(plain: Handler, data: dict[str, Any]) -> Any:
    cluster = _active_cluster(data)
    _check_definition(data)
    _check_overrides(data)
    _check_capacity(cluster, data)
    token = data.get("clientToken")
    if not token:
        return _add_attachments(plain(network_interfaces.keep_network_configuration(data)))
    if len(token) > _MAX_TOKEN:
        raise _RejectionError(
            "InvalidParameterException", f"clientToken must be at most {_MAX_TOKEN} characters."
        )
    with _lock:
        return _run_once(plain, data, (_responses.get_account_id(), cluster["clusterArn"], token))


def _run_once(plain: Handler, data: dict[str, Any], key: tuple[str, ...]) -> Any:
    request = json.dumps({**data, "clientToken": None}, sort_keys=True)
    first_request, arns = _tokens.get(key, (request, []))
    if request != first_request:
        raise _RejectionError(
            "ConflictException",
            "The clientToken is already in use with a different RunTask request: " + ", ".join(arns),
        )
    if arns:
        return _ecs.json_response({"tasks": _views(arns), "failures": []})
    response = _add_attachments(plain(network_interfaces.keep_network_configuration(data)))
    started = [task["taskArn"] for task in json.loads(response[2]).get("tasks", [])]
    if started:
        _tokens[key] = (request, started)
    return response


def _add_attachments(response: Any) -> Any:
    """Return RunTask's response with each task as it is now, including its attachment."""
    status, _, body = response
    payload = json.loads(body)
    if status != 200:
        return response
    for task in payload["tasks"]:
        network_interfaces.add_attachment(_ecs._tasks[task["taskArn"]])
    payload["tasks"] = _views([task["taskArn"] for task in payload["tasks"]])
    return _ecs.json_response(payload)


def _views(arns: list[str]) -> list[Any]:
    return [_ecs._sanitize(_ecs._tasks[arn]) for arn in arns]


def _check_definition(data: dict[str, Any]) -> None:
    definition = _ecs._task_defs.get(_ecs._resolve_td_key(data.get("taskDefinition", ""))) or {}
    if definition.get("status") == "INACTIVE":
        raise _RejectionError("ClientException", "TaskDefinition is inactive")
    if definition.get("networkMode") == "awsvpc" and not _ecs._requested_subnet(data):
        raise _RejectionError(
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        )


def _check_overrides(data: dict[str, Any]) -> None:
    definition = _ecs._task_defs.get(_ecs._resolve_td_key(data.get("taskDefinition", ""))) or {}
    names = {container.get("name") for container in definition.get("containerDefinitions", ())}
    for override in (data.get("overrides") or {}).get("containerOverrides") or ():
        if definition and override.get("name") not in names:
            raise _RejectionError(
                "InvalidParameterException",
                f"Override for container named {override.get('name')} is not a container in the "
                "TaskDefinition.",
            )


def _check_capacity(cluster: dict[str, Any], data: dict[str, Any]) -> None:
    for item in data.get("capacityProviderStrategy") or []:
        if item["capacityProvider"] not in cluster["capacityProviders"]:
            raise _RejectionError(
                "InvalidParameterException",
                "The specified capacity provider strategy cannot contain a capacity provider that is not "
                "associated with the cluster. Associate the capacity provider with the cluster and "
                "try again.",
            )


def _delete_cluster(plain: Handler, data: dict[str, Any]) -> Any:
    cluster = _active_cluster(data)
    tasks = [task for task in _ecs._tasks.values() if task["clusterArn"] == cluster["clusterArn"]]
    if any(task["lastStatus"] != "STOPPED" for task in tasks):
        raise _RejectionError(
            "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active."
        )
    response = plain(data)
    _ecs._clusters[cluster["clusterName"]] = cluster
    return response


_WRAPPED: dict[str, Callable[[Handler, dict[str, Any]], Any]] = {
    "RunTask": _run_task,
    "DeleteCluster": _delete_cluster,
}
