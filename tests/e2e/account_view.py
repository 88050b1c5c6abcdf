"""The operator's view of the account: what exists for a participant, and what a study has stored."""

import json
import threading
from typing import Any

from hippo.host_labels import list_host_labels
from tests.e2e.running_platform import RunningPlatform


class AccountView:
    """The deployed stack as an operator sees it."""

    def __init__(self, platform: RunningPlatform) -> None:
        self._platform = platform
        self.outputs = platform.outputs
        self.zone_id = self.outputs["hostedZoneId"]
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """Return the operator's boto3 client, which threads share: only its creation is not thread-safe."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._platform.make_client(service)
            return self._clients[service]

    def read_json(self, key: str) -> dict[str, Any] | None:
        """Return an object of the bucket, or None."""
        s3 = self.client("s3")
        try:
            body = s3.get_object(Bucket=self.outputs["bucket"], Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        return json.loads(body)

    def read_server(self, user_id: str) -> dict[str, Any]:
        """Return a participant's server record, or an empty one."""
        return self.read_json(f"_servers/{user_id}.json") or {}

    def read_participant(self, user_id: str, project_id: str | None = None) -> dict[str, Any]:
        """Return a participant's record, or an empty one."""
        return self.read_json(f"{project_id or self.outputs['projectId']}/Users/{user_id}") or {}

    def list_keys(self, prefix: str) -> list[str]:
        """Return the keys of the bucket below a prefix."""
        answer = self.client("s3").list_objects_v2(Bucket=self.outputs["bucket"], Prefix=prefix)
        return [entry["Key"] for entry in answer.get("Contents", [])]

    def find_address(self, user_id: str) -> str | None:
        """Return the address that one of the participant's possible host names resolves to, or None."""
        records = self.client("route53").list_resource_record_sets(HostedZoneId=self.zone_id)
        names = [f"{label}.{self.outputs['rootDomain']}." for label in list_host_labels(user_id)]
        found = [r for r in records["ResourceRecordSets"] if r["Name"] in names and r["Type"] == "A"]
        return found[0]["ResourceRecords"][0]["Value"] if found else None

    def list_resources(self, user_id: str) -> dict[str, Any]:
        """Return every resource in the account that exists because of this participant, by kind."""
        ecs = self.client("ecs")
        clusters = [arn for arn in ecs.list_clusters()["clusterArns"] if user_id in arn]
        tasks = [arn for cluster in clusters for arn in self._list_tasks(cluster)]
        rules = [r["Name"] for r in self.client("events").list_rules()["Rules"] if user_id in r["Name"]]
        found = {
            "clusters": clusters,
            "tasks": tasks,
            "rules": rules,
            "address": self.find_address(user_id),
            "slots": self._list_slots(user_id),
            "processes": self._list_game_servers(user_id),
        }
        return {kind: value for kind, value in found.items() if value}

    def _list_tasks(self, cluster: str) -> list[str]:
        ecs = self.client("ecs")
        try:
            return list(ecs.list_tasks(cluster=cluster)["taskArns"])
        except ecs.exceptions.ClusterNotFoundException:
            # Deleted since it was listed. The list of clusters still holds it.
            return []

    def _list_slots(self, user_id: str) -> list[str]:
        s3 = self.client("s3")
        held = []
        # Queue entries share the prefix with the slots, and may go at any moment.
        for key in (key for key in self.list_keys("_slots/") if not key.startswith("_slots/q.")):
            body = s3.get_object(Bucket=self.outputs["bucket"], Key=key)["Body"].read()
            held += [key] if body and json.loads(body)["userId"] == user_id else []
        return held

    def _list_game_servers(self, user_id: str) -> list[int]:
        """Return the ports that processes listen on at the address of the participant's server."""
        address = self.read_server(user_id).get("publicIp")
        listeners = self._platform.list_listeners()
        return [port for host, port in listeners if address and host == address]
