"""A researcher, tagged with a project, who publishes, pushes images, registers tasks and reads their data.

IAM decides before a service reads a request, so a request that is refused for its content is recorded too.
"""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.e2e.account_view import AccountView
from tests.permissions.options import EXTRA_BUCKET
from tests.permissions.studies import ONE_PAGE, put_pages

# The tag's own value, and one id that starts with it and a hyphen.
TAG = "lab"
PROJECTS = (TAG, f"{TAG}-one")
POLICIES = ("ResearcherPolicy", "ResearcherExtraBucketsPolicy")
_DIGEST = "sha256:" + "0" * 64


def research(account: AccountView) -> None:
    """Do everything that a researcher must be able to do, for both projects, in both buckets."""
    client = make_clients(account)
    for project in PROJECTS:
        for bucket in (account.outputs["bucket"], EXTRA_BUCKET):
            use_bucket(client("s3"), bucket, project)
        push_image(client("ecr"), project)
        register(client("ecs"), account, project)
        read_logs(client("logs"), f"/hippo/hippo/{project}")
        read_server(client("s3"), account, project)
        put_pages(account, account.outputs["bucket"], project)
        publish(client("lambda"), client("s3"), account, project)
    read_stack(client("ssm"))


def make_clients(
    account: AccountView,
    name: str = "researcher",
    policies: tuple[str, ...] = POLICIES,
    **more_tags: str,
) -> Callable[[str], Any]:
    """Create a user with the tag, optional other tags and some policies, and return their clients by
    service."""
    iam = account.client("iam")
    resources = account.client("cloudformation").describe_stack_resources(StackName=account.outputs["stack"])
    arns = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources["StackResources"]}
    tags = {"hippo-project": TAG, **{key.replace("_", "-"): value for key, value in more_tags.items()}}
    iam.create_user(UserName=name, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    for policy in policies:
        iam.attach_user_policy(UserName=name, PolicyArn=arns[policy])
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def client(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]  # the type checker does not know the name
            endpoint_url=account.outputs["endpointUrl"],
            region_name=account.outputs["region"],
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )

    return client


def use_bucket(s3: Any, bucket: str, project: str) -> None:
    """Upload as the deployment script does, list, read, delete, and abort an upload in parts."""
    for name in ("page.html", "page.css", "_media/page.png"):
        key = f"{project}/{name}"
        s3.put_object(Bucket=bucket, Key=key, Body=b"", ACL="private")
        s3.list_objects_v2(Bucket=bucket, Prefix=f"{project}/")
        s3.get_object(Bucket=bucket, Key=key)
        s3.delete_object(Bucket=bucket, Key=key)
        begun = s3.create_multipart_upload(Bucket=bucket, Key=key)
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=begun["UploadId"])
    s3.put_object(Bucket=bucket, Key=f"{project}/_keys/links", Body=b"0" * 32)


def read_server(s3: Any, account: AccountView, project: str) -> None:
    """Read the server record of one of the project's participants, as the platform leaves it."""
    root, key = account.client("s3"), f"_servers/u-of-{project}.json"
    where = {"Bucket": account.outputs["bucket"], "Key": key}
    root.put_object(**where, Body=b"{}", Tagging=f"hippo-project={project}")
    s3.get_object(**where)
    root.delete_object(**where)


def push_image(ecr: Any, repository: str) -> None:
    """Make the calls of the Docker client, and before it those of the deployment script."""
    ecr.get_authorization_token()
    ecr.describe_repositories()
    tags = [{"Key": "hippo:stack", "Value": "hippo"}]
    arn = ecr.create_repository(repositoryName=repository, tags=tags)["repository"]["repositoryArn"]
    ecr.list_tags_for_resource(resourceArn=arn)
    ecr.tag_resource(resourceArn=arn, tags=tags)
    of = {"repositoryName": repository}
    for call in (
        lambda: ecr.list_images(**of),
        lambda: ecr.describe_images(**of),
        lambda: ecr.batch_check_layer_availability(**of, layerDigests=[_DIGEST]),
        lambda: ecr.batch_get_image(**of, imageIds=[{"imageTag": "latest"}]),
        lambda: ecr.initiate_layer_upload(**of),
        lambda: ecr.upload_layer_part(
            **of, uploadId=_DIGEST, partFirstByte=0, partLastByte=0, layerPartBlob=b"0"
        ),
        lambda: ecr.complete_layer_upload(**of, uploadId=_DIGEST, layerDigests=[_DIGEST]),
        lambda: ecr.put_image(**of, imageManifest="{}", imageTag="latest"),
    ):
        with contextlib.suppress(ClientError):
            call()


def register(ecs: Any, account: AccountView, family: str) -> None:
    """Search for a task definition and register one with the stack's two roles."""
    ecs.list_task_definitions(familyPrefix=family)
    outputs = account.outputs["stackOutputs"]
    ecs.register_task_definition(
        family=family,
        networkMode="awsvpc",
        taskRoleArn=outputs["TaskRoleArn"],
        executionRoleArn=outputs["TaskExecutionRoleArn"],
        containerDefinitions=[{"name": family, "image": family}],
    )
    ecs.describe_task_definition(taskDefinition=family)


def read_logs(logs: Any, group: str) -> None:
    """Read the output of game servers; there may be none yet."""
    for call in (
        lambda: logs.describe_log_streams(logGroupName=group),
        lambda: logs.filter_log_events(logGroupName=group),
        lambda: logs.get_log_events(logGroupName=group, logStreamName="one"),
    ):
        with contextlib.suppress(ClientError):
            call()


def publish(client: Any, s3: Any, account: AccountView, project: str) -> None:
    """Write the project's own config, and invoke the update function."""
    name = account.outputs["stackOutputs"]["UpdateFunctionName"]
    config = {**ONE_PAGE, "id": project, "ecsTask": project}
    where = {"Bucket": account.outputs["bucket"], "Key": f"{project}/_config.json"}
    s3.put_object(**where, Body=json.dumps(config).encode())
    answer = client.invoke(FunctionName=name, Payload=json.dumps(config).encode())
    assert json.loads(answer["Payload"].read())["statusCode"] == 200


def read_stack(ssm: Any) -> None:
    """Find the stack, as a command line tool does."""
    found = ssm.get_parameters_by_path(Path="/hippo/hippo")["Parameters"]
    names = [parameter["Name"] for parameter in found]
    ssm.get_parameter(Name=names[0])
    ssm.get_parameters(Names=names)
