"""Principals of the account: the roles of the template, and people to whom the operator gave access."""

import io
import json
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.e2e.account_view import AccountView
from tests.e2e.test_roles import ACCOUNT, REGION, Actor

TAG = "hippo-project"
# The researcher's project, with data, a task definition, a repository and logs. The project list lacks it.
PROJECT = "attacks"
# Another researcher's project, whose id begins with the id above.
NEIGHBOUR = f"{PROJECT}2"
_POLICIES = {"Researcher": ("Researcher",), "Steward": ("Researcher", "Steward")}
ADMIN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/attacks-admin"


class Principal(Actor):
    """An actor that also tries what no part of the platform should do."""

    def name_of(self, output: str) -> str:
        """Return an output of the stack."""
        return str(self.outputs["stackOutputs"][output])

    def put_page(self, key: str) -> Any:
        """Upload an object as the existing deployment script does."""
        return self.client("s3").put_object(
            Bucket=self.outputs["bucket"], Key=key, Body=b"<p>", ContentEncoding="utf-8", ACL="private"
        )

    def read_from(self, bucket: str) -> Any:
        """Read an object that does not exist from a bucket."""
        return self.client("s3").get_object(Bucket=bucket, Key=f"{PROJECT}/Users/attacks")

    def change_record(self, action: str, name: str, kind: str = "A", value: str = "192.0.2.9") -> Any:
        """Request one change in the zone, to a record of any type."""
        record = {"Name": name, "Type": kind, "TTL": 1, "ResourceRecords": [{"Value": value}]}
        return self._change({"Action": action, "ResourceRecordSet": record})

    def change_records(self, action: str, *names: str) -> Any:
        """Request several changes in one call."""
        values = {"Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.9"}]}
        return self._change(*({"Action": action, "ResourceRecordSet": {"Name": n, **values}} for n in names))

    def _change(self, *changes: dict[str, Any]) -> Any:
        return self.client("route53").change_resource_record_sets(
            HostedZoneId=self.account.zone_id, ChangeBatch={"Changes": list(changes)}
        )

    def run_task_with(self, role: str) -> Any:
        """Run the study's task under a role that its definition does not name."""
        network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}}
        return self.client("ecs").run_task(
            cluster="hippo-1-attacks",
            taskDefinition=PROJECT,
            networkConfiguration=network,
            overrides={"taskRoleArn": role},
        )

    def register(self, family: str, role: str) -> Any:
        """Register a task definition that names a role."""
        return self.client("ecs").register_task_definition(
            family=family,
            taskRoleArn=role,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": "main", "image": "attacks"}],
        )

    def read_log(self, project: str) -> Any:
        """Read the log of a project's game servers."""
        return self.read_group(f"{self.name_of('LogGroupPrefix')}{project}")

    def read_group(self, group: str) -> Any:
        """Read a log group."""
        return self.client("logs").filter_log_events(logGroupName=group, limit=1)

    def list_versions(self, prefix: str) -> Any:
        """List object versions in the study's bucket."""
        return self.client("s3").list_object_versions(Bucket=self.outputs["bucket"], Prefix=prefix)

    def delete_version(self, key: str) -> Any:
        """Permanently delete a version that does not exist."""
        return self.client("s3").delete_object(Bucket=self.outputs["bucket"], Key=key, VersionId="0" * 32)

    def delete_published(self, key: str) -> Any:
        """Delete an object that the site serves, which may not exist."""
        return self.client("s3").delete_object(Bucket=self.name_of("SiteBucketName"), Key=key)

    def invalidate(self, distribution: str) -> Any:
        """Remove a file of a distribution from CloudFront's caches."""
        batch = {"Paths": {"Quantity": 1, "Items": ["/media/attacks.png"]}, "CallerReference": "attacks"}
        return self.client("cloudfront").create_invalidation(
            DistributionId=distribution, InvalidationBatch=batch
        )

    def tag(self, key: str, project: str) -> Any:
        """Tag an object as belonging to a project."""
        tags = {"TagSet": [{"Key": TAG, "Value": project}]}
        return self.client("s3").put_object_tagging(Bucket=self.outputs["bucket"], Key=key, Tagging=tags)

    def invoke(self, function: str) -> Any:
        """Invoke a function with an event that it refuses."""
        return self.client("lambda").invoke(FunctionName=function, Payload=b"{}")

    def replace_code(self, function: str) -> Any:
        """Replace the code of a function."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as written:
            written.writestr("app.py", "def lambda_handler(*_): return {}\n")
        return self.client("lambda").update_function_code(FunctionName=function, ZipFile=archive.getvalue())

    def call_api(self, url: str, signed: bool = True) -> int:
        """Return the status of a GET request to the API, signed by this principal or not signed."""
        request = AWSRequest("GET", url)
        if signed:
            keys = self._credentials
            credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"))
            SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
        plain = urllib.request.Request(url, headers=dict(request.headers.items()))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(plain, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


Call = Callable[[Principal], Any]


class Principals:
    """A factory of principals: copies of the template's roles, and people."""

    def __init__(self, account: AccountView) -> None:
        self._account = account
        stack = account.client("cloudformation").describe_stack_resources(StackName=account.outputs["stack"])
        self._names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in stack["StackResources"]}
        self._made: dict[str, Principal] = {}

    def find(self, who: str) -> Principal:
        """Return the operator, a person with or without a tag, or a role by its logical id without `Role`."""
        if who not in self._made:
            self._made[who] = self._make(who)
        return self._made[who]

    def find_resource(self, logical_id: str) -> str:
        """Return the physical name of a resource of the stack."""
        return self._names[logical_id]

    def _make(self, who: str) -> Principal:
        outputs = self._account.outputs
        if who == "Operator":
            keys = outputs["credentials"]
            names = {"AccessKeyId": "accessKeyId", "SecretAccessKey": "secretAccessKey"}
            return Principal(self._account, {name: keys[key] for name, key in names.items()})
        person = who.removeprefix("Untagged")
        if person not in _POLICIES:
            return self._copy_role(f"{who}Role")
        return self.make_person(PROJECT if person == who else None, *_POLICIES[person])

    def make_researcher(self, project: str) -> Principal:
        """Return a researcher whose tag names the project."""
        return self.make_person(project, *_POLICIES["Researcher"])

    def make_person(self, project: str | None, *policies: str) -> Principal:
        """Create a person with some of the stack's policies, and with the tag if `project` is given."""
        iam, name = self._account.client("iam"), f"person-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name, Tags=[{"Key": TAG, "Value": project}] if project else [])
        for policy in policies:
            arn = self._account.outputs["stackOutputs"][f"{policy}PolicyArn"]
            iam.attach_user_policy(UserName=name, PolicyArn=arn)
        return Principal(self._account, iam.create_access_key(UserName=name)["AccessKey"])

    def make_role(self, arn: str) -> None:
        """Create a role without policies that every principal of the account may assume."""
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self._account.client("iam").create_role(
            RoleName=arn.rsplit("/", 1)[-1], AssumeRolePolicyDocument=document
        )

    def _copy_role(self, role: str) -> Principal:
        iam, name = self._account.client("iam"), f"attacks-{role}"
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        self.make_role(arn)
        for policy in iam.list_role_policies(RoleName=self._names[role])["PolicyNames"]:
            found = iam.get_role_policy(RoleName=self._names[role], PolicyName=policy)["PolicyDocument"]
            text = found if isinstance(found, str) else json.dumps(found)
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text)
        session = self._account.client("sts").assume_role(RoleArn=arn, RoleSessionName="attacks")
        return Principal(self._account, session["Credentials"])
