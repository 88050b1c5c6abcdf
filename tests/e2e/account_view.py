"""What an operator sees in the account: what there is of one participant, and what a study has stored."""

import json
import threading
from typing import Any

from tests.e2e.running_platform import RunningPlatform


class AccountView:
    """The deployed stack, looked at from outside."""

    def __init__(self, platform: RunningPlatform) -> None:
        self._platform = platform
        self.outputs = platform.outputs
        self.zone_id = self.outputs["hostedZoneId"]
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """A boto3 client of the operator's; threads share it, since only making one is not safe in them."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._platform.make_client(service)
            return self._clients[service]

    def read_json(self, key: str) -> dict[str, Any] | None:
        """An object of the bucket, or None."""
        s3 = self.client("s3")
        try:
            body = s3.get_object(Bucket=self.outputs["bucket"], Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        return json.loads(body)

    def read_server(self, user_id: str) -> dict[str, Any]:
        """A participant's server record; empty where there is none."""
        return self.read_json(f"_servers/{user_id}.json") or {}

    def read_participant(self, user_id: str, project_id: str | None = None) -> dict[str, Any]:
        """A participant's record."""
        return self.read_json(f"{project_id or self.outputs['projectId']}/Users/{user_id}") or {}

    def list_keys(self, prefix: str) -> list[str]:
        """The keys of the bucket below a prefix."""
        answer = self.client("s3").list_objects_v2(Bucket=self.outputs["bucket"], Prefix=prefix)
        return [entry["Key"] for entry in answer.get("Contents", [])]

    def find_address(self, user_id: str) -> str | None:
        """The address that the participant's host name leads to."""
        records = self.client("route53").list_resource_record_sets(HostedZoneId=self.zone_id)
        name = f"{user_id}.{self.outputs['rootDomain']}."
        found = [r for r in records["ResourceRecordSets"] if r["Name"] == name and r["Type"] == "A"]
        return found[0]["ResourceRecords"][0]["Value"] if found else None

    def list_resources(self, user_id: str) -> dict[str, Any]:
        """Everything in the account that exists because of this participant; empty when nothing does."""
        ecs = self.client("ecs")
        clusters = [arn for arn in ecs.list_clusters()["clusterArns"] if user_id in arn]
        tasks = [arn for cluster in clusters for arn in ecs.list_tasks(cluster=cluster)["taskArns"]]
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

    def _list_slots(self, user_id: str) -> list[str]:
        s3 = self.client("s3")
        held = []
        # Places in the queue lie beside the slots, and may go at any moment.
        for key in (key for key in self.list_keys("_slots/") if not key.startswith("_slots/q.")):
            body = s3.get_object(Bucket=self.outputs["bucket"], Key=key)["Body"].read()
            held += [key] if body and json.loads(body)["userId"] == user_id else []
        return held

    def _list_game_servers(self, user_id: str) -> list[int]:
        """The processes on the address that the participant's server had."""
        address = self.read_server(user_id).get("publicIp")
        listeners = self._platform.list_listeners()
        return [port for host, port in listeners if address and host == address]
