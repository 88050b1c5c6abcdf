"""The template: own environment and role for each function, and no permission wider than needed."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from template_file import FUNCTIONS, ROOT, as_list, get_function, list_statements, load_template

from hippo import settings
from hippo.servers.task_events import DETAIL_TYPE, is_task_event, read_task_end

SETTINGS = {
    "next_step": settings.NextStepSettings,
    "start_server": settings.StartServerSettings,
    "stop_server": settings.StopServerSettings,
    "send_start_server_message": settings.SendStartSettings,
    "send_stop_server_message": settings.SendStopSettings,
    "update_project_master_list": settings.UpdateListSettings,
    "publish_site": settings.PublishSiteSettings,
    "guard_deletion": settings.GuardDeletionSettings,
}
LEAST_TIMEOUTS = {
    "next_step": 10,
    "start_server": 300,
    "stop_server": 60,
    "send_start_server_message": 3,
    "send_stop_server_message": 3,
    "update_project_master_list": 3,
    "publish_site": 60,
    "guard_deletion": 60,
}
# The template has the reason for each above its statement.
WILDCARD_RESOURCES = {
    ("StartServerRole", "CreateClusters"),
    ("StartServerRole", "GameContainers"),
    ("StartServerRole", "ListTasks"),
    ("StartServerRole", "Addresses"),
    ("StopServerRole", "ListTasks"),
    ("StopServerRole", "ListClusters"),
    ("StopServerRole", "ListRules"),
    ("TaskExecutionRole", "RegistryLogin"),
    ("GuardDeletionRole", "ListClusters"),
    ("GuardDeletionRole", "ListRules"),
}
ALLOWED_WITHOUT_RESOURCE = {
    "ecs:CreateCluster",
    "ecs:DescribeTaskDefinition",
    "ecs:ListClusters",
    "ecs:ListTasks",
    "ec2:DescribeNetworkInterfaces",
    "ecr:GetAuthorizationToken",
    "events:ListRules",
}


def resources_of(kind: str) -> dict[str, dict]:
    """Return the template's resources of a type."""
    return {k: r for k, r in load_template()["Resources"].items() if r["Type"] == kind}


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_environment_is_what_the_settings_read(folder):
    """Given a function, it gets exactly the variables that its settings class reads."""
    variables = get_function(folder)["Environment"]["Variables"]
    assert sorted(variables) == sorted(settings.variable_names(SETTINGS[folder]))


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_function_has_its_own_role_log_group_and_time(folder):
    """Given a function, it has its own code, role and log group, and enough time."""
    name, function = FUNCTIONS[folder], get_function(folder)
    assert function["CodeUri"] == f"functions/{folder}/"
    assert function["Role"] == {"Fn::GetAtt": f"{name}Role.Arn"}
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": f"{name}LogGroup"}
    retention = load_template()["Resources"][f"{name}LogGroup"]["Properties"]["RetentionInDays"]
    assert retention == {"Ref": "LogRetentionDays"}
    assert function["Timeout"] >= LEAST_TIMEOUTS[folder]


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_function_may_write_its_log(folder):
    """Given a function, its role may write its log, which AWS requires and the local platform does not."""
    name = FUNCTIONS[folder]
    (statement,) = [s for s in list_statements(f"{name}Role") if s["Sid"] == "Logs"]
    assert sorted(statement["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == {"Fn::GetAtt": f"{name}LogGroup.Arn"}


def test_api_may_invoke_what_it_integrates():
    """Given a method and path, the function's own policy admits API Gateway, which otherwise responds with
    500, and which the local platform does not check (Lambda guide, "Using resource-based policies for
    Lambda")."""
    permissions = {
        (p["Properties"]["FunctionName"]["Ref"], p["Properties"]["SourceArn"]["Fn::Sub"].split("/", 2)[2])
        for p in resources_of("AWS::Lambda::Permission").values()
        if p["Properties"]["Principal"] == "apigateway.amazonaws.com"
    }
    paths = load_template()["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]
    integrated = {
        (re.search(r"\$\{(\w+)\.Arn\}", uri["Fn::Sub"])[1], f"{method.upper()}{path}")
        for path, methods in paths.items()
        for method, operation in methods.items()
        if (uri := operation["x-amazon-apigateway-integration"].get("uri"))
    }
    assert integrated
    assert [
        (function, route)
        for function, route in integrated
        if not any(f == function and fnmatchcase(route, pattern) for f, pattern in permissions)
    ] == []


@pytest.mark.parametrize("folder", ["start_server", "stop_server"])
def test_asynchronous_function_is_retried_and_dead_lettered(folder):
    """Given a message from SNS, it is tried three times and then kept in a queue of the function's own."""
    name, function = FUNCTIONS[folder], get_function(folder)
    assert function["EventInvokeConfig"]["MaximumRetryAttempts"] == 2
    assert function["EventInvokeConfig"]["MaximumEventAgeInSeconds"] <= 6 * 3600
    assert function["DeadLetterQueue"]["TargetArn"] == {"Fn::GetAtt": f"{name}DeadLetterQueue.Arn"}
    assert any(s["Action"] == "sqs:SendMessage" for s in list_statements(f"{name}Role"))


def test_no_action_is_a_wildcard():
    """Given a role, each of its actions is spelled out."""
    roles = resources_of("AWS::IAM::Role")
    actions = [a for role in roles for s in list_statements(role) for a in as_list(s["Action"])]
    assert actions
    assert [a for a in actions if "*" in a] == []


def test_wildcard_resources_are_the_known_ones():
    """Given the statements on `*`, they are the listed actions, for which AWS has no resource-level
    permission."""
    found = {
        (role, statement["Sid"]): statement
        for role in resources_of("AWS::IAM::Role")
        for statement in list_statements(role)
        if "*" in as_list(statement["Resource"])
    }
    assert set(found) == WILDCARD_RESOURCES
    assert {a for s in found.values() for a in as_list(s["Action"])} == ALLOWED_WITHOUT_RESOURCE


def test_wildcard_resources_have_their_reason():
    """Given a statement on `*`, a comment directly above it gives the reason."""
    lines = (ROOT / "template.yaml").read_text(encoding="utf-8").splitlines()
    for _, sid in WILDCARD_RESOURCES:
        places = [n for n, line in enumerate(lines) if line.strip() == f"- Sid: {sid}"]
        assert places, sid
        assert any(lines[n - 1].strip().startswith("#") for n in places), sid


def test_eventbridge_may_publish_to_the_stop_topic_without_condition():
    """Given the policy of the stop topic, it has no Condition, with which EventBridge would fail silently."""
    (policy,) = resources_of("AWS::SNS::TopicPolicy").values()
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Resource"] == {"Ref": "StopServerTopic"}
    assert "Condition" not in statement
    assert "KmsMasterKeyId" not in load_template()["Resources"]["StopServerTopic"].get("Properties", {})


def test_rules_notify_the_stop_topic():
    """Given the stack's rules, the sweep's input is what stop_server reads, and only stopped tasks of this
    stack's clusters are reported."""
    resources = load_template()["Resources"]
    (target,) = resources["SweepRule"]["Properties"]["Targets"]
    assert target["Arn"] == {"Ref": "StopServerTopic"}
    assert json.loads(target["Input"]) == {"sweep": True}
    told = resources["TaskEndRule"]["Properties"]
    assert [t["Arn"] for t in told["Targets"]] == [{"Ref": "StopServerTopic"}]
    assert told["EventPattern"]["source"] == ["aws.ecs"]
    assert told["EventPattern"]["detail-type"] == [DETAIL_TYPE]
    (cluster,) = told["EventPattern"]["detail"]["clusterArn"]
    assert cluster["prefix"]["Fn::Sub"].endswith(":cluster/${Prefix}-")


def transform(event):
    """Return what the rule makes of an event, as EventBridge does: it writes the values of paths as JSON."""
    (target,) = resources_of("AWS::Events::Rule")["TaskEndRule"]["Properties"]["Targets"]
    text = target["InputTransformer"]["InputTemplate"]
    for name, path in target["InputTransformer"]["InputPathsMap"].items():
        value = event
        for part in path.removeprefix("$.").split("."):
            value = value[part]
        text = text.replace(f"<{name}>", json.dumps(value))
    return json.loads(text)


def test_event_of_a_task_passes_without_its_variables():
    """Given the event of a task that has stopped, its ticket key does not pass, and stop_server reads the
    rest as it reads the whole event."""
    detail = {
        "clusterArn": "arn:aws:ecs:ca-central-1:123456789012:cluster/hippo-2-ada",
        "taskArn": "arn:task",
        "startedBy": "hippo-2-ada",
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": 'Essential container in task "exited"',
        "containers": [{"name": "game", "exitCode": 0}, {"name": "never started"}],
        "overrides": {
            "containerOverrides": [{"environment": [{"name": "HIPPO_TICKET_KEY", "value": "the-key"}]}]
        },
    }
    event = {"source": "aws.ecs", "detail-type": DETAIL_TYPE, "resources": ["arn:task"], "detail": detail}
    now = datetime(2030, 1, 1, tzinfo=UTC)

    passed = transform(event)

    assert "the-key" not in json.dumps(passed)
    assert passed["detail"] == {name: value for name, value in detail.items() if name != "overrides"}
    assert is_task_event(passed)
    assert read_task_end(passed, "hippo", now) == read_task_end(event, "hippo", now) is not None


def test_only_records_of_their_projects_are_read_by_people():
    """Given policies of people, each statement that reads server records requires the project's tag."""
    tags = {
        name: statement.get("Condition", {}).get("StringLike", {}).get("s3:ExistingObjectTag/hippo-project")
        for name, policy in resources_of("AWS::IAM::ManagedPolicy").items()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "s3:GetObject" in as_list(statement["Action"])
        and "/_servers/" in json.dumps(statement["Resource"])
    }

    own = ["${aws:PrincipalTag/hippo-project}", "${aws:PrincipalTag/hippo-project}-*"]
    assert tags == {"ResearcherPolicy": own, "StewardPolicy": own}


def test_each_dead_letter_queue_has_an_alarm():
    """Given a dead-letter queue, an alarm notifies the operator's address, if there is one, of permanent
    failures."""
    alarms = [a["Properties"] for a in resources_of("AWS::CloudWatch::Alarm").values()]
    watched = {
        d["Value"]["Fn::GetAtt"].removesuffix(".QueueName")
        for alarm in alarms
        for d in alarm.get("Dimensions", [])
        if d["Name"] == "QueueName"
    }
    assert watched == set(resources_of("AWS::SQS::Queue"))
    assert all(alarm["AlarmActions"]["Fn::If"][0] == "HasAlarmEmail" for alarm in alarms)


def test_bucket_is_private_versioned_and_survives_the_stack():
    """Given `sam delete`, participants' answers are kept, and they are not readable over the internet."""
    bucket = load_template()["Resources"]["DataBucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}


def test_every_parameter_is_described_and_grouped():
    """Given a parameter, `sam deploy --guided` and the console show its description and its group."""
    template = load_template()
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for g in groups for name in g["Parameters"]) == sorted(template["Parameters"])
    assert all(parameter.get("Description") for parameter in template["Parameters"].values())


def test_table_of_contents_lists_the_sections_in_their_order():
    """Given the template, its contents list its keys and the sections of its resources in their order."""
    contents, text = (ROOT / "template.yaml").read_text(encoding="utf-8").split("\n\n", 1)
    names = re.findall(r"^#   (?:  - )?(\S+(?: \S+)*)", contents, re.MULTILINE)
    sections = re.findall(r"^(?:([A-Z][a-z]+):$|  # ---- (.+?) -+$)", text, re.MULTILINE)

    assert names == [key or section for key, section in sections]
    assert len(set(names)) == len(names) == 28


def test_every_refusal_of_the_api_carries_cors():
    """Given an error response of API Gateway itself, it carries CORS headers, without which browsers hide it
    from the page."""
    body = load_template()["Resources"]["Api"]["Properties"]["DefinitionBody"]
    responses = body["x-amazon-apigateway-gateway-responses"]
    for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
        headers = responses[kind]["responseParameters"]
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
    assert all("options" in methods for methods in body["paths"].values())


def test_changed_parameters_of_the_api_are_deployed():
    """Given a changed ControlAuthorization, AlwaysDeploy brings it to the stage although SAM names a
    deployment by the body before parameters are filled in, and OpenApiVersion prevents an unthrottled
    second stage."""
    api = load_template()["Resources"]["Api"]["Properties"]
    assert api["AlwaysDeploy"] is True
    assert api["OpenApiVersion"] == api["DefinitionBody"]["openapi"]


def test_control_endpoints_are_guarded_unless_opened():
    """Given the defaults, the endpoints that start and stop paid servers require a signed request."""
    template = load_template()
    assert template["Parameters"]["ControlAuthorization"]["Default"] == "AWS_IAM"
    paths = template["Resources"]["Api"]["Properties"]["DefinitionBody"]["paths"]
    for path in ("/start", "/stop"):
        assert paths[path]["get"]["security"] == {"Fn::If": ["ControlIsOpen", [], [{"sigv4": []}]]}


@pytest.mark.parametrize(
    "command",
    [
        ["cfn-lint", "template.yaml"],
        ["sam", "validate", "--lint", "--template", "template.yaml", "--region", "ca-central-1"],
    ],
    ids=lambda command: command[0],
)
def test_linters_accept_the_template(command):
    """Given the template, cfn-lint and the SAM CLI's own validation report nothing."""
    tool = Path(sys.executable).with_name(command[0])
    env = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run([tool, *command[1:]], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, json.dumps({"out": done.stdout, "err": done.stderr}, indent=1)
