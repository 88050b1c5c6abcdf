"""A deployment in AWS in memory with a published study, for the handlers that start and stop servers."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns import sns_backends

from hippo.clock import to_wire
from tests.fakes.clock import FakeClock
from tests.support.aws_hooks import AwsHooks, shared_client
from tests.support.study_world import FakeContext

REGION = "ca-central-1"
BUCKET, ROOT_DOMAIN, PROJECT, USER = "hippo-data", "games.example.org", "mountain_car", "ada"
HOST, NAME = f"{USER}.{ROOT_DOMAIN}", f"hippo-1-{USER}"


class ServerWorld:
    """Resources as boto3 shows them; `start` and `stop` invoke the real handlers."""

    def __init__(
        self,
        aws: AwsHooks,
        load_function: Callable[[str], ModuleType],
        load_event: Callable[[str], dict[str, Any]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.aws, self.clock = aws, FakeClock()
        self._load_event = load_event
        names = ("s3", "sns", "route53", "ecs", "ec2", "events")
        self.s3, self.sns, self.route53, self.ecs, self.ec2, self.events = map(shared_client, names)
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.stop_topic = self.sns.create_topic(Name="stop")["TopicArn"]
        self.start_topic = self.sns.create_topic(Name="start")["TopicArn"]
        zone = self.route53.create_hosted_zone(Name=ROOT_DOMAIN, CallerReference="1")
        self.zone_id = zone["HostedZone"]["Id"].removeprefix("/hostedzone/")
        self._set_environment(monkeypatch)
        monkeypatch.setattr("hippo.servers.start_wiring.can_connect", lambda *_: True)
        self._functions = {name: load_function(name) for name in ("start_server", "stop_server")}
        for function in self._functions.values():
            function.CLOCK = self.clock
        self.register_task_definition()
        config = {**load_event("update"), "ecsTask": PROJECT}
        config["awsSetup"] = {**config["awsSetup"], "containerName": "game"}
        self.put("project_master_list.json", {"projects": [config]})
        self.aws.reset()

    def register_task_definition(self) -> None:
        """Register a task definition as a researcher's tool does."""
        self.ecs.register_task_definition(
            family=PROJECT,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "game", "image": PROJECT, "memory": 512}],
        )

    # ---- invocations ------------------------------------------------------------------------------------

    def start(self, body: Any = None, *, request_id: str = "start-1", milliseconds: int = 600_000) -> None:
        """Invoke start_server with a notification of `body` (not JSON if it is text)."""
        message = body if body is not None else {"projectId": PROJECT, "userId": USER, "requestId": "first"}
        self._invoke("start_server", "start_message", message, FakeContext(milliseconds, request_id))

    def stop(self, body: Any = None, *, request_id: str = "stop-1", milliseconds: int = 300_000) -> None:
        """Invoke stop_server with a notification of `body` (not JSON if it is text)."""
        message = body if body is not None else {"userId": USER, "projectId": PROJECT}
        self._invoke("stop_server", "stop_message", message, FakeContext(milliseconds, request_id))

    def invoke_sample(self, function: str, sample: str) -> None:
        """Invoke a handler with a sample event as it is."""
        self.invoke(function, self._load_event(sample))

    def invoke(self, function: str, event: Any, context: Any = None) -> None:
        """Invoke a handler and ignore its result."""
        assert self._functions[function].lambda_handler(event, context or FakeContext(300_000)) is None

    def _invoke(self, function: str, sample: str, message: Any, context: FakeContext) -> None:
        event = self._load_event(sample)
        notification = event["Records"][0]["Sns"]
        notification["Message"] = message if isinstance(message, str) else json.dumps(message)
        notification["Timestamp"] = to_wire(self.clock.now())
        self.invoke(function, event, context)

    # ---- what is there ----------------------------------------------------------------------------------

    def put(self, key: str, content: Any) -> None:
        """Put JSON into the bucket."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(content))

    def read_text(self, key: str) -> str:
        """Return the text of an object."""
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()

    def read(self, key: str) -> Any:
        """Return JSON of the bucket."""
        return json.loads(self.read_text(key))

    def record(self, user: str = USER) -> dict[str, Any]:
        """Return the server record."""
        return self.read(f"_servers/{user}.json")

    def tasks(self, cluster: str = NAME) -> list[dict[str, Any]]:
        """Return the tasks of a cluster with desired status RUNNING, as DescribeTasks shows them."""
        arns = self.ecs.list_tasks(cluster=cluster)["taskArns"]
        found = self.ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        return [task for task in found if task["lastStatus"] != "STOPPED"]

    def clusters(self) -> list[str]:
        """Return the names of the active clusters."""
        arns = self.ecs.list_clusters()["clusterArns"]
        found = self.ecs.describe_clusters(clusters=arns)["clusters"] if arns else []
        return [cluster["clusterName"] for cluster in found if cluster["status"] == "ACTIVE"]

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules."""
        return self.events.list_rules()["Rules"]

    def names(self) -> dict[str, dict[str, Any]]:
        """Return the A records by name."""
        records = self.route53.list_resource_record_sets(HostedZoneId=self.zone_id)["ResourceRecordSets"]
        return {record["Name"].rstrip("."): record for record in records if record["Type"] == "A"}

    def slots(self) -> list[str]:
        """Return the slots that are held."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="_slots/").get("Contents", ())
        return [entry["Key"] for entry in found if entry["Size"] and "/q." not in entry["Key"]]

    def left(self) -> list[Any]:
        """Return everything that a stop must remove."""
        tasks = [task for cluster in self.clusters() for task in self.tasks(cluster)]
        return [*tasks, *self.clusters(), *self.rules(), *self.names(), *self.slots()]

    def queue(self) -> list[str]:
        """Return the participants who wait for a server, longest first."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="_slots/q.").get("Contents", ())
        return [entry["Key"].split(".")[2] for entry in found]

    def published(self, topic: str = "stop") -> list[dict[str, Any]]:
        """Return the messages that SNS accepted for the start or the stop topic, oldest first."""
        arn = {"start": self.start_topic, "stop": self.stop_topic}[topic]
        sent = sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics[arn].sent_notifications
        return [json.loads(notification[1]) for notification in sent]

    def _set_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        subnet = self.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        group = self.ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        variables = {
            "BUCKET": BUCKET,
            "HOSTED_ZONE_ID": self.zone_id,
            "ROOT_DOMAIN": ROOT_DOMAIN,
            "SUBNET": subnet,
            "SECURITY_GROUP": group,
            "START_SERVER_TOPIC_ARN": self.start_topic,
            "STOP_SERVER_TOPIC_ARN": self.stop_topic,
            "MAX_RUNTIME": "60",
            "MAX_SERVERS": "2",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
