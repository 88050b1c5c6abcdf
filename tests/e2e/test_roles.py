"""The template's roles on the deployed stack: the calls that each may make, and those that it may not."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.e2e.account_view import AccountView
from tests.e2e.running_platform import RunningPlatform

pytestmark = pytest.mark.e2e

DENIALS = ("AccessDeniedException", "AccessDenied", "AuthorizationError", "UnauthorizedOperation")
REGION, ACCOUNT = "ca-central-1", "000000000000"
MINE, OTHER = "hippo-1-roles", "other-1-roles"


class Actor:
    """A principal with the policies of one role of the template. IAM judges first, so nothing need exist."""

    def __init__(self, account: AccountView, credentials: dict[str, str]) -> None:
        self.account = account
        self.outputs = account.outputs
        self._credentials = credentials

    def client(self, service: str) -> Any:
        """Return a boto3 client with the role's credentials, which never retries."""
        return boto3.client(
            service,  # type: ignore[call-overload]  # the name is not known to the type checker
            endpoint_url=self.outputs["endpointUrl"],
            region_name=REGION,
            aws_access_key_id=self._credentials["AccessKeyId"],
            aws_secret_access_key=self._credentials["SecretAccessKey"],
            aws_session_token=self._credentials.get("SessionToken"),
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )

    def get(self, key: str) -> Any:
        """Read an object of the study's bucket."""
        return self.client("s3").get_object(Bucket=self.outputs["bucket"], Key=key)

    def put(self, key: str) -> Any:
        """Create an object in the study's bucket unless it exists."""
        s3 = self.client("s3")
        return s3.put_object(Bucket=self.outputs["bucket"], Key=key, Body=b"{}", IfNoneMatch="*")

    def delete(self, key: str) -> Any:
        """Delete an object from the study's bucket that does not exist."""
        return self.client("s3").delete_object(Bucket=self.outputs["bucket"], Key=key)

    def put_on_site(self, key: str) -> Any:
        """Create an object in the site's bucket unless it exists."""
        bucket = self.outputs["stackOutputs"]["SiteBucketName"]
        return self.client("s3").put_object(Bucket=bucket, Key=key, Body=b"", IfNoneMatch="*")

    def list_site(self, prefix: str) -> Any:
        """List the site's bucket."""
        bucket = self.outputs["stackOutputs"]["SiteBucketName"]
        return self.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)

    def list_keys(self, prefix: str) -> Any:
        """List the study's bucket."""
        return self.client("s3").list_objects_v2(Bucket=self.outputs["bucket"], Prefix=prefix)

    def publish(self, topic: str) -> Any:
        """Publish a message that no function understands."""
        return self.client("sns").publish(
            TopicArn=self.outputs["stackOutputs"][f"{topic}TopicArn"], Message=""
        )

    def send(self, queue: str) -> Any:
        """Send to a dead-letter queue."""
        url = self.outputs["stackOutputs"][f"{queue}DeadLetterQueueUrl"]
        return self.client("sqs").send_message(QueueUrl=url, MessageBody="{}")

    def put_rule(self, name: str) -> Any:
        """Create a rule that never fires."""
        rule = {"Name": name, "ScheduleExpression": "cron(0 0 1 1 ? 2020)", "State": "DISABLED"}
        return self.client("events").put_rule(**rule)

    def create_cluster(self, stack: str) -> Any:
        """Create a cluster with the tag that names its stack."""
        tags = [{"key": "hippo:stack", "value": stack}]
        return self.client("ecs").create_cluster(clusterName=MINE, tags=tags)

    def run_task(self, cluster: str, definition: str | None = None) -> Any:
        """Run the study's task, or another one, in a cluster that need not exist."""
        network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}}
        definition = definition or self.outputs["projectId"]
        return self.client("ecs").run_task(
            cluster=cluster, taskDefinition=definition, networkConfiguration=network
        )

    def run_task_as(self, role: str) -> Any:
        """Run a task whose definition names a role."""
        definition = self.account.client("ecs").register_task_definition(
            family="roles",
            taskRoleArn=role,
            networkMode="awsvpc",
            containerDefinitions=[{"name": "main", "image": "roles"}],
        )
        return self.run_task(MINE, definition["taskDefinition"]["taskDefinitionArn"])

    def stop_task(self, cluster: str) -> Any:
        """Stop a task that does not exist."""
        task = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{cluster}/{'0' * 32}"
        return self.client("ecs").stop_task(cluster=cluster, task=task)

    def change_name(self, action: str, name: str) -> Any:
        """Request one change in the zone."""
        record = {"Name": name, "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.9"}]}
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        return self.client("route53").change_resource_record_sets(
            HostedZoneId=self.account.zone_id, ChangeBatch=batch
        )


