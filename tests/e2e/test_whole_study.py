"""The example study from its link to its end on the deployed template, with nothing left behind."""

import json
import time
import urllib.error
import urllib.request

import pytest

from hippo.host_labels import derive_host_label
from tests.e2e.account_view import AccountView
from tests.e2e.participant import Participant, play, wait_for
from tests.e2e.running_platform import RunningPlatform
from tests.permissions.studies import define_task

pytestmark = pytest.mark.e2e

# Their last hex digits assign them to the first and the second variant of the survey.
VARIANTS = {
    0: "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c",
    1: "123e4567-e89b-42d3-a456-426614174001",
}
CONSENT = {"consent": "yes"}
QUIZ = {"quiz": "done"}


@pytest.fixture(scope="session")
def account(running_platform: RunningPlatform) -> AccountView:
    """Return the operator's view of the account that the platform runs in."""
    return AccountView(running_platform)


@pytest.fixture(scope="session")
def walker(account: AccountView) -> Participant:
    """Return a participant who has left the game at once, in a study whose servers run for one minute."""
    entry = next(
        project
        for project in account.read_json("project_master_list.json")["projects"]
        if project["id"] == account.outputs["projectId"]
    )
    pages = account.list_keys(f"{entry['id']}/")
    bucket = account.outputs["bucket"]
    for key in (key for key in pages if key.count("/") == 1 and "/_" not in key):
        copy = f"short_study/{key.partition('/')[2]}"
        account.client("s3").copy_object(Bucket=bucket, Key=copy, CopySource={"Bucket": bucket, "Key": key})
    define_task(account, "short_study")
    publish(account, {**entry, "id": "short_study", "ecsTask": "short_study", "maxRuntime": 1})
    participant = Participant(account.outputs, "walker", "short_study")
    go_to_game(participant)
    return participant


def publish(account: AccountView, config: dict) -> None:
    """Publish a study as the deployment script does."""
    config = {key: value for key, value in config.items() if key != "version"}
    name = account.outputs["stackOutputs"]["UpdateFunctionName"]
    answer = account.client("lambda").invoke(FunctionName=name, Payload=json.dumps(config).encode())
    assert json.loads(answer["Payload"].read())["statusCode"] == 200
    time.sleep(1)  # next_step looks for an unlisted study at most once a second


def go_to_game(participant: Participant) -> None:
    """Consent, answer the quiz and wait for the server."""
    participant.begin()
    participant.submit(CONSENT)
    participant.submit(QUIZ)
    participant.await_game()


def await_nothing_left(account: AccountView, user_id: str, seconds: float = 60) -> None:
    """Wait until the server is stopped, and check that the account holds nothing of the participant."""
    wait_for("the server to stop", lambda: account.read_server(user_id)["state"] == "stopped", seconds)
    assert account.list_resources(user_id) == {}


@pytest.mark.parametrize("group", VARIANTS)
def test_participant_goes_through_the_whole_study(account, group):
    """Given a participant of each group, they see all pages and play, and all of it is stored."""
    participant = Participant(account.outputs, VARIANTS[group])

    pages = [participant.begin()["page"]]
    pages.append(participant.submit(CONSENT)["page"])
    participant.submit(QUIZ)
    participant.await_game()
    with participant.connect() as socket:
        first = play(socket)
    alive = account.list_resources(participant.user_id)
    pages.append(participant.finish_game()["page"])
    last = participant.submit({"rating": "4"})

    study = account.outputs["projectId"]
    survey = account.client("s3").get_object(
        Bucket=account.outputs["bucket"], Key=f"{study}/survey-{group}.html"
    )
    assert pages[2] == survey["Body"].read().decode()
    assert len(set(pages)) == 3
    assert {"left", "right", "start", "pause"} <= set(first["UI"])
    assert set(alive) == {"clusters", "tasks", "rules", "address", "slots", "processes"}
    assert last["step"] == last["steps"] + 1
    record = account.read_participant(participant.user_id)
    assert json.loads(record["requests"][1]["body"]) == CONSENT
    assert json.loads(record["requests"][2]["body"]) == QUIZ
    assert json.loads(record["requests"][4]["body"]) == {"rating": "4"}
    await_nothing_left(account, participant.user_id)
    trials = account.list_keys(f"{study}/Trials/{participant.user_id}/")
    assert trials
    body = account.client("s3").get_object(Bucket=account.outputs["bucket"], Key=trials[0])["Body"].read()
    lines = [json.loads(line) for line in body.decode().splitlines()]
    assert {line["userId"] for line in lines} == {participant.user_id}


