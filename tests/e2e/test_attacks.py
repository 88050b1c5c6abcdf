"""Attacks on the deployed stack, each by the role or the person that could try it. All are refused.

Each attack comes with the most similar call that the same principal may make. So a refusal does not mean that
nothing is allowed.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from hippo_local.publish import Publication
from hippo_local.study import read_study
from tests.e2e.account_view import AccountView
from tests.e2e.attacks import ATTACKS, OTHER_BUCKET
from tests.e2e.principals import ADMIN_ROLE, NEIGHBOUR, PROJECT, TAG, Principal, Principals
from tests.e2e.running_platform import REPOSITORY, RunningPlatform
from tests.e2e.test_roles import is_denied
from tests.permissions.studies import ONE_PAGE

pytestmark = pytest.mark.e2e

STUDY = "mountain_car"
# The project that the tag of each server record names.
SERVERS = {"own": PROJECT, "begins-so": f"{PROJECT}-one", "of-another": NEIGHBOUR, "of-none": ""}


@pytest.fixture(scope="module")
def principals(running_platform: RunningPlatform) -> Principals:
    """Return the principals, and create all that they try to read: S3 refuses missing objects too."""
    account = AccountView(running_platform)
    everyone = Principals(account)
    operator = everyone.find("Operator")
    s3, bucket = operator.client("s3"), operator.outputs["bucket"]
    place = {"LocationConstraint": operator.outputs["region"]}
    s3.create_bucket(Bucket=OTHER_BUCKET, CreateBucketConfiguration=place)
    s3.put_object(Bucket=OTHER_BUCKET, Key=f"{PROJECT}/Users/attacks")
    for project in (PROJECT, NEIGHBOUR):
        for key in ("consent.html", "Users/attacks", "Trials/attacks/1", "_keys/links", "_config.json"):
            s3.put_object(Bucket=bucket, Key=f"{project}/{key}", Body=b"{}")
        operator.client("logs").create_log_group(
            logGroupName=f"{operator.name_of('LogGroupPrefix')}{project}"
        )
        operator.client("ecr").create_repository(repositoryName=project)
    s3.put_object(Bucket=bucket, Key="SSL/privkey.pem")
    for key, project in SERVERS.items():
        tags = f"{TAG}={project}" if project else ""
        s3.put_object(Bucket=bucket, Key=f"_servers/attacks-{key}.json", Body=b"{}", Tagging=tags)
    everyone.make_role(ADMIN_ROLE)
    operator.register(PROJECT, operator.name_of("TaskRoleArn"))
    return everyone


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused(principals: Principals, attack: str) -> None:
    """Given a principal that could try an attack, it is refused and the most similar call is allowed."""
    who, allowed, refused = ATTACKS[attack]
    principal = principals.find(who)

    assert not is_denied(allowed, principal)
    assert is_denied(refused, principal)


@pytest.mark.parametrize("who", ["Researcher", "Steward"])
def test_nobody_changes_functions_people_or_the_stack(principals: Principals, who: str) -> None:
    """Given people with policies, calls that would change the stack or anyone's permissions are refused."""
    researcher = principals.find(who)
    function = principals.find_resource("StopServerFunction")
    role = principals.find_resource("TaskRole")
    bucket, rule = researcher.outputs["bucket"], principals.find_resource("SweepRule")
    topic = researcher.name_of("StopServerTopicArn")
    s3, events, sns = (researcher.client(name) for name in ("s3", "events", "sns"))
    own, task_role = researcher.name_of(f"{who}PolicyArn"), researcher.name_of("TaskRoleArn")
    iam, functions = researcher.client("iam"), researcher.client("lambda")
    user = researcher.client("sts").get_caller_identity()["Arn"].rsplit("/", 1)[-1]
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    attempts: list[Callable[[Principal], Any]] = [
        lambda _: researcher.invoke(function),
        lambda _: researcher.replace_code(function),
        lambda _: functions.update_function_configuration(FunctionName=function, Timeout=1),
        lambda _: functions.get_function_configuration(FunctionName=function),
        lambda _: functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0),
        lambda _: functions.delete_function(FunctionName=function),
        lambda _: iam.tag_user(UserName=user, Tags=[{"Key": TAG, "Value": "another"}]),
        lambda _: iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=policy),
        lambda _: iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=policy),
        lambda _: iam.create_policy_version(PolicyArn=own, PolicyDocument=policy, SetAsDefault=True),
        lambda _: iam.create_access_key(UserName=user),
        lambda _: researcher.client("sts").assume_role(RoleArn=task_role, RoleSessionName="attacks"),
        lambda _: s3.put_bucket_policy(Bucket=bucket, Policy=policy),
        lambda _: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}),
        lambda _: s3.delete_bucket(Bucket=bucket),
        lambda _: sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://example.org"),
        lambda _: sns.delete_topic(TopicArn=topic),
        lambda _: events.disable_rule(Name=rule),
        lambda _: researcher.client("cloudformation").delete_stack(StackName=researcher.outputs["stack"]),
    ]

    assert [is_denied(attempt, researcher) for attempt in attempts] == [True] * len(attempts)


