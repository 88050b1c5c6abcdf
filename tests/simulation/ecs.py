"""ECS on Fargate: clusters and tasks, eventually consistent.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html (failures, clientToken)
A task of RunTask is visible only a little later, though DeleteCluster knows it at once. The same clientToken
returns the same task, stopped or not. Once a task has stopped, EventBridge delivers an event.
"""

import itertools
from collections.abc import Callable
from typing import Any

from tests.simulation.boundary import Boundary, Listing, operation
from tests.simulation.ecs_states import RUNNING, STOPPING, Cluster, Task
from tests.simulation.refusals import refuse

CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"


class SimulatedEcs:
    """Clusters and tasks. `shortages[provider]`: `refused`, `stopped` (cannot be placed) or `interrupted`."""

    def __init__(self, boundary: Boundary, definitions: set[str]) -> None:
        self.boundary = boundary
        self.definitions = definitions
        self.container_names = set(definitions)
        self.clusters: dict[str, Cluster] = {}
        self.tasks: dict[str, Task] = {}
        self.living: dict[str, list[Task]] = {}  # by participant; those that have ended drop out
        self.shortages: dict[str, str] = {}
        self.failures: list[str] = []  # reasons of the next RunTasks' failures
        self.seconds_until_seen = 1.0
        self.seconds_to_provision, self.seconds_to_delete = 2.0, 1.0
        self.revision = 1  # the newest of all task definitions
        self._tokens: dict[tuple[str, str], tuple[tuple[Any, ...], str]] = {}
        self._by_interface: dict[str, Task] = {}
        self._of_cluster: dict[str, list[Task]] = {}
        self._numbers = itertools.count(1)
        self.made: list[Callable[[Task], None]] = []
        self.stopping: list[Callable[[Task], object]] = []
        self.stopped: list[Callable[[dict[str, Any]], object]] = []

    @operation("ecs:CreateCluster")
    def create_cluster(self, *, clusterName: str, tags: Any = (), **_: Any) -> dict[str, Any]:  # noqa: N803
        """Create a cluster, or leave one of that name as it is."""
        known = self.clusters.get(clusterName)
        if known is None or known.status(self._time) == "INACTIVE":
            kept = {tag["key"]: tag["value"] for tag in tags}
            self.clusters[clusterName] = Cluster(self._time + self.seconds_to_provision, tags=kept)
        elif known.gone_from is not None:
            raise refuse("ecs:CreateCluster", "UpdateInProgressException")
        return {"cluster": {"clusterName": clusterName}}

    @operation("ecs:DescribeClusters")
    def describe_clusters(self, *, clusters: list[str], include: list[str] | None = None) -> dict[str, Any]:
        """Return the clusters that exist or have existed."""
        return {"clusters": [self._show_cluster(name) for name in clusters if name in self.clusters]}

    def _show_cluster(self, name: str) -> dict[str, Any]:
        cluster, shown = self.clusters[name], [t for t in self._of_cluster.get(name, ()) if self._is_seen(t)]
        states = [task.status(self._time) for task in shown]
        return {
            "clusterName": name,
            "status": cluster.status(self._time),
            "runningTasksCount": states.count("RUNNING"),
            "pendingTasksCount": states.count("PENDING") + states.count("PROVISIONING"),
            "tags": [{"key": key, "value": value} for key, value in cluster.tags.items()],
        }

    def _why_kept(self, name: str) -> str:
        """Return why the cluster cannot be deleted now; empty if it can."""
        known = self.clusters.get(name)
        status = known.status(self._time) if known else "INACTIVE"
        if status == "INACTIVE":
            return "ClusterNotFoundException"
        if status in ("PROVISIONING", "DEPROVISIONING"):
            return "UpdateInProgressException"
        holds = any(task.is_living(self._time) for task in self._of_cluster.get(name, ()))
        return "ClusterContainsTasksException" if holds else ""

    @operation("ecs:DeleteCluster", lambda self, cluster: bool(self._why_kept(cluster)))
    def delete_cluster(self, *, cluster: str) -> dict[str, Any]:
        """Delete the cluster, unless tasks or an update prevent that."""
        if why := self._why_kept(cluster):
            raise refuse("ecs:DeleteCluster", why)
        self.clusters[cluster].gone_from = self._time + self.seconds_to_delete
        return {}

    @operation("ecs:RunTask")
    def run_task(
        self,
        *,
        cluster: str,
        taskDefinition: str,  # noqa: N803  # as botocore has it
        clientToken: str,  # noqa: N803
        **named: Any,
    ) -> dict[str, Any]:
        """Start one task, or return `failures` with the reason."""
        self._check_active("ecs:RunTask", cluster)
        if taskDefinition.partition(":")[0] not in self.definitions:
            raise refuse("ecs:RunTask", "ClientException", "TaskDefinition not found.")
        provider = named["capacityProviderStrategy"][0]["capacityProvider"]
        for override in named.get("overrides", {}).get("containerOverrides", ()):
            if override["name"] not in self.container_names:
                text = f"Override for container named {override['name']} is not a container in the task."
                raise refuse("ecs:RunTask", "InvalidParameterException", text)
        shape = repr([named["networkConfiguration"], named.get("overrides")])
        family, _, revision = taskDefinition.partition(":")
        parameters = (family, provider, revision or str(self.revision), shape)
        before, arn = self._tokens.get((cluster, clientToken), (parameters, ""))
        if before != parameters:
            raise refuse("ecs:RunTask", "ConflictException")
        if arn:
            return {"tasks": [{"taskArn": arn}], "failures": []}
        if self.failures:
            return {"tasks": [], "failures": [{"reason": self.failures.pop(0)}]}
        if self.shortages.get(provider) == "refused":
            return {"tasks": [], "failures": [{"reason": CAPACITY}]}
        user = next((tag["value"] for tag in named["tags"] if tag["key"] == "hippo:user"), "")
        task = self._make_task(cluster, user, provider, _read_variables(named.get("overrides", {})))
        self._tokens[(cluster, clientToken)] = (parameters, task.arn)
        return {"tasks": [{"taskArn": task.arn}], "failures": []}

    @operation("ecs:DescribeTaskDefinition")
    def describe_task_definition(self, *, taskDefinition: str) -> dict[str, Any]:  # noqa: N803
        """Return a task definition; its newest revision if it names none."""
        family, _, revision = taskDefinition.partition(":")
        if family not in self.definitions:
            raise refuse(
                "ecs:DescribeTaskDefinition", "ClientException", "Unable to describe task definition."
            )
        containers = [{"name": name, "essential": True} for name in sorted(self.container_names)]
        described = {"family": family, "revision": int(revision or self.revision)}
        size = {"cpu": "256", "memory": "512"}
        return {"taskDefinition": {**described, **size, "containerDefinitions": containers}}

    @operation("ecs:DescribeTasks")
    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> dict[str, Any]:
        """Return the visible tasks; the cluster must exist."""
        self._check_active("ecs:DescribeTasks", cluster)
        found = [self.tasks[arn] for arn in tasks if arn in self.tasks]
        return {
            "tasks": [self._show(task) for task in found if task.cluster == cluster and self._is_seen(task)]
        }

    def get_paginator(self, name: str) -> Listing:
        """Return the paginator of `list_tasks` or `list_clusters`."""
        return Listing({"list_tasks": self.list_tasks, "list_clusters": self.list_clusters}[name])

    @operation("ecs:ListClusters")
    def list_clusters(self) -> dict[str, Any]:
        """Return the clusters that are not gone."""
        return {"clusterArns": [f"arn:cluster/{name}" for name in self.list_clusters_left()]}

    @operation("ecs:ListTasks")
    def list_tasks(self, *, cluster: str) -> dict[str, Any]:
        """Return the tasks with desired status RUNNING."""
        self._check_active("ecs:ListTasks", cluster)
        shown = [
            task.arn
            for task in self._of_cluster.get(cluster, ())
            if self._is_seen(task) and not task.is_ending(self._time)
        ]
        return {"taskArns": shown}

    @operation("ecs:StopTask")
    def stop_task(self, *, cluster: str, task: str, reason: str) -> dict[str, Any]:
        """Send SIGTERM, unless the task has ended."""
        self._check_active("ecs:StopTask", cluster)
        known = self.tasks.get(task)
        if known is None or known.cluster != cluster:
            raise refuse("ecs:StopTask", "InvalidParameterException", "The referenced task was not found.")
        for tell in self.stopping:
            tell(known)
        self.end_task(known, "UserInitiated", reason)
        return {}

    def end_task(
        self,
        task: Task,
        code: str,
        reason: str,
        *,
        after: float = 0,
        seconds: float = STOPPING,
        exit_code: int = 1,
    ) -> None:
        """Let a task begin to stop, unless it has: by Spot, StopTask, or itself with an exit code."""
        if task.is_ending(self._time):
            return
        task.ends_from, task.seconds_to_stop = self._time + after, seconds
        task.stop_code, task.stopped_reason, task.exit_code = code, reason, exit_code
        moment = task.ends_from + seconds
        self.boundary.scheduler.plan(moment - self._time, lambda: self._announce(task, moment))

    def _announce(self, task: Task, moment: float) -> None:
        """Publish EventBridge's event about a task that has stopped."""
        if task.ends_from is None or task.ends_from + task.seconds_to_stop != moment:
            return  # it has been stopped earlier than planned
        detail = {
            "taskArn": task.arn,
            "clusterArn": f"arn:cluster/{task.cluster}",
            "startedBy": task.cluster,
            "lastStatus": "STOPPED",
            "stopCode": task.stop_code,
            "stoppedReason": task.stopped_reason,
            "containers": [{"exitCode": task.exit_code}],
        }
        for tell in self.stopped:
            tell({"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail})

    def list_living(self, user: str) -> list[Task]:
        """Return the participant's tasks that cost money now, whether or not ECS shows them."""
        living = [task for task in self.living.get(user, ()) if task.is_living(self._time)]
        self.living[user] = living
        return living

    def find_by_interface(self, interface: str) -> Task | None:
        """Return the task of a network interface."""
        return self._by_interface.get(interface)

    def find_by_address(self, address: str) -> Task | None:
        """Return the task that has a public address."""
        return self.find_by_interface(f"eni-{address}")

    def list_clusters_left(self) -> list[str]:
        """Return the clusters that are not being deleted."""
        return [name for name, cluster in self.clusters.items() if cluster.gone_from is None]

    @property
    def _time(self) -> float:
        return self.boundary.scheduler.time

    def _check_active(self, operation_name: str, name: str) -> None:
        known = self.clusters.get(name)
        if known is None:
            raise refuse(operation_name, "ClusterNotFoundException", "Cluster not found.")
        status = known.status(self._time)
        if status in ("INACTIVE", "DEPROVISIONING"):
            raise refuse(operation_name, "ClusterNotFoundException", "The referenced cluster was inactive.")
        if status == "PROVISIONING" and operation_name == "ecs:RunTask":
            why = "The specified capacity provider is not associated with the cluster."
            raise refuse(operation_name, "InvalidParameterException", why)

    def _make_task(self, cluster: str, user: str, provider: str, variables: dict[str, str]) -> Task:
        number = next(self._numbers)
        address = f"203.0.{113 + number // 250}.{number % 250 + 1}"
        arn = f"arn:task/{cluster}/{number}"
        task = Task(arn, cluster, user, provider, self._time, address, variables=variables)
        shortage = self.shortages.get(provider)
        if shortage == "stopped":
            self.end_task(task, "TaskFailedToStart", CAPACITY, after=3, seconds=0)
        elif shortage == "interrupted":
            self.end_task(task, "SpotInterruption", "Your Spot Task was interrupted.", after=RUNNING + 3)
        self.tasks[task.arn] = self._by_interface[task.interface] = task
        self.living.setdefault(user, []).append(task)
        self._of_cluster.setdefault(cluster, []).append(task)
        for tell in self.made:
            tell(task)
        return task

    def _is_seen(self, task: Task) -> bool:
        return self._time >= task.made + self.seconds_until_seen

    def _show(self, task: Task) -> dict[str, Any]:
        status = task.status(self._time)
        shown: dict[str, Any] = {"taskArn": task.arn, "lastStatus": status}
        if status in ("DEACTIVATING", "STOPPED"):
            shown |= {"stopCode": task.stop_code, "stoppedReason": task.stopped_reason}
            shown["containers"] = [{"exitCode": task.exit_code}]
        if task.has_interface(self._time):
            details = [
                {"name": "subnetId", "value": "s"},
                {"name": "networkInterfaceId", "value": task.interface},
            ]
            shown["attachments"] = [{"type": "ElasticNetworkInterface", "details": details}]
        return shown


def _read_variables(overrides: dict[str, Any]) -> dict[str, str]:
    return {
        entry["name"]: entry["value"]
        for override in overrides.get("containerOverrides", ())
        for entry in override.get("environment", ())
    }
