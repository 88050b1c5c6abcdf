"""ECS on Fargate: one cluster with one task for each participant."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from hippo.aws.failures import read_code, read_message, translate
from hippo.aws.task_definitions import TaskDefinition, read_definition
from hippo.errors import AwsError, ConflictError, OverridesError

SPOT, ON_DEMAND = "FARGATE_SPOT", "FARGATE"
PROVIDERS = (SPOT, ON_DEMAND)
_MOST_DESCRIBED = 100
_NO_CLUSTER = {"ClusterNotFoundException"}
_BUSY_CLUSTER = {
    "ClusterContainsTasksException",
    "ClusterContainsServicesException",
    "ClusterContainsContainerInstancesException",
    "UpdateInProgressException",
}


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task as DescribeTasks shows it; `interface_id` is None until the network interface is attached.

    `subnet` is the one that ECS chose, empty if it does not name it.
    """

    arn: str
    status: str
    stop_code: str
    stopped_reason: str
    interface_id: str | None
    exit_codes: tuple[int | None, ...] = ()
    subnet: str = ""


@dataclass(frozen=True, slots=True)
class ClusterState:
    """A cluster as DescribeClusters shows it; `tasks` counts running and pending ones."""

    name: str
    status: str
    tasks: int
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RunResult:
    """RunTask's response: a task, or the reasons of its `failures` (the status is 200 in both cases)."""

    task_arn: str | None
    failures: list[str] = field(default_factory=list)