def test_server_is_reachable_whenever_the_game_page_is_shown(account):
    """Given the game page, the host name leads to a server that responds, at once and after a reload."""
    participant = Participant(account.outputs, "prompt-player")
    go_to_game(participant)

    for _ in range(2):
        with participant.connect() as socket:
            assert "UI" in json.loads(socket.recv(timeout=20))
        assert participant.get(step=participant.answer["step"] - 1)["page"] == "show_game_page"

    participant.finish_game()
    await_nothing_left(account, participant.user_id)


def test_shutdown_rule_cleans_up_after_a_participant_who_walks_away(account, walker):
    """Given a participant who walks away, the shutdown alarm fires, stops the server and leaves nothing."""
    assert account.read_server(walker.user_id)["state"] in ("ready", "stopping", "stopped")

    await_nothing_left(account, walker.user_id, seconds=150)

    assert account.read_server(walker.user_id)["reason"] == "maxRuntime"


def test_existing_host_name_is_neither_overwritten_nor_deleted(account, walker):
    """Given a host name that is taken, the start fails permanently, is reported, and the record stays."""
    name = f"{derive_host_label('landlord')}.{account.outputs['rootDomain']}"
    record = {"Name": name, "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.7"}]}
    account.client("route53").change_resource_record_sets(
        HostedZoneId=account.zone_id,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )
    participant = Participant(account.outputs, "landlord")
    participant.begin()
    participant.submit(CONSENT)
    participant.submit(QUIZ)

    def has_failed() -> bool:
        return participant.get(step=participant.answer["step"] - 1).get("error") == "server_failed"

    wait_for("the failure to show", has_failed)

    wait_for("the server to stop", lambda: account.read_server("landlord")["state"] == "stopped")
    assert account.list_resources("landlord") == {"address": "192.0.2.7"}
    assert "not this participant's" in account.read_server("landlord")["error"]


def test_two_starts_at_once_make_one_server(account, walker):
    """Given a start message that SNS delivers twice, one task runs and one rule is set."""
    topic = account.outputs["stackOutputs"]["StartServerTopicArn"]
    message = json.dumps({"projectId": account.outputs["projectId"], "userId": "twin", "requestId": "one"})
    for _ in range(2):
        account.client("sns").publish(TopicArn=topic, Message=message)

    wait_for("the server", lambda: account.read_server("twin").get("state") == "ready")

    alive = account.list_resources("twin")
    assert [len(alive[kind]) for kind in ("clusters", "tasks", "rules", "slots")] == [1, 1, 1, 1]
    stop = {"userId": "twin"}
    account.client("sns").publish(
        TopicArn=account.outputs["stackOutputs"]["StopServerTopicArn"], Message=json.dumps(stop)
    )
    await_nothing_left(account, "twin")


@pytest.mark.parametrize("path", ["startUrl", "stopUrl"])
def test_control_endpoints_refuse_the_anonymous(account, path):
    """Given a request without a signature, the control endpoints refuse it, with a CORS header for pages."""
    url = f"{account.outputs[path]}?projectId={account.outputs['projectId']}&userId=nobody"

    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(url, timeout=30)

    assert refusal.value.code == 403
    assert refusal.value.headers["Access-Control-Allow-Origin"] == "*"
    assert account.read_server("nobody") == {}
