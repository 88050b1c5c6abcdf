"""Requests of the handlers on the simulator's fault paths, as IAM would see them.

Each operation follows the Service Authorization Reference
(see also hippo_local/emulator/iam/authorization.py). The task definition names the roles of a task,
and the simulator has no task definitions, so iam:PassRole is in the local platform's record only.
"""

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from itertools import islice
from typing import Any
from unittest import mock

from tests.permissions.policies import ACCOUNT, NEEDED, REGION
from tests.permissions.requests import Request
from tests.simulation import cases
from tests.simulation.boundary import Boundary, Fault, Point
from tests.simulation.deployment import BUCKET, DEPLOYMENT, ROOT_DOMAIN, START_TOPIC, STOP_TOPIC
from tests.simulation.participants import Request as Step
from tests.simulation.world import World

Check = tuple[str, str, dict[str, Any]]  # action, resource, condition keys
Arguments = dict[str, Any]
ROLES = {
    "start_server": "StartServerRole",
    "stop_server": "StopServerRole",
    "next_step": "NextStepRole",
    "update_project_master_list": "UpdateProjectMasterListRole",
}
_BUCKETS = {BUCKET: "DataBucket"}
_TOPICS = {START_TOPIC: "StartServerTopic", STOP_TOPIC: "StopServerTopic"}
_ZONE = f"arn:aws:route53:::hostedzone/{NEEDED['HostedZoneId']}"


def record_simulation(every: int = 1) -> set[Request]:
    """Return the requests of all acts with one fault at every call (half a minute), or of every nth case."""
    requests: set[Request] = set()
    known: set[tuple[str, ...]] = set()

    def note(program: str, operation: str, arguments: Arguments) -> None:
        function = program.rpartition("-")[0]
        asked = (function, operation, *(f"{k}={v}" for k, v in arguments.items() if k != "Body"))
        if function in ROLES and asked not in known:
            known.add(asked)
            requests.update(_judge(ROLES[function], operation, arguments))

    # The handlers write their metrics to standard output.
    with DEPLOYMENT.install(), redirect_stdout(io.StringIO()):
        Boundary.observer = note
        try:
            for act in cases.ACTS:
                for case in islice(cases.list_single(act), 0, None, every):
                    cases.run_case(case)
            for show in (change_security_group, leave_queue, lose_start):
                show()
        finally:
            Boundary.observer = None
    return requests


def change_security_group() -> None:
    """Cut a start off after RunTask, and deploy another security group before it is repeated: a conflict."""
    world = World()
    runs: list[Point] = []

    def choose(point: Point) -> Fault | None:
        if point.operation != "ecs:RunTask":
            return None
        runs.append(point)
        os.environ["SECURITY_GROUP"] = "sg-2"
        return Fault.KILLED if len(runs) == 1 else None

    world.boundary.choose_fault = choose
    with mock.patch.dict(os.environ):
        world.send_start()
        world.settle()
    assert len(runs) > 1


def leave_queue() -> None:
    """Let a waiting participant leave, and remove them from the queue when a slot is free."""
    world = World(max_servers=1)
    world.bring_up("first")
    world.send_start("second")
    world.scheduler.wait(600)
    world.send_stop("first")
    world.settle()


def lose_start() -> None:
    """Lose the start message in SNS: after a minute the participant's name is looked up."""
    world = World()
    world.sns.plan_delivery = lambda message: []
    person = world.meet()
    while person.step < 3:
        person.go_on()
    world.scheduler.wait(90)
    person.send(Step("GET", None, person.step - 1))


def _judge(role: str, operation: str, arguments: Arguments) -> Iterator[Request]:
    for action, resource, context in CHECKS[operation](arguments):
        keys = {key.lower(): value for key, value in context.items()}
        text = json.dumps(keys, sort_keys=True).replace(ROOT_DOMAIN, NEEDED["RootDomain"])
        yield Request(role, action, resource, text)


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _object(arguments: Arguments) -> str:
    return f"arn:aws:s3:::{_BUCKETS[arguments['Bucket']]}/{arguments['Key']}"


def _on_object(action: str) -> Callable[[Arguments], Iterator[Check]]:
    def check(arguments: Arguments) -> Iterator[Check]:
        yield action, _object(arguments), {}
        if arguments.get("Tagging"):
            yield "s3:PutObjectTagging", _object(arguments), {}

    return check


def _list_bucket(arguments: Arguments) -> Iterator[Check]:
    keys = {"s3:prefix": arguments["Prefix"]}
    if arguments.get("Delimiter"):
        keys["s3:delimiter"] = arguments["Delimiter"]
    yield "s3:ListBucket", f"arn:aws:s3:::{_BUCKETS[arguments['Bucket']]}", keys


def _publish(arguments: Arguments) -> Iterator[Check]:
    yield "sns:Publish", _arn("sns", _TOPICS[arguments["TopicArn"]]), {}