class Containers:
    """Clusters and tasks."""

    def __init__(self, client: Any, subnets: Sequence[str] = (), security_group: str = "") -> None:
        self._client = client
        self._security_group = security_group
        self.subnets = tuple(subnets)

    def create_cluster(self, name: str, tags: Mapping[str, str]) -> None:
        """Create the cluster, unless one of this name exists already (the call is idempotent)."""
        with translate("ecs:CreateCluster"):
            self._client.create_cluster(
                clusterName=name, capacityProviders=list(PROVIDERS), tags=_write_tags(tags)
            )

    def find_cluster_status(self, name: str) -> str | None:
        """Return PROVISIONING, ACTIVE, DEPROVISIONING, FAILED or INACTIVE; None if it does not exist."""
        with translate("ecs:DescribeClusters"):
            clusters = self._client.describe_clusters(clusters=[name]).get("clusters", [])
        return str(clusters[0]["status"]) if clusters else None

    def list_clusters(self, prefix: str) -> list[str]:
        """Return the names of the account's clusters that begin with `prefix`, sorted."""
        with translate("ecs:ListClusters"):
            pages = self._client.get_paginator("list_clusters").paginate()
            names = [str(arn).rpartition("/")[2] for page in pages for arn in page.get("clusterArns", ())]
        return sorted(name for name in names if name.startswith(prefix))

    def describe_clusters(self, names: Sequence[str]) -> list[ClusterState]:
        """Return the clusters with their tags, read a hundred at a time."""
        found: list[ClusterState] = []
        for first in range(0, len(names), _MOST_DESCRIBED):
            some = list(names[first : first + _MOST_DESCRIBED])
            with translate("ecs:DescribeClusters"):
                response = self._client.describe_clusters(clusters=some, include=["TAGS"])
            found += [_read_cluster(cluster) for cluster in response.get("clusters", ())]
        return found

    def run_task(
        self,
        cluster: str,
        definition: str,
        provider: str,
        client_token: str,
        tags: Mapping[str, str],
        without: Collection[str] = (),
        container: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> RunResult:
        """Start one task in any of the subnets except those in `without`.

        `variables` are added to the environment of `container`. The same token returns the same task.
        Raises ConflictError if anything else has changed, OverridesError if ECS refuses the variables.
        """
        overrides = {"overrides": _build_overrides(container, variables)} if variables else {}
        with translate("ecs:RunTask"):
            try:
                response = self._client.run_task(
                    cluster=cluster,
                    taskDefinition=definition,
                    capacityProviderStrategy=[{"capacityProvider": provider, "weight": 1}],
                    networkConfiguration=self._build_network(without),
                    clientToken=client_token,
                    startedBy=cluster,
                    # A task's own tags do not reach its network interface, whose address is billed; these do.
                    enableECSManagedTags=True,
                    tags=_write_tags(tags),
                    **overrides,
                )
            except ClientError as error:
                if read_code(error) == "ConflictException":
                    raise ConflictError(cluster) from error
                if variables and _refuses_overrides(error):
                    raise OverridesError(_explain_refusal(container, definition, error)) from error
                if is_capacity_shortage(read_message(error)):  # AWS has been observed to report it both ways
                    return RunResult(None, [read_message(error)])
                raise
        tasks = response.get("tasks") or []
        reasons = [
            f"{f.get('reason', '')} {f.get('detail', '')}".strip() for f in response.get("failures") or []
        ]
        return RunResult(str(tasks[0]["taskArn"]) if tasks else None, reasons)

    def _build_network(self, without: Collection[str]) -> dict[str, Any]:
        return {
            "awsvpcConfiguration": {
                "subnets": [subnet for subnet in self.subnets if subnet not in without],
                "securityGroups": [self._security_group],
                "assignPublicIp": "ENABLED",
            }
        }

    def describe_definition(self, name: str) -> TaskDefinition:
        """Return a task definition; its newest active revision if the name has none."""
        with translate("ecs:DescribeTaskDefinition"):
            response = self._client.describe_task_definition(taskDefinition=name)
        return read_definition(response["taskDefinition"])

    def describe_task(self, cluster: str, arn: str) -> TaskState | None:
        """Return the task; None if ECS does not show it yet, or no longer does (an hour after it stopped)."""
        with translate("ecs:DescribeTasks"):
            try:
                tasks = self._client.describe_tasks(cluster=cluster, tasks=[arn]).get("tasks") or []
            except ClientError as error:
                if read_code(error) in _NO_CLUSTER:
                    return None
                raise
        return _read_task(tasks[0]) if tasks else None

    def list_tasks(self, cluster: str) -> list[str]:
        """Return the ARNs of the tasks with desired status RUNNING; none if the cluster does not exist."""
        with translate("ecs:ListTasks"):
            try:
                pages = self._client.get_paginator("list_tasks").paginate(cluster=cluster)
                return [str(arn) for page in pages for arn in page.get("taskArns", ())]
            except ClientError as error:
                if read_code(error) in _NO_CLUSTER or _is_inactive(error):
                    return []
                raise

    def stop_task(self, cluster: str, arn: str, reason: str) -> None:
        """Stop the task (SIGTERM, 30 s, SIGKILL), unless it or its cluster is gone."""
        with translate("ecs:StopTask"):
            try:
                self._client.stop_task(cluster=cluster, task=arn, reason=reason[:255])
            except ClientError as error:
                if read_code(error) not in _NO_CLUSTER and not _is_gone(error) and not _is_inactive(error):
                    raise

    def delete_cluster(self, name: str) -> bool:
        """Delete the cluster; return False while tasks or an update still prevent that."""
        try:
            with translate("ecs:DeleteCluster"):
                self._client.delete_cluster(cluster=name)
        except AwsError as error:
            if error.code in _NO_CLUSTER:
                return True
            if error.code in _BUSY_CLUSTER:
                return False
            raise
        return True


def is_capacity_shortage(reason: str) -> bool:
    """Return whether the reason of a failure or of a stopped task is a lack of capacity.

    AWS has no code for it. The text is "Capacity is unavailable at this time. Please try again later or in a
    different availability zone" (https://repost.aws/knowledge-center/ecs-fargate-runtask-capacity).
    """
    return "capacity is unavailable" in reason.lower()


def _build_overrides(container: str, variables: Mapping[str, str]) -> dict[str, Any]:
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    return {"containerOverrides": [{"name": container, "environment": environment}]}


def _refuses_overrides(error: ClientError) -> bool:
    """Compare the text: the codes have many other reasons.

    "Override for container named X is not a container in the TaskDefinition" is one that
    https://github.com/azavea/django-ecsmanage/issues/21 quotes.
    """
    codes = {"InvalidParameterException", "ClientException"}
    return read_code(error) in codes and "override" in read_message(error).lower()


def _explain_refusal(container: str, definition: str, error: ClientError) -> str:
    if "override for container named" not in read_message(error).lower():
        return f"ECS refuses the variables of a game server in {definition}: {read_message(error)}"
    return (
        f"the task definition {definition} has no container {container} to receive the group. "
        "Name the container in awsSetup.containerName."
    )


def _is_gone(error: ClientError) -> bool:
    """Compare the text, since the code has other reasons: https://github.com/wazuh/wazuh/issues/25439."""
    text = read_message(error).lower()
    return read_code(error) == "InvalidParameterException" and "task was not found" in text


def _is_inactive(error: ClientError) -> bool:
    """Compare the text, "The specified cluster is inactive. Specify an active cluster and try again."

    The code has other reasons: https://github.com/gruntwork-io/cloud-nuke/issues/145.
    """
    text = read_message(error).lower()
    return read_code(error) in {"InvalidParameterException", "ClientException"} and "inactive" in text


def _write_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _read_cluster(cluster: Mapping[str, Any]) -> ClusterState:
    return ClusterState(
        name=str(cluster["clusterName"]),
        status=str(cluster.get("status", "")),
        tasks=int(cluster.get("runningTasksCount", 0)) + int(cluster.get("pendingTasksCount", 0)),
        tags={str(tag["key"]): str(tag.get("value", "")) for tag in cluster.get("tags") or ()},
    )


def _read_task(task: Mapping[str, Any]) -> TaskState:
    """Read a task; details are found by name, because their order is not part of the API."""
    details = {
        detail.get("name"): str(detail.get("value") or "")
        for attachment in task.get("attachments") or ()
        if attachment.get("type") == "ElasticNetworkInterface"
        for detail in attachment.get("details") or ()
    }
    return TaskState(
        arn=str(task["taskArn"]),
        status=str(task.get("lastStatus", "")),
        stop_code=str(task.get("stopCode", "")),
        stopped_reason=str(task.get("stoppedReason", "")),
        interface_id=details.get("networkInterfaceId") or None,
        exit_codes=tuple(container.get("exitCode") for container in task.get("containers") or ()),
        subnet=details.get("subnetId", ""),
    )
