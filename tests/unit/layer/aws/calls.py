"""One call of every method of every adapter."""

from collections.abc import Callable
from datetime import UTC, datetime

import boto3

from hippo.aws.cloudformation import Stacks
from hippo.aws.ec2 import NetworkInterfaces
from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.functions import FunctionSwitch
from hippo.aws.route53 import AddressRecord, HostNames
from hippo.aws.s3 import ObjectStore
from hippo.aws.sns import Topic

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "ca-central-1"}
SERVICES = ("s3", "ecs", "ec2", "events", "route53", "sns", "cloudformation", "lambda")
CLIENTS = {name: boto3.client(name, **KEYS) for name in SERVICES}
RECORD = AddressRecord("ada.example.org", ("203.0.113.1",), 10)
TASK_ARN = "arn:aws:ecs:ca-central-1:123456789012:task/name/1"

Call = Callable[[], object]


def make_calls() -> dict[str, tuple[str, Call]]:
    """Return the service and a call of every adapter method, by the name of the AWS operation."""
    store = ObjectStore(CLIENTS["s3"], "bucket")
    containers = Containers(CLIENTS["ecs"], ["subnet"], "group")
    names, rules = (
        HostNames(CLIENTS["route53"], "ZONE"),
        ShutdownRules(CLIENTS["events"], "arn:aws:sns:x:1:stop"),
    )
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    return {
        "get_object": ("s3", lambda: store.read("key")),
        "put_object": ("s3", lambda: store.create("key", b"")),
        "list_objects_v2": ("s3", lambda: list(store.list_objects("a/"))),
        "delete_object": ("s3", lambda: store.delete("key")),
        "list_clusters": ("ecs", lambda: containers.list_clusters("name-")),
        "list_rules": ("events", lambda: rules.list_names("name-")),
        "create_cluster": ("ecs", lambda: containers.create_cluster("name", {})),
        "describe_clusters": ("ecs", lambda: containers.find_cluster_status("name")),
        "run_task": ("ecs", lambda: containers.run_task("name", "definition", "FARGATE", "token", {})),
        "describe_tasks": ("ecs", lambda: containers.describe_task("name", TASK_ARN)),
        "list_tasks": ("ecs", lambda: containers.list_tasks("name")),
        "stop_task": ("ecs", lambda: containers.stop_task("name", TASK_ARN, "over")),
        "delete_cluster": ("ecs", lambda: containers.delete_cluster("name")),
        "describe_network_interfaces": (
            "ec2",
            lambda: NetworkInterfaces(CLIENTS["ec2"]).find_public_ip("eni"),
        ),
        "put_rule": ("events", lambda: rules.arm("name", moment, {})),
        "remove_targets": ("events", lambda: rules.disarm("name")),
        "change_resource_record_sets": ("route53", lambda: names.delete(RECORD)),
        "list_resource_record_sets": ("route53", lambda: names.find(RECORD.name)),
        "get_change": ("route53", lambda: names.is_in_sync("/change/C1")),
        "describe_stacks": (
            "cloudformation",
            lambda: Stacks(CLIENTS["cloudformation"]).find_status("arn:aws:cloudformation:x:1:stack/a/b"),
        ),
        "put_function_concurrency": ("lambda", lambda: FunctionSwitch(CLIENTS["lambda"], "f").turn_off()),
        "delete_function_concurrency": ("lambda", lambda: FunctionSwitch(CLIENTS["lambda"], "f").turn_on()),
        "publish": ("sns", lambda: Topic(CLIENTS["sns"], "arn:aws:sns:x:1:stop").publish({})),
    }


CALLS = make_calls()
