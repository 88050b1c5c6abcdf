"""Names below the root domain: what a participant's id leads to, and the address of the game."""

import pytest

from hippo.host_labels import derive_host_label
from hippo.studies.links import name_link_key, sign_link
from tests.support.study_world import BUCKET, PROJECT, ROOT_DOMAIN, USER, StudyWorld

KEY = b"0123456789abcdef0123456789abcdef"
CHOSEN = ("wpad", "autodiscover", "login", "vpn", "mta-sts", "anna")


def find_start(world: StudyWorld, user: str, **query: object) -> dict[str, object]:
    """Return the start message of a newcomer who has reached the page before the game."""
    world.get(user=user, **query)
    world.post({"page": "consent"}, user=user, **query)
    (message,) = world.messages("start")
    return message


def show_game(world: StudyWorld, user: str, host: str, **query: object) -> str:
    """Return the address of the game for a participant whose server is ready at that host."""
    world.put_server(user=user, host_name=host, cluster="x")
    for page in ("consent", "quiz"):
        world.post({"page": page}, user=user, **query)
    answer = world.get(user=user, **query)
    assert answer.page == "show_game_page", answer
    return str(answer.content["server"])


def sign_links(world: StudyWorld, user: str) -> str:
    """Publish the study with signed links, and return the participant's signature."""
    world.s3.put_object(Bucket=BUCKET, Key=name_link_key(PROJECT), Body=KEY)
    world.publish(signedLinks=True)
    return sign_link(KEY, PROJECT, user)


@pytest.mark.parametrize("user", CHOSEN)
def test_a_stranger_names_no_server(world: StudyWorld, user: str) -> None:
    """Given an unsigned link with an id of the visitor's choice, the server is not named after it."""
    assert find_start(world, user)["host"] == "derived"


def test_a_uuid_needs_no_word(world: StudyWorld) -> None:
    """Given a UUID, the start message is as before."""
    assert "host" not in find_start(world, USER)


def test_a_signed_id_names_the_server(world: StudyWorld) -> None:
    """Given a signed link, the start names the server after the id."""
    signature = sign_links(world, "anna")

    assert find_start(world, "anna", signature=signature)["host"] == "userId"


def test_an_invalid_signature_starts_nothing(world: StudyWorld) -> None:
    """Given a study with signed links and another id's signature, no start is sent."""
    signature = sign_links(world, "anna")

    world.post({"page": "consent"}, user="wpad", signature=signature)

    assert world.messages("start") == []


def test_a_study_may_name_servers_after_any_id(world: StudyWorld) -> None:
    """Given `userIds: any`, the start of an unsigned link names the server after the id."""
    world.publish(userIds="any")

    assert find_start(world, "anna")["host"] == "userId"


@pytest.mark.parametrize("label", ["anna", derive_host_label("anna")])
def test_the_game_is_shown_where_the_server_is(world: StudyWorld, label: str) -> None:
    """Given a server named after the id, as before an upgrade, or the derived label, `server` has it."""
    world.get(user="anna")

    assert show_game(world, "anna", f"{label}.{ROOT_DOMAIN}") == f"wss://{label}.{ROOT_DOMAIN}:5000"


def test_a_forged_record_sends_nobody_elsewhere(world: StudyWorld) -> None:
    """Given a server record with a foreign host, `server` stays a name of the participant."""
    world.get(user="anna")

    address = show_game(world, "anna", "evil.example.net")

    assert address == f"wss://{derive_host_label('anna')}.{ROOT_DOMAIN}:5000"


def test_a_foreign_name_is_not_mistaken_for_a_server(world: StudyWorld) -> None:
    """Given a stranger with the id `vpn` and the operator's record vpn, no game is shown there."""
    world.put_host_name("vpn")
    world.get(user="vpn")
    for page in ("consent", "quiz"):
        world.post({"page": page}, user="vpn")
    world.clock.advance(60)

    assert world.get(user="vpn").page == "wait"


@pytest.mark.parametrize(("authorization", "host"), [("AWS_IAM", None), ("NONE", "derived")])
def test_an_open_start_names_no_server(world: StudyWorld, authorization: str, host: str | None) -> None:
    """Given /start open to anyone, the id is not a name; a signed one sends the message as before."""
    world.set_environment(CONTROL_AUTHORIZATION=authorization)

    assert world.control("start", user="wpad").status == 200

    (message,) = world.messages("start")
    assert message == {"projectId": PROJECT, "userId": "wpad", **({"host": host} if host else {})}
