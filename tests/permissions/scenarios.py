"""Scenarios of participants, operators and faults on a platform, each as one function.

Participants' ids start with `u-`, which distinguishes their names in the record.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hippo.studies.links import derive_user_id, name_link_key, sign_link
from tests.e2e.account_view import AccountView
from tests.e2e.journeys import FORMS, Faults, PatientParticipant, travel
from tests.e2e.participant import Participant, play, wait_for
from tests.permissions.operator_calls import count_messages, get_signed, read_task_log, send
from tests.permissions.options import EXTRA_BUCKET
from tests.permissions.policies import ACCOUNT
from tests.permissions.studies import (
    EVERY_OPTION,
    ONE_GAME,
    ONE_PAGE,
    define_task,
    publish,
    put_list_entry,
    put_pages,
)

KEY = b"0123456789abcdef0123456789abcdef"
Scenario = Callable[[AccountView, Faults], None]


def go_through(account: AccountView, faults: Faults) -> None:
    """Take part in the example study from its link to its last page; next_step sends the stop."""
    journey = travel(account, "u-whole", faults)
    assert (journey.error, journey.left) == ("", {})
    assert journey.trials


def lack_capacity(account: AccountView, faults: Faults) -> None:
    """Start a server when Spot refuses at first."""
    faults.add("u-no-spot", {"kind": "no-capacity"})
    assert travel(account, "u-no-spot", faults).server["capacityProvider"] == "FARGATE"


def lose_server(account: AccountView, faults: Faults) -> None:
    """Make a server fail during the game; another one replaces it and takes its name."""
    user_id = "u-died"
    participant = PatientParticipant(account.outputs, user_id)
    participant.begin()
    for form in FORMS[:2]:
        participant.submit(form)
    participant.await_game()
    faults.add(user_id, {"kind": "task-crash", "seconds": 0, "times": 1})
    asked = {"step": participant.answer["step"] - 1}
    wait_for("word of the death", lambda: participant.get(**asked)["page"] == "wait")
    participant.await_game()
    participant.finish_game()
    assert account.read_server(user_id)["attempt"] == 2


def meet_taken_name(account: AccountView, _: Faults) -> None:
    """Start a server for a participant whose name belongs to another record."""
    user_id = "u-landlord"
    name = f"{user_id}.{account.outputs['rootDomain']}"
    record = {"Name": name, "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.7"}]}
    account.client("route53").change_resource_record_sets(
        HostedZoneId=account.zone_id,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )
    send(account, "Start", {"projectId": account.outputs["projectId"], "userId": user_id, "requestId": "1"})
    wait_for("the stop", lambda: account.read_server(user_id).get("state") == "stopped")
    assert "not this participant's" in account.read_server(user_id)["error"]


def queue_up(account: AccountView, _: Faults) -> None:
    """Let three participants wait for a study with one server: two get it in turn, the third has left."""
    project = "one_at_a_time"
    define_task(account, project)
    put_pages(account, account.outputs["bucket"], project)
    publish(account, {**ONE_GAME, "id": project, "ecsTask": project, "maxServers": 1})
    people = [Participant(account.outputs, f"u-{name}-in-line", project) for name in ("first", "second")]
    for participant in people:
        participant.begin()
        participant.submit(FORMS[0])
        if participant is people[0]:
            participant.await_game()
    line = wait_for("the queue", lambda: [k for k in account.list_keys("_slots/q.") if "second-in" in k])
    leave_line(account, line[0])
    people[0].finish_game()
    people[1].await_game()
    people[1].finish_game()
    assert account.list_keys("_slots/q.") == []


def leave_line(account: AccountView, behind: str) -> None:
    """Add an entry to the queue that has been inactive for ten minutes, as after a crash."""
    past = (datetime.now(UTC) - timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    body = json.dumps({"startId": "gone", "seenAt": past, "limit": None}).encode()
    key = behind.replace("u-second-in-line", "u-gone")
    account.client("s3").put_object(Bucket=account.outputs["bucket"], Key=key, Body=body)


def start_by_hand(account: AccountView, _: Faults) -> None:
    """Start a server with an operator's signed requests, and stop it with a delay and then at once."""
    user_id = "u-by-hand"
    study = account.outputs["projectId"]
    assert get_signed(account, "startUrl", projectId=study, userId=user_id) == 200
    wait_for("the server", lambda: account.read_server(user_id).get("state") == "ready")
    assert get_signed(account, "stopUrl", userId=user_id, delay=5) == 200
    assert get_signed(account, "stopUrl", userId=user_id) == 200
    wait_for("the stop", lambda: account.read_server(user_id)["state"] == "stopped")