Call = Callable[[Actor], Any]
# The role, a call that it may make, and a similar one that it may not.
PAIRS: dict[str, tuple[str, Call, Call]] = {
    "participants": ("NextStep", lambda a: a.put("p/Users/roles"), lambda a: a.put("p/Trials/roles")),
    "pages": (
        "NextStep",
        lambda a: a.get(f"{a.outputs['projectId']}/consent.html"),
        lambda a: a.get("p/Trials/u/1"),
    ),
    "admission": (
        "NextStep",
        lambda a: a.put("p/_admission.json"),
        lambda a: a.put("p/_keys/links"),
    ),
    "groups": ("NextStep", lambda a: a.put("p/_groups.json"), lambda a: a.put("p/_other.json")),
    "newcomers": ("NextStep", lambda a: a.put("_newcomers/day/key"), lambda a: a.put("_slots/0001")),
    "start-messages": ("NextStep", lambda a: a.publish("StartServer"), lambda a: a.send("StartServer")),
    "no-tasks": ("StartServer", lambda a: a.run_task(MINE), lambda a: a.run_task(OTHER)),
    "roles-to-pass": (
        "StartServer",
        lambda a: a.run_task_as(a.outputs["stackOutputs"]["TaskRoleArn"]),
        lambda a: a.run_task_as(f"arn:aws:iam::{ACCOUNT}:role/copy-StartServer"),
    ),
    "rules": ("StartServer", lambda a: a.put_rule(MINE), lambda a: a.put_rule(OTHER)),
    "clusters": ("StartServer", lambda a: a.create_cluster("hippo"), lambda a: a.create_cluster("other")),
    "described-clusters": (
        "StartServer",
        lambda a: a.client("ecs").describe_clusters(clusters=[MINE]),
        lambda a: a.client("ecs").describe_clusters(clusters=[OTHER]),
    ),
    "listed-tasks": (
        "StartServer",
        lambda a: a.client("ecs").list_tasks(cluster=MINE),
        lambda a: a.client("ecs").list_tasks(cluster=OTHER),
    ),
    "slots": ("StartServer", lambda a: a.list_keys("_slots/"), lambda a: a.list_keys("p/Users/")),
    "names": (
        "StartServer",
        lambda a: a.change_name("CREATE", "roles.localhost"),
        lambda a: a.change_name("UPSERT", "roles.localhost"),
    ),
    "stop-messages": ("StartServer", lambda a: a.publish("StopServer"), lambda a: a.publish("StartServer")),
    "dead-letters": ("StartServer", lambda a: a.send("StartServer"), lambda a: a.send("StopServer")),
    "stopped-tasks": ("StopServer", lambda a: a.stop_task(MINE), lambda a: a.stop_task(OTHER)),
    "deleted-clusters": (
        "StopServer",
        lambda a: a.client("ecs").delete_cluster(cluster=MINE),
        lambda a: a.client("ecs").delete_cluster(cluster=OTHER),
    ),
    "deleted-rules": (
        "StopServer",
        lambda a: a.client("events").delete_rule(Name=MINE),
        lambda a: a.client("events").delete_rule(Name=OTHER),
    ),
    "deleted-names": (
        "StopServer",
        lambda a: a.change_name("DELETE", "roles.localhost"),
        lambda a: a.change_name("CREATE", "roles.localhost"),
    ),
    "sweep-cursor": ("StopServer", lambda a: a.put("_sweep.json"), lambda a: a.put("_roles.json")),
    "listed-servers": ("StopServer", lambda a: a.list_keys("_servers/"), lambda a: a.list_keys("p/Users/")),
    "queue": (
        "StopServer",
        lambda a: a.delete("_slots/q.roles"),
        lambda a: a.delete("_slots/0000"),
    ),
    "queue-of-starts": (
        "StartServer",
        lambda a: a.delete("_slots/q.roles"),
        lambda a: a.delete("_servers/roles.json"),
    ),
    "listed-rules": (
        "StopServer",
        lambda a: a.client("events").list_rules(NamePrefix="hippo-"),
        lambda a: a.client("events").list_event_buses(),
    ),
    "listed-clusters": (
        "StopServer",
        lambda a: a.client("ecs").list_clusters(),
        lambda a: a.client("ecs").list_task_definitions(),
    ),
    "stop-messages-on": ("StopServer", lambda a: a.publish("StartServer"), lambda a: a.send("StartServer")),
    "stops-of-a-sweep": ("StopServer", lambda a: a.publish("StopServer"), lambda a: a.put("p/Users/roles")),
    "stop-starts-nothing": ("StopServer", lambda a: a.stop_task(MINE), lambda a: a.run_task(MINE)),
    "send-start": (
        "SendStartServerMessage",
        lambda a: a.publish("StartServer"),
        lambda a: a.publish("StopServer"),
    ),
    "send-stop": (
        "SendStopServerMessage",
        lambda a: a.publish("StopServer"),
        lambda a: a.publish("StartServer"),
    ),
    "versions": (
        "UpdateProjectMasterList",
        lambda a: a.put("p/_versions/roles"),
        lambda a: a.put("p/Users/roles"),
    ),
    "media": (
        "UpdateProjectMasterList",
        lambda a: a.get(f"{a.outputs['projectId']}/_media/game.png"),
        lambda a: a.get("p/Trials/u/1"),
    ),
    "published-media": (
        "UpdateProjectMasterList",
        lambda a: a.put_on_site("media/roles"),
        lambda a: a.put_on_site("roles.js"),
    ),
    "listed-media": (
        "UpdateProjectMasterList",
        lambda a: a.list_site("media/p/"),
        lambda a: a.list_site(""),
    ),
    "page": ("PublishSite", lambda a: a.put_on_site("roles.js"), lambda a: a.put_on_site("media/roles")),
    "page-only": ("PublishSite", lambda a: a.list_site(""), lambda a: a.put("p/Users/roles")),
    "trials": ("Task", lambda a: a.put("p/Trials/roles"), lambda a: a.put("p/Users/roles")),
}


