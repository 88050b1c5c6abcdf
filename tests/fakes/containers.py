"""A stand-in for ECS on Fargate and for the network interfaces of its tasks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hippo.aws.ecs import ClusterState, RunResult, TaskState
from hippo.aws.task_definitions import ContainerDefinition, TaskDefinition
from hippo.errors import AwsError, ConflictError, OverridesError
from tests.fakes.journal import Journal
from tests.support.fakes import FakeClock

CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
NO_ADDRESS = (
    "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in "
    "subnet '{}': InsufficientFreeAddressesInSubnet"
)
# Seconds after RunTask: PROVISIONING until the interface is attached, then PENDING until RUNNING.
ATTACHED, RUNNING = 8, 25


@dataclass(slots=True)
class FakeTask:
    """One task; what it shows depends on the time."""

    arn: str
    cluster: str
    provider: str
    definition: str
    tags: dict[str, str]
    made: datetime
    address: str
    stopping_from: datetime | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    seconds_to_stop: float = 12
    exit_code: int | None = None
    subnet: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    def status(self, now: datetime) -> str:
        """Its lastStatus."""
        if self.stopping_from and now >= self.stopping_from:
            over = self.stopping_from + timedelta(seconds=self.seconds_to_stop)
            return "STOPPED" if now >= over else "DEACTIVATING"
        age = (now - self.made).total_seconds()
        return "PROVISIONING" if age < ATTACHED else "PENDING" if age < RUNNING else "RUNNING"


@dataclass(slots=True)
class FakeCluster:
    """A cluster; `active_from` is when it leaves PROVISIONING."""

    active_from: datetime
    tags: dict[str, str] = field(default_factory=dict)
    deleted: bool = False


class FakeContainers:
    """Clusters and tasks, eventually consistent; `shortages` says how a provider has no capacity.

    A shortage is `refused` (RunTask's failures), `stopped` (a task that cannot be placed) or `interrupted`
    (Spot takes the running task away).
    """

    def __init__(self, journal: Journal, clock: FakeClock, definitions: set[str]) -> None:
        self._journal, self._clock = journal, clock
        self.definitions = definitions
        self.container_names = set(definitions)
        self.clusters: dict[str, FakeCluster] = {}
        self.tasks: dict[str, FakeTask] = {}
        self.shortages: dict[str, str] = {}
        self.subnets: tuple[str, ...] = ("subnet-1", "subnet-2")
        self.full_subnets: set[str] = set()  # their tasks end because no address is free
        self.names_full_subnet = True  # in the reason; the task's attachment does in any case
        self.failures: list[str] = []
        self.cluster_seconds = 2.0
        self.seconds_until_seen = 0.0
        self.busy_deletes = 0
        self.revision = 1  # the newest of every task definition
        self.size = (1.0, 2.0)  # of every task definition, in vCPUs and GB
        self.storage, self.task_role = 20, ""  # of every task definition
        self._tokens: dict[tuple[str, str], tuple[tuple[Any, ...], str]] = {}

    def create_cluster(self, name: str, tags: Mapping[str, str]) -> None:
        """Create the cluster, or leave it as it is."""
        with self._journal.call("containers.create_cluster", name=name, tags=dict(tags)):
            known = self.clusters.get(name)
            if known is None or known.deleted:
                active_from = self._clock.now() + timedelta(seconds=self.cluster_seconds)
                self.clusters[name] = FakeCluster(active_from, dict(tags))

    def find_cluster_status(self, name: str) -> str | None:
        """Return its status, None if it never existed."""
        with self._journal.call("containers.find_cluster_status", name=name):
            cluster = self.clusters.get(name)
            if cluster is None:
                return None
            if cluster.deleted:
                return "INACTIVE"
            return "ACTIVE" if self._clock.now() >= cluster.active_from else "PROVISIONING"

    def list_clusters(self, prefix: str) -> list[str]:
        """Return the names of the clusters that begin with the prefix."""
        with self._journal.call("containers.list_clusters", prefix=prefix):
            names = [name for name, cluster in self.clusters.items() if not cluster.deleted]
            return sorted(name for name in names if name.startswith(prefix))

    def describe_clusters(self, names: Sequence[str]) -> list[ClusterState]:
        """Return the clusters with their tags."""
        with self._journal.call("containers.describe_clusters", names=list(names)):
            living = self.list_living()
            return [
                ClusterState(
                    name,
                    "INACTIVE" if cluster.deleted else "ACTIVE",
                    sum(1 for task in living if task.cluster == name and not self._is_ending(task)),
                    cluster.tags,
                )
                for name, cluster in self.clusters.items()
                if name in names
            ]

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
        """Start one task in the first subnet left; the same token returns the same task, stopped or not."""
        details: dict[str, Any] = {"cluster": cluster, "definition": definition, "token": client_token}
        with self._journal.call("containers.run_task", provider=provider, tags=dict(tags), **details):
            self._check_run(cluster, definition)
            known = self._tokens.get((cluster, client_token))
            subnets = [subnet for subnet in self.subnets if subnet not in without]
            revision = self._name_revision(definition)
            parameters = (revision, provider, subnets, container, dict(variables or {}))
            if variables and container not in self.container_names:
                # AWS does not say whether it keeps the token of a refused request, so assume the worse.
                self._tokens[(cluster, client_token)] = (parameters, "")
                raise OverridesError(f"no container {container}")
            if known and known[0] != parameters:
                raise ConflictError(cluster)
            if known:
                return RunResult(known[1])
            if self.failures:
                return RunResult(None, [self.failures.pop(0)])
            shortage = self.shortages.get(provider)
            if shortage == "refused":
                return RunResult(None, [CAPACITY])
            task = self._make_task(cluster, definition, provider, dict(tags), shortage)
            task.variables = dict(variables or {})
            self._place(task, subnets[0])
            self._tokens[(cluster, client_token)] = (parameters, task.arn)
            return RunResult(task.arn)

    def describe_definition(self, name: str) -> TaskDefinition:
        """Return a task definition, which has a container of each name."""
        with self._journal.call("containers.describe_definition", name=name):
            if name.partition(":")[0] not in self.definitions:
                raise AwsError("ecs:DescribeTaskDefinition", "ClientException", retryable=False)
            containers = (ContainerDefinition(one, True, (5000,)) for one in sorted(self.container_names))
            revision = self._name_revision(name)
            return TaskDefinition(revision, *self.size, tuple(containers), self.storage, self.task_role)

    def _name_revision(self, definition: str) -> str:
        return definition if ":" in definition else f"{definition}:{self.revision}"

    def describe_task(self, cluster: str, arn: str) -> TaskState | None:
        """Return the task as it is now, None while ECS does not show it yet."""
        with self._journal.call("containers.describe_task", arn=arn):
            task, now = self.tasks.get(arn), self._clock.now()
            if task is None or task.cluster != cluster or not self._is_seen(task):
                return None
            status = task.status(now)
            ending = status in ("DEACTIVATING", "STOPPED")
            attached = now >= task.made + timedelta(seconds=ATTACHED)
            return TaskState(
                arn=arn,
                status=status,
                stop_code=task.stop_code if ending else "",
                stopped_reason=task.stopped_reason if ending else "",
                interface_id=f"eni-{task.address}" if attached and status != "STOPPED" else None,
                exit_codes=(task.exit_code,) if status == "STOPPED" else (None,),
                subnet=task.subnet,
            )

    def list_tasks(self, cluster: str) -> list[str]:
        """Return the tasks with desired status RUNNING."""
        with self._journal.call("containers.list_tasks", cluster=cluster):
            return [
                task.arn
                for task in self.tasks.values()
                if task.cluster == cluster and self._is_seen(task) and not self._is_ending(task)
            ]

    def stop_task(self, cluster: str, arn: str, reason: str) -> None:
        """Let a task begin to stop, unless it is gone."""
        with self._journal.call("containers.stop_task", arn=arn, reason=reason):
            task = self.tasks.get(arn)
            if task and task.cluster == cluster and not self._is_ending(task):
                task.stopping_from = self._clock.now()
                task.stop_code, task.stopped_reason = "UserInitiated", reason

    def delete_cluster(self, name: str) -> bool:
        """Delete the cluster; return False while tasks or an update prevent that."""
        with self._journal.call("containers.delete_cluster", name=name):
            if self.busy_deletes:
                self.busy_deletes -= 1
                return False
            if any(task.cluster == name for task in self.list_living()):
                return False
            if name in self.clusters:
                self.clusters[name].deleted = True
            return True

    def list_living(self) -> list[FakeTask]:
        """Return every task that costs money now, whether or not ECS shows it."""
        return [task for task in self.tasks.values() if task.status(self._clock.now()) != "STOPPED"]

    def end_task(self, code: str, reason: str, exit_code: int | None = None) -> None:
        """Let all tasks begin to stop by themselves."""
        for task in self.list_living():
            task.stopping_from, task.stop_code, task.stopped_reason = self._clock.now(), code, reason
            task.exit_code = exit_code

    def _check_run(self, cluster: str, definition: str) -> None:
        known = self.clusters.get(cluster)
        if known is None or known.deleted:
            raise AwsError("ecs:RunTask", "ClusterNotFoundException", retryable=False)
        if definition.partition(":")[0] not in self.definitions:
            raise AwsError("ecs:RunTask", "ClientException", retryable=False, detail="no such definition")

    def _make_task(
        self, cluster: str, definition: str, provider: str, tags: dict[str, str], shortage: str | None
    ) -> FakeTask:
        number = len(self.tasks) + 1
        now = self._clock.now()
        arn, address = f"arn:task/{cluster}/{number}", f"203.0.113.{number}"
        task = FakeTask(arn, cluster, provider, definition, tags, now, address)
        if shortage == "stopped":
            task.stopping_from, task.seconds_to_stop = now + timedelta(seconds=3), 0
            task.stop_code, task.stopped_reason = "TaskFailedToStart", CAPACITY
        elif shortage == "interrupted":
            task.stopping_from = now + timedelta(seconds=RUNNING + 3)
            task.stop_code, task.stopped_reason = "SpotInterruption", "Your Spot Task was interrupted."
        self.tasks[arn] = task
        return task

    def _place(self, task: FakeTask, subnet: str) -> None:
        task.subnet = subnet
        if subnet in self.full_subnets:
            task.stopping_from, task.seconds_to_stop = task.made + timedelta(seconds=3), 0
            task.stop_code = "TaskFailedToStart"
            task.stopped_reason = NO_ADDRESS.format(subnet if self.names_full_subnet else "")

    def _is_seen(self, task: FakeTask) -> bool:
        return self._clock.now() >= task.made + timedelta(seconds=self.seconds_until_seen)

    def _is_ending(self, task: FakeTask) -> bool:
        return task.status(self._clock.now()) in ("DEACTIVATING", "STOPPED")


class FakeInterfaces:
    """The public address of `eni-<address>`, from `seconds_until_seen` after the first question on."""

    def __init__(self, journal: Journal, clock: FakeClock) -> None:
        self._journal, self._clock = journal, clock
        self.seconds_until_seen = 0.0
        self._asked: dict[str, datetime] = {}

    def find_public_ip(self, interface_id: str) -> str | None:
        """Return the address, None while it does not exist."""
        with self._journal.call("interfaces.find_public_ip", interface_id=interface_id):
            asked = self._asked.setdefault(interface_id, self._clock.now())
            if self._clock.now() < asked + timedelta(seconds=self.seconds_until_seen):
                return None
            return interface_id.removeprefix("eni-")
