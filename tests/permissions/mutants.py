"""Three policies that lack one action each, deployed: the study fails, and the test says where."""

import json
import urllib.error
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hippo_local.emulator.ministack import load
from tests.e2e.account_view import AccountView
from tests.e2e.participant import Participant, wait_for
from tests.permissions.operator_calls import send
from tests.permissions.options import update_stack


@dataclass(frozen=True)
class DeployedMutant:
    """A role's statement, the action removed from it, and the observation of the study."""

    role: str
    sid: str
    action: str
    watch: Callable[[AccountView], str]

    def __str__(self) -> str:
        return f"{self.role}/{self.sid} without {self.action}"


def watch_participant(account: AccountView) -> str:
    """Open the study: the participant's record cannot be written."""
    user_id = "u-no-record"
    try:
        answer = Participant(account.outputs, user_id).begin()
    except urllib.error.HTTPError as error:
        assert account.read_participant(user_id) == {}
        return f"the study responds with {error.code}, and the participant has no record"
    raise AssertionError(f"the study continued: {answer}")


def watch_start(account: AccountView) -> str:
    """Start a server: no task is started."""
    user_id = "u-no-task"
    send(account, "Start", {"projectId": account.outputs["projectId"], "userId": user_id, "requestId": "1"})
    letter = wait_for_letter(account, "Start", user_id)
    server = account.read_server(user_id)
    assert not server["taskArn"]
    return f"the record stays {server['state']!r} without a task; dead letter: {letter}"


def watch_stop(account: AccountView) -> str:
    """Stop a server: the task continues, and its rule stays."""
    user_id = "u-not-stopped"
    send(account, "Start", {"projectId": account.outputs["projectId"], "userId": user_id, "requestId": "1"})
    wait_for("the server", lambda: account.read_server(user_id).get("state") == "ready")
    send(account, "Stop", {"userId": user_id})
    letter = wait_for_letter(account, "Stop", user_id)
    assert {"tasks", "rules"} <= set(account.list_resources(user_id))
    state = account.read_server(user_id)["state"]
    return f"the task continues, {state!r}, with its rule armed; dead letter: {letter}"


def wait_for_letter(account: AccountView, kind: str, user_id: str) -> str:
    """Return the error of the participant's dead letter when it has arrived."""
    queue = account.outputs["stackOutputs"][f"{kind}ServerDeadLetterQueueUrl"]

    def look() -> str:
        answer = account.client("sqs").receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
        )
        letters = [one for one in answer.get("Messages", ()) if user_id in one["Body"]]
        return letters[0]["MessageAttributes"]["ErrorMessage"]["StringValue"] if letters else ""

    return wait_for("the dead letter", look, 120)[:200]


DEPLOYED = (
    DeployedMutant("NextStepRole", "WriteParticipants", "s3:PutObject", watch_participant),
    DeployedMutant("StartServerRole", "RunTasks", "ecs:RunTask", watch_start),
    DeployedMutant("StopServerRole", "Tasks", "ecs:StopTask", watch_stop),
)


def try_deployed(account: AccountView) -> Iterator[str]:
    """Deploy each mutant, and the whole template again at the end. Return a line for each."""
    original = read_deployed(account)
    for mutant in DEPLOYED:
        update_stack(account, template=take_out(original, mutant))
        yield f"{mutant}: {mutant.watch(account)}"
    update_stack(account, template=original)


def read_deployed(account: AccountView) -> str:
    """Return the template of the stack as CloudFormation received it, as JSON."""
    client = account.client("cloudformation")
    answer = client.get_template(StackName=account.outputs["stack"], TemplateStage="Original")
    body: Any = answer["TemplateBody"]
    return json.dumps(load("services.cloudformation.engine")._parse_template(body))


def take_out(template: str, mutant: DeployedMutant) -> str:
    """Return the template without the action."""
    content = json.loads(template)
    policies = content["Resources"][mutant.role]["Properties"]["Policies"]
    statements = policies[0]["PolicyDocument"]["Statement"]
    (statement,) = [one for one in statements if one.get("Sid") == mutant.sid]
    left = [action for action in statement["Action"] if action != mutant.action]
    if isinstance(statement["Action"], str):
        assert statement["Action"] == mutant.action
        left = []
    assert left != statement["Action"]
    if left:
        statement["Action"] = left
    else:
        statements.remove(statement)
    return json.dumps(content)