def fail_permanently(account: AccountView, faults: Faults) -> None:
    """Make both asynchronous functions fail at each try, so that they leave a dead letter."""
    for function in ("start_server", "stop_server"):
        faults.add(
            f"u-dead-{function}".replace("_", "-"),
            {"kind": "lambda-death", "function": function, "times": 3, "calls": 1, "when": "after"},
        )
    study = account.outputs["projectId"]
    send(account, "Start", {"projectId": study, "userId": "u-dead-start-server", "requestId": "dead"})
    send(account, "Stop", {"userId": "u-dead-stop-server"})
    queues = [
        account.outputs["stackOutputs"][f"{kind}ServerDeadLetterQueueUrl"] for kind in ("Start", "Stop")
    ]
    for queue in queues:
        wait_for("the dead letter", lambda queue=queue: count_messages(account, queue) == 1)


def use_every_option(account: AccountView, _: Faults) -> None:
    """Take part in a study with signed links and one slot, in the stack's bucket and in another one."""
    for project, bucket in (("options", account.outputs["bucket"]), ("extra_options", EXTRA_BUCKET)):
        put_pages(account, bucket, project)
        account.client("s3").put_object(Bucket=bucket, Key=name_link_key(project), Body=KEY)
        publish(account, {**ONE_PAGE, **EVERY_OPTION, "id": project, "ecsTask": project, "bucket": bucket})
        for pid in ("7", "8"):
            user_id = derive_user_id(project, "PID", pid)
            link = {"PID": pid, "signature": sign_link(KEY, project, user_id)}
            answer = Participant(account.outputs, "u-browser", project).get(**link)
            assert answer.get("reason") == ("full" if pid == "8" else None)
            if pid == "7":
                Participant(account.outputs, answer["userId"], project).post({"agree": "yes"}, **link)


def play_in_extra_bucket(account: AccountView, _: Faults) -> None:
    """Play a study in its own bucket, with balanced groups, which the game receives, and an older
    execution role."""
    project, user_id = "extra_game", "u-elsewhere"
    put_pages(account, EXTRA_BUCKET, project)
    role = f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole"
    define_task(account, project, execution_role=role, BUCKET=EXTRA_BUCKET)
    publish(account, {**ONE_GAME, "id": project, "ecsTask": project, "bucket": EXTRA_BUCKET})
    participant = Participant(account.outputs, user_id, project)
    participant.begin()
    participant.submit(FORMS[0])
    participant.await_game()
    take_for_unused(account, project, user_id)
    with participant.connect() as socket:
        play(socket)
    participant.finish_game()
    s3 = account.client("s3")
    prefix = f"{project}/Trials/{user_id}/"
    found = wait_for(
        "the trial", lambda: s3.list_objects_v2(Bucket=EXTRA_BUCKET, Prefix=prefix).get("Contents")
    )
    steps = s3.get_object(Bucket=EXTRA_BUCKET, Key=found[0]["Key"])["Body"].read().splitlines()
    record = json.loads(s3.get_object(Bucket=EXTRA_BUCKET, Key=f"{project}/Users/{user_id}")["Body"].read())
    assert json.loads(steps[0])["group"] == record["group"]


def take_for_unused(account: AccountView, project: str, user_id: str) -> None:
    """Send the stop of a server whose game was never shown, although it was."""
    reason = "idle: the game was never shown"
    send(account, "Stop", {"userId": user_id, "projectId": project, "attempt": 1, "reason": reason})
    wait_for("the lease", lambda: account.read_server(user_id)["leaseUntil"])
    wait_for("the lease's end", lambda: not account.read_server(user_id)["leaseUntil"])
    assert account.read_server(user_id)["state"] == "ready"


