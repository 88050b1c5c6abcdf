"""Refusals and behaviour of AWS that moto 5.2 lacks, added to moto while a test runs."""

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from moto.core.responses import ActionResult
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.ecs.exceptions import ECSException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api import state_manager
from moto.route53.exceptions import Route53ClientError
from moto.route53.models import FakeZone, Route53Backend


def make_strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be strict while the iterator is at its `yield`."""
    # moto's tasks end by being looked at; AWS's run until they are stopped.
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 1_000_000})
    monkeypatch.setattr(Route53Backend, "change_resource_record_sets", _change_record_sets)
    _check_deleted_clusters(monkeypatch)
    _list_running_tasks(monkeypatch)
    _remember_client_tokens(monkeypatch)
    _give_public_addresses(monkeypatch)
    yield
    state_manager.unset_transition("ecs::task")


def _change_record_sets(self: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]) -> None:
    """Apply one change after the other, all or none; CREATE needs a new name, DELETE the exact record."""
    zone = self.get_hosted_zone(zoneid)
    before = list(zone.rrsets)
    for change in copy.deepcopy(change_list):
        wanted = change["ResourceRecordSet"]
        wanted["Name"] = wanted["Name"].rstrip(".") + "."
        wanted["ResourceRecords"] = [entry["Value"] for entry in wanted["ResourceRecords"]]
        if _apply(zone, change["Action"], wanted):
            continue
        zone.rrsets = before
        raise Route53ClientError("InvalidChangeBatch", f"{change['Action']} {wanted['Name']}: not as it is")


def _apply(zone: FakeZone, action: str, wanted: dict[str, Any]) -> bool:
    known = [record for record in zone.rrsets if record.name == wanted["Name"]]
    same = [record for record in known if record.type == wanted["Type"]]
    if action == "CREATE":
        if same or any("CNAME" in (record.type, wanted["Type"]) for record in known):
            return False
        zone.add_rrset(wanted)
        return True
    if not same or same[0].records != wanted["ResourceRecords"] or int(same[0].ttl) != wanted["TTL"]:
        return False
    zone.delete_rrset(wanted)
    return True


def _check_deleted_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to delete a cluster with tasks, or to run tasks in a deleted one."""
    delete_cluster, run_task = (
        getattr(EC2ContainerServiceBackend, n) for n in ("delete_cluster", "run_task")
    )

    def delete(self: EC2ContainerServiceBackend, cluster_str: str) -> Any:
        tasks = self.tasks.get(self._get_cluster(cluster_str).name, {})
        if any(task.last_status != "STOPPED" for task in tasks.values()):
            raise ECSException("ClusterContainsTasksException", "The Cluster cannot be deleted")
        return delete_cluster(self, cluster_str)

    def run(self: EC2ContainerServiceBackend, cluster_str: str, *arguments: Any) -> Any:
        if self._get_cluster(cluster_str).status != "ACTIVE":
            raise ECSException("ClusterNotFoundException", "Cluster not found.")
        return run_task(self, cluster_str, *arguments)

    monkeypatch.setattr(EC2ContainerServiceBackend, "delete_cluster", delete)
    monkeypatch.setattr(EC2ContainerServiceBackend, "run_task", run)


def _list_running_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """List the tasks with desired status RUNNING, unless others are requested."""
    list_tasks = EC2ContainerServiceBackend.list_tasks

    def list_running(self: EC2ContainerServiceBackend, *arguments: Any, **named: Any) -> Any:
        return [task for task in list_tasks(self, *arguments, **named) if task.desired_status == "RUNNING"]

    monkeypatch.setattr(EC2ContainerServiceBackend, "list_tasks", list_running)


def _remember_client_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Return the same task for a token in a cluster; other parameters are a conflict."""
    run_task = EC2ContainerServiceResponse.run_task
    known: dict[tuple[str, str], tuple[Any, ActionResult]] = {}

    def run(self: EC2ContainerServiceResponse) -> ActionResult:
        token = (self._get_param("cluster"), self._get_param("clientToken"))
        names = ("taskDefinition", "capacityProviderStrategy", "networkConfiguration", "overrides")
        parameters = [self._get_param(name) for name in names]
        _check_overrides(self)
        if token in known and known[token][0] != parameters:
            raise ECSException("ConflictException", "The clientToken is in use with other parameters")
        if token not in known:
            known[token] = (parameters, run_task(self))
        return known[token][1]

    monkeypatch.setattr(EC2ContainerServiceResponse, "run_task", run)


def _check_overrides(response: EC2ContainerServiceResponse) -> None:
    """Refuse overrides of a container that the task lacks."""
    definition = response.ecs_backend.describe_task_definition(response._get_param("taskDefinition"))
    names = {container["name"] for container in definition.container_definitions}
    for override in (response._get_param("overrides") or {}).get("containerOverrides", ()):
        if override["name"] not in names:
            text = (
                f"Override for container named {override['name']} is not a container in the TaskDefinition."
            )
            raise ECSException("InvalidParameterException", text)


def _give_public_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every interface a public address, as with assignPublicIp."""
    create = NetworkInterfaceBackend.create_network_interface
    numbers = itertools.count(1)

    def create_with_address(self: NetworkInterfaceBackend, *arguments: Any, **named: Any) -> Any:
        interface = create(self, *arguments, **named)
        interface.public_ip = f"203.0.113.{next(numbers)}"
        return interface

    monkeypatch.setattr(NetworkInterfaceBackend, "create_network_interface", create_with_address)