@pytest.fixture(scope="module")
def actors(running_platform: RunningPlatform) -> Callable[[str], Actor]:
    """Return a factory of actors, each with a copy of a role's policies that the test may assume."""
    account = AccountView(running_platform)
    iam, sts = account.client("iam"), account.client("sts")
    stack = account.client("cloudformation").describe_stack_resources(StackName=account.outputs["stack"])
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in stack["StackResources"]}
    made: dict[str, Actor] = {}

    def make(role: str) -> Actor:
        if role in made:
            return made[role]
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        copy = iam.create_role(RoleName=f"copy-{role}", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        policy = iam.get_role_policy(RoleName=names[f"{role}Role"], PolicyName="least")["PolicyDocument"]
        text = policy if isinstance(policy, str) else json.dumps(policy)
        iam.put_role_policy(RoleName=f"copy-{role}", PolicyName="least", PolicyDocument=text)
        session = sts.assume_role(RoleArn=copy, RoleSessionName="test")["Credentials"]
        made[role] = Actor(account, session)
        return made[role]

    return make


def is_denied(call: Call, actor: Actor) -> bool:
    """Return whether IAM refuses a call. A call that the service itself refuses was allowed."""
    try:
        call(actor)
    except ClientError as error:
        return error.response["Error"]["Code"] in DENIALS
    return False


@pytest.mark.parametrize("case", PAIRS)
def test_a_role_may_make_its_calls_and_no_similar_ones(actors: Callable[[str], Actor], case: str) -> None:
    """Given the deployed policies of a role, one call is allowed and a similar one is refused."""
    role, allowed, refused = PAIRS[case]
    actor = actors(role)

    assert not is_denied(allowed, actor)
    assert is_denied(refused, actor)