def read_old_list(account: AccountView, _: Faults) -> None:
    """Take part in studies from an existing deployment's list, without versions, in both buckets."""
    for project, bucket in (("old_study", account.outputs["bucket"]), ("extra_old_study", EXTRA_BUCKET)):
        put_pages(account, bucket, project)
        put_list_entry(account, {**ONE_PAGE, "id": project, "ecsTask": project, "bucket": bucket})
        time.sleep(1)
        assert Participant(account.outputs, "u-old", project).begin()["css"]


def walk_away(account: AccountView, _: Faults) -> None:
    """Leave the game, so that the shutdown alarm fires."""
    project, user_id = "short_study", "u-walker"
    define_task(account, project)
    put_pages(account, account.outputs["bucket"], project)
    publish(account, {**ONE_GAME, "id": project, "ecsTask": project, "maxRuntime": 1})
    participant = Participant(account.outputs, user_id, project)
    participant.begin()
    participant.submit(FORMS[0])
    participant.await_game()
    wait_for("the rule", lambda: account.read_server(user_id)["state"] == "stopped", 150)
    assert account.read_server(user_id)["reason"] == "maxRuntime"


def sweep(account: AccountView) -> None:
    """Run a sweep with an orphaned cluster and an orphaned rule."""
    mine = [{"key": "hippo:stack", "value": "hippo"}]
    account.client("ecs").create_cluster(clusterName="hippo-1-u-orphan", tags=mine)
    account.client("events").put_rule(Name="hippo-2-u-orphan", ScheduleExpression="cron(0 0 1 1 ? 2020)")
    send(account, "Stop", {"sweep": True})
    wait_for("the orphans to go", lambda: not account.list_resources("u-orphan"))
    wait_for("the sweep's mark", lambda: account.list_keys("_sweep.json"))


def fetch_certificate(account: AccountView, source: str) -> None:
    """Start a game server that fetches the certificate for its name, valid or not, and stop it."""
    user_id, family = f"u-{source.partition(':')[0]}", "with_certificate"
    for name in ("fullchain.pem", "privkey.pem"):
        account.client("s3").put_object(Bucket=account.outputs["bucket"], Key=f"SSL/{name}", Body=b"none")
    define_task(account, family, TLS_CERTIFICATE=source)
    put_pages(account, account.outputs["bucket"], family)
    publish(account, {**ONE_GAME, "id": family, "ecsTask": family})
    send(account, "Start", {"projectId": family, "userId": user_id, "requestId": source})
    wait_for("word of the certificate", lambda: "TLS_CERTIFICATE" in read_task_log(account, user_id))
    send(account, "Stop", {"userId": user_id})
    wait_for("the stop", lambda: account.read_server(user_id).get("state") == "stopped")


def delete_stack_too_early(account: AccountView) -> None:
    """Delete the stack too early: a server that starts just then prevents it, and starts continue."""
    stack, client = account.outputs["stack"], account.client("cloudformation")
    resource = client.describe_stack_resource(StackName=stack, LogicalResourceId="StartServerFunction")
    function = resource["StackResourceDetail"]["PhysicalResourceId"]
    client.delete_stack(StackName=stack)
    lambdas = account.client("lambda")
    wait_for(
        "the end of starts",
        lambda: "ReservedConcurrentExecutions" in lambdas.get_function_concurrency(FunctionName=function),
    )
    account.client("ecs").create_cluster(clusterName="hippo-1-u-late")
    wait_for(
        "the refusal",
        lambda: client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_FAILED",
    )


SCENARIOS: tuple[Scenario, ...] = (
    queue_up,
    fail_permanently,
    go_through,
    lack_capacity,
    lose_server,
    meet_taken_name,
    start_by_hand,
    play_in_extra_bucket,
    use_every_option,
    read_old_list,
)