@pytest.mark.parametrize("path", ["startUrl", "stopUrl"])
def test_only_the_operator_may_use_the_control_endpoints(principals: Principals, path: str) -> None:
    """Given unsigned requests and those of people with policies, only the operator's are admitted."""
    account = principals.find("Researcher").account
    keys = account.outputs["credentials"]
    operator = Principal(
        account, {"AccessKeyId": keys["accessKeyId"], "SecretAccessKey": keys["secretAccessKey"]}
    )
    url = account.outputs[path]  # without ids: an admitted request gets a 400

    assert operator.call_api(url, signed=False) == 403
    assert [principals.find(who).call_api(url) for who in ("Researcher", "Steward")] == [403, 403]
    assert operator.call_api(url) == 400
    assert operator.call_api(account.outputs["nextUrl"], signed=False) == 400


class ResearcherAws:
    """The part of hippo_local.aws.Aws that publishing needs, with a researcher's credentials."""

    def __init__(self, researcher: Principal) -> None:
        self.endpoint_url = researcher.outputs["endpointUrl"]
        self.make_client = researcher.client


def test_a_researcher_publishes_a_study(principals: Principals) -> None:
    """Given only the researchers' policy, pages, media, list and task definition are published."""
    researcher = principals.make_researcher(STUDY)
    study = read_study(REPOSITORY / "examples" / STUDY)
    aws: Any = ResearcherAws(researcher)

    warnings = Publication(study, aws, researcher.outputs["stackOutputs"]).publish()

    assert warnings == []


def test_the_existing_deployment_script_works(principals: Principals) -> None:
    """Given a task definition, every other call of updateProject.py succeeds, with a new repository."""
    researcher = principals.find("Researcher")
    ecr = researcher.client("ecr")
    config = {"id": f"{PROJECT}-script", "name": "", "ecsTask": PROJECT}

    researcher.put_page(f"{PROJECT}/script.html")
    answer = researcher.client("lambda").invoke(
        FunctionName=researcher.name_of("UpdateFunctionName"),
        LogType="Tail",
        Payload=json.dumps(config).encode(),
    )
    repositories = ecr.describe_repositories()["repositories"]
    made = ecr.create_repository(repositoryName=f"{PROJECT}-script")["repository"]
    images = ecr.list_images(repositoryName=f"{PROJECT}-script", maxResults=1)
    ecr.get_authorization_token()
    definitions = researcher.client("ecs").list_task_definitions(familyPrefix=PROJECT)

    assert answer["StatusCode"] == 200
    assert made["repositoryUri"].endswith(f"/{PROJECT}-script")
    assert made["repositoryName"] not in [one["repositoryName"] for one in repositories]
    assert images["imageIds"] == []
    assert definitions["taskDefinitionArns"]


def test_tools_find_the_stack(principals: Principals) -> None:
    """Given a researcher who knows the prefix, the parameters hold the stack's outputs and its limits."""
    researcher = principals.find("Researcher")
    pages = researcher.client("ssm").get_paginator("get_parameters_by_path")
    path = researcher.name_of("ParametersPath")

    found = {
        one["Name"].removeprefix(path): one["Value"]
        for page in pages.paginate(Path=path)
        for one in page["Parameters"]
    }

    outputs = researcher.outputs["stackOutputs"]
    assert {name: value for name, value in found.items() if name in outputs}
    assert all(outputs[name] == value for name, value in found.items() if name in outputs)
    assert found["StackName"] == researcher.outputs["stack"]
    assert {"RootDomain", "MaxRuntime", "MaxServers"} <= set(found) - set(outputs)


def test_a_refused_call_is_distinguished_from_a_failed_one(principals: Principals) -> None:
    """Given a call that IAM allows and the service refuses, it does not count as a refused attack."""
    researcher = principals.find("Researcher")

    def look(principal: Principal) -> None:
        principal.client("ecr").list_images(repositoryName=f"{PROJECT}-nowhere")

    with pytest.raises(ClientError, match="RepositoryNotFound"):
        look(researcher)
    assert not is_denied(look, researcher)


def test_a_colleagues_study_stays_as_it_is(principals: Principals) -> None:
    """Given a published study of a colleague, no direct invocation by another researcher changes it."""
    colleague, researcher = principals.make_researcher("colleague"), principals.find("Researcher")
    function, bucket = colleague.name_of("UpdateFunctionName"), colleague.outputs["bucket"]
    config = {**ONE_PAGE, "id": "colleague", "ecsTask": "colleague:1", "signedLinks": True}

    def invoke(who: Principal, event: dict[str, Any]) -> int:
        answer = who.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return int(json.loads(answer["Payload"].read())["statusCode"])

    for name in ("consent.html", "thanks.html", "style.css"):
        colleague.put_page(f"colleague/{name}")
    own = {"Bucket": bucket, "Key": "colleague/_config.json", "Body": json.dumps(config).encode()}
    colleague.client("s3").put_object(**own)
    assert invoke(colleague, config) == 200
    before = colleague.account.read_json("project_master_list.json")

    attacks: list[dict[str, Any]] = [
        {**config, "signedLinks": False},
        {**config, "ecsTask": f"{PROJECT}:1"},
        {**config, "completion": {"url": "https://foreign.example.org/?id={PROLIFIC_PID}"}},
        {"projectId": "colleague", "live": False},
        {"projectId": "colleague", "deleted": True},
    ]
    assert [invoke(researcher, event) for event in attacks] == [400] * len(attacks)
    assert is_denied(lambda one: one.client("s3").put_object(**own), researcher)
    assert colleague.account.read_json("project_master_list.json") == before