def _on_rule(action: str, name: str) -> Callable[[Arguments], Iterator[Check]]:
    def check(arguments: Arguments) -> Iterator[Check]:
        rule = _arn("events", f"rule/{arguments[name]}")
        keys: dict[str, Any] = {}
        if action == "events:PutTargets":
            keys["events:TargetArn"] = [
                _arn("sns", _TOPICS[target["Arn"]]) for target in arguments["Targets"]
            ]
        tags = {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in arguments.get("Tags", ())}
        yield action, rule, {**keys, **tags}
        if tags:
            yield "events:TagResource", rule, tags

    return check


def _cluster(name: str) -> dict[str, str]:
    return {"ecs:cluster": _arn("ecs", f"cluster/{name}")}


def _tags(arguments: Arguments) -> dict[str, str]:
    return {f"aws:RequestTag/{tag['key']}": tag["value"] for tag in arguments.get("tags", ())}


def _create_cluster(arguments: Arguments) -> Iterator[Check]:
    tags = _tags(arguments)
    yield "ecs:CreateCluster", "*", tags
    created = {**tags, "ecs:CreateAction": "CreateCluster"}
    yield "ecs:TagResource", _arn("ecs", f"cluster/{arguments['clusterName']}"), created


def _run_task(arguments: Arguments) -> Iterator[Check]:
    definition = _arn("ecs", f"task-definition/{arguments['taskDefinition']}")
    tags = _tags(arguments)
    yield "ecs:RunTask", definition, {**_cluster(arguments["cluster"]), **tags}
    task = _arn("ecs", f"task/{arguments['cluster']}/*")
    yield "ecs:TagResource", task, {**tags, "ecs:CreateAction": "RunTask"}


def _on_clusters(action: str) -> Callable[[Arguments], Iterator[Check]]:
    def check(arguments: Arguments) -> Iterator[Check]:
        for name in arguments.get("clusters") or [arguments["cluster"]]:
            yield action, _arn("ecs", f"cluster/{name}"), {}

    return check


def _on_tasks(action: str) -> Callable[[Arguments], Iterator[Check]]:
    def check(arguments: Arguments) -> Iterator[Check]:
        name = arguments["cluster"]
        for _ in arguments.get("tasks") or [arguments["task"]]:
            yield action, _arn("ecs", f"task/{name}/ID"), _cluster(name)

    return check


def _list_tasks(arguments: Arguments) -> Iterator[Check]:
    name = arguments["cluster"]
    yield "ecs:ListTasks", _arn("ecs", f"container-instance/{name}/*"), _cluster(name)


def _change_names(arguments: Arguments) -> Iterator[Check]:
    changes = arguments["ChangeBatch"]["Changes"]
    prefix = "route53:ChangeResourceRecordSets"
    keys = {
        f"{prefix}Actions": [change["Action"] for change in changes],
        f"{prefix}NormalizedRecordNames": [
            change["ResourceRecordSet"]["Name"].rstrip(".") for change in changes
        ],
        f"{prefix}RecordTypes": [change["ResourceRecordSet"]["Type"] for change in changes],
    }
    yield prefix, _ZONE, keys


def _on(action: str, resource: str) -> Callable[[Arguments], Iterator[Check]]:
    def check(_: Arguments) -> Iterator[Check]:
        yield action, resource, {}

    return check


CHECKS: dict[str, Callable[[Arguments], Iterator[Check]]] = {
    "s3:GetObject": _on_object("s3:GetObject"),
    "s3:PutObject": _on_object("s3:PutObject"),
    "s3:DeleteObject": _on_object("s3:DeleteObject"),
    "s3:ListObjectsV2": _list_bucket,
    "sns:Publish": _publish,
    "events:PutRule": _on_rule("events:PutRule", "Name"),
    "events:PutTargets": _on_rule("events:PutTargets", "Rule"),
    "events:RemoveTargets": _on_rule("events:RemoveTargets", "Rule"),
    "events:DeleteRule": _on_rule("events:DeleteRule", "Name"),
    "events:ListRules": _on("events:ListRules", "*"),
    "ecs:CreateCluster": _create_cluster,
    "ecs:DescribeClusters": _on_clusters("ecs:DescribeClusters"),
    "ecs:DeleteCluster": _on_clusters("ecs:DeleteCluster"),
    "ecs:ListClusters": _on("ecs:ListClusters", "*"),
    "ecs:RunTask": _run_task,
    "ecs:DescribeTaskDefinition": _on("ecs:DescribeTaskDefinition", "*"),
    "ecs:DescribeTasks": _on_tasks("ecs:DescribeTasks"),
    "ecs:StopTask": _on_tasks("ecs:StopTask"),
    "ecs:ListTasks": _list_tasks,
    "ec2:DescribeNetworkInterfaces": _on("ec2:DescribeNetworkInterfaces", "*"),
    "route53:ListResourceRecordSets": _on("route53:ListResourceRecordSets", _ZONE),
    "route53:ChangeResourceRecordSets": _change_names,
    "route53:GetChange": _on("route53:GetChange", "arn:aws:route53:::change/ID"),
}
