"""Attacks on a game server that runs, and the way of the existing front ends to it."""

import json
import urllib.parse
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.e2e.account_view import AccountView
from tests.e2e.participant import Participant, play, wait_for
from tests.e2e.running_platform import RunningPlatform
from tests.e2e.test_whole_study import CONSENT, QUIZ, await_nothing_left, go_to_game

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def account(running_platform: RunningPlatform) -> AccountView:
    """Return the operator's view of the account that the platform runs in."""
    return AccountView(running_platform)


def try_to_connect(address: str, **options: Any) -> int:
    """Return the status with which a game server refuses a connection, or 101."""
    try:
        with connect(
            address, address=("127.0.0.1", urllib.parse.urlsplit(address).port), proxy=None, **options
        ):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


def test_only_the_participants_ticket_opens_their_server(
    account: AccountView, running_platform: RunningPlatform
) -> None:
    """Given two participants of our page, neither a stranger nor the other one can use a server first, the
    participant plays, and no log has the key or the ticket.
    """
    ada, bob = (Participant(account.outputs, name) for name in ("ticket-ada", "ticket-bob"))
    for participant in (ada, bob):
        go_to_game(participant)
    plain, _, ticket = ada.answer["server"].partition("/?ticket=")
    foreign = bob.answer["server"].partition("/?ticket=")[2]

    refused = [
        try_to_connect(address) for address in (plain, f"{plain}/?ticket={foreign}", f"{plain}/?ticket=")
    ]
    elsewhere = try_to_connect(ada.answer["server"], origin="https://elsewhere.example.net")
    with ada.connect() as socket:
        play(socket)
    for participant in (ada, bob):
        participant.finish_game()
        await_nothing_left(account, participant.user_id)

    assert (refused, elsewhere) == ([403, 403, 403], 403)
    key = account.read_server("ticket-ada")["ticketKey"]
    logs = [path.read_text(errors="replace") for path in running_platform.directory.rglob("*.log")]
    assert ticket
    assert logs
    assert not [
        secret
        for secret in (key, ticket)
        if any(secret in log for log in (*logs, running_platform.read_terminal()))
    ]


def test_existing_front_ends_play_without_a_ticket(account: AccountView) -> None:
    """Given a client that never sends `step`, it plays at the plain address, and another id is refused."""
    participant = Participant(account.outputs, "ticket-less")
    participant.get()
    for form in (CONSENT, QUIZ):
        participant.post(form)
    wait_for("the game", lambda: participant.answer["page"] == "show_game_page" or not participant.get())
    participant.answer["server"] = participant.answer["server"].partition("/?ticket=")[0]

    with participant.connect() as stranger:
        stranger.recv(timeout=20)
    stranger_id = json.dumps({"userId": "ticket-stranger", "projectId": participant.project_id})
    url = participant.answer["server"]
    with connect(url, address=("127.0.0.1", urllib.parse.urlsplit(url).port), proxy=None) as stranger:
        stranger.send(stranger_id)
        refusal = json.loads(stranger.recv(timeout=20))
        with pytest.raises(ConnectionClosed):
            stranger.recv(timeout=20)
    with participant.connect() as socket:
        play(socket)
    account.client("sns").publish(
        TopicArn=account.outputs["stackOutputs"]["StopServerTopicArn"],
        Message=json.dumps({"userId": participant.user_id}),
    )

    assert "another participant" in refusal["error"]
    await_nothing_left(account, participant.user_id)
