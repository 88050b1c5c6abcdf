"""Servers without a player end on the deployed stack, and participants who come back get another one."""

import json
import time
from typing import Any

import pytest

from tests.e2e.account_view import AccountView
from tests.e2e.participant import Participant, play, play_some, wait_for
from tests.e2e.running_platform import RunningPlatform
from tests.e2e.test_server_care import is_gone, send_to_stop_topic
from tests.permissions.studies import define_task

pytestmark = pytest.mark.e2e

PROJECT, WITHOUT_TICKETS = "left-alone", "left-unseen"


@pytest.fixture(scope="module")
def account(running_platform: RunningPlatform) -> AccountView:
    """Return the operator's view of the account, in which two studies end idle servers after a minute.

    The second names a container that does not exist, so its servers never end themselves.
    """
    account = AccountView(running_platform)
    publish_study(account, PROJECT)
    publish_study(account, WITHOUT_TICKETS, awsSetup={"containerName": "other"})
    time.sleep(1)  # next_step looks for an unlisted study at most once a second
    return account


def publish_study(account: AccountView, project_id: str, **more: Any) -> None:
    """Publish a study whose server starts at its first page."""
    define_task(account, project_id)
    s3, bucket = account.client("s3"), account.outputs["bucket"]
    for name in ("consent.html", "survey.html", "thanks.html"):
        s3.put_object(Bucket=bucket, Key=f"{project_id}/{name}", Body=f"<h1>{name}</h1>".encode())
    config = {
        "id": project_id,
        "name": "Left alone",
        "live": True,
        "ecsTask": project_id,
        "steps": {"1": "consent.html", "2": "game", "3": "survey.html", "finalStep": "thanks.html"},
        "events": {"startServerStep": 1, "stopServerStep": 3},
        "maxRuntime": 10,
        "idleMinutes": 1,
        **more,
    }
    function = account.outputs["stackOutputs"]["UpdateFunctionName"]
    answer = account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(config))
    assert json.loads(answer["Payload"].read())["statusCode"] == 200


def is_gone_by_sweeps(account: AccountView, user_id: str) -> bool:
    """Return whether the participant's server is gone; if it still runs, request a sweep."""
    if account.read_server(user_id)["state"] == "ready":
        send_to_stop_topic(account, {"sweep": True})
    return is_gone(account, user_id)


def test_participants_who_leave_lose_their_servers_and_get_others(account: AccountView) -> None:
    """Given a participant who leaves the game, and one who never reaches it, both servers end without an
    error, the trial is stored, and both get other servers when they come back.
    """
    player = Participant(account.outputs, "player-alone", PROJECT)
    reader = Participant(account.outputs, "reader-alone", WITHOUT_TICKETS)
    for participant in (player, reader):
        participant.begin()
    player.submit({"consent": "yes"})
    player.await_game()
    with player.connect() as socket:
        play_some(socket)

    wait_for("the idle server's end", lambda: is_gone(account, "player-alone"))
    wait_for("the unused server's end", lambda: is_gone_by_sweeps(account, "reader-alone"))
    reasons = [account.read_server(participant.user_id)["reason"] for participant in (player, reader)]
    trials = account.list_keys(f"{PROJECT}/Trials/player-alone/")
    came_back = [player.get(step=1), reader.submit({"consent": "yes"})]
    player.await_game()
    with player.connect() as socket:
        play(socket)
    reader.await_game()  # the image, which knows no ticket here, serves only its own project's players
    for participant in (player, reader):
        participant.finish_game()

    assert reasons == ["idle", "idle: the game was never shown"]
    assert trials
    assert [answer["page"] for answer in came_back] == ["wait", "wait"]
    assert came_back[0]["closed"] == "idle"
    for user_id in ("player-alone", "reader-alone"):
        server = account.read_server(user_id)
        assert (server["attempt"], server["tries"], server["idleEnds"]) == (2, 1, 1)
        wait_for("the end", lambda user_id=user_id: is_gone(account, user_id))
