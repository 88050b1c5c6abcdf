"""A project whose researchers have written its config: a caller can only make that config take effect."""

import json
from typing import Any

import pytest

from tests.support.study_world import BUCKET, EXTRA_BUCKET, PAGES, PROJECT, StudyWorld

KEY = f"{PROJECT}/_config.json"
ATTACKS: list[dict[str, Any]] = [
    {"signedLinks": False},
    {"ecsTask": "mountain_car:66"},
    {"completion": {"link": "https://foreign.example.org/?pid={PROLIFIC_PID}"}},
    {"live": False},
    {"bucket": EXTRA_BUCKET},
    {"steps": {"1": "thanks.html", "finalStep": "thanks.html"}},
]


def own(world: StudyWorld, **changes: Any) -> dict[str, Any]:
    """Write the config as the project's researchers do, and return it."""
    config = {**world.config, "signedLinks": True, **changes}
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps(config))
    return config


@pytest.mark.parametrize("change", ATTACKS, ids=[str(*attack) for attack in ATTACKS])
def test_another_researchers_config(world: StudyWorld, change: dict[str, Any]) -> None:
    """Given a caller who may not write the project's config, no event of theirs changes the study."""
    config = own(world)
    assert world.update(config)["statusCode"] == 200
    before, keys = world.read_list(), world.list_keys()

    answer = world.update({**config, **change})

    assert answer["statusCode"] == 400
    assert KEY in answer["body"]
    assert "Only a researcher whose tag hippo-project covers mountain_car may write it" in answer["body"]
    assert (world.read_list(), world.list_keys()) == (before, keys)
    assert world.list_keys(bucket=EXTRA_BUCKET) == []


def test_another_researchers_switch(world: StudyWorld) -> None:
    """Given an open study, a caller who may not write its config can neither close nor delete it."""
    world.update(own(world))
    before = world.read_list()

    closed = world.update({"projectId": PROJECT, "live": False})
    deleted = world.update({"projectId": PROJECT, "deleted": True})

    assert (closed["statusCode"], deleted["statusCode"]) == (400, 400)
    assert "hippo pause" in closed["body"]
    assert "Only a steward whose tag hippo-project covers mountain_car" in deleted["body"]
    assert world.read_list() == before


def test_the_same_config_in_another_form(world: StudyWorld) -> None:
    """Given the own config in another order and with decomposed names, publishing it is accepted."""
    own(world, css="sty\u0301le.css")
    world.upload({"st\u00fdle.css": "h1 {}"})
    event = {**world.config, "signedLinks": True, "css": "st\u00fdle.css", "version": "of-the-sender"}

    answer = world.update(dict(reversed(event.items())))

    assert answer["statusCode"] == 200
    (entry,) = world.read_list()
    assert (entry["signedLinks"], entry["css"]) == (True, "st\u00fdle.css")
    assert entry["version"] == answer["version"]


def test_hashes_of_step_files(world: StudyWorld) -> None:
    """Given hashes in the own config, an event without them is held to them, and one with others refused."""
    config = own(world, files={"consent.html": "0" * 64})

    old_script = world.update({key: value for key, value in config.items() if key != "files"})
    others = world.update({**config, "files": {"consent.html": "1" * 64}})

    assert (old_script["statusCode"], others["statusCode"]) == (400, 400)
    assert "consent.html: was changed by someone else" in old_script["body"]
    assert KEY in others["body"]


def test_live_follows_the_own_config(world: StudyWorld) -> None:
    """Given an own config that was closed, the switch closes the study, and only then it opens again."""
    world.update(own(world))
    own(world, live=False, ecsTask="not-published-yet")

    opened = world.update({"projectId": PROJECT, "live": True})
    closed = world.update({"projectId": PROJECT, "live": False})

    assert (opened["statusCode"], closed["statusCode"]) == (400, 200)
    (entry,) = world.read_list()
    assert entry["live"] is False
    assert entry["ecsTask"] == world.config["ecsTask"]


def test_deleted(world: StudyWorld) -> None:
    """Given an own config that says so, the project leaves the list, is not published, and others stay."""
    world.publish(id="another")
    config = own(world)
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps({"id": PROJECT, "deleted": True}))

    answers = [world.update({"projectId": PROJECT, "deleted": True}) for _ in range(2)]
    published = world.update(config)

    assert answers == [{"statusCode": 200, "body": ""}] * 2
    assert published["statusCode"] == 400
    assert [entry["id"] for entry in world.read_list()] == ["another"]


@pytest.mark.parametrize("event", [{"live": True}, {"deleted": True}, {}])
def test_without_an_own_config_only_deleting_needs_one(world: StudyWorld, event: dict[str, Any]) -> None:
    """Given a study of scripts that write no own config, it is published and switched as before."""
    answer = world.update({"projectId": PROJECT, **event} if event else world.config)

    assert answer["statusCode"] == (400 if event == {"deleted": True} else 200)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000])
def test_an_own_config_that_is_unreadable(world: StudyWorld, body: bytes) -> None:
    """Given an own config that is not a JSON object, the list is unchanged and the response names it."""
    before = world.read_list()
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=body)

    answers = [world.update(event) for event in (world.config, {"projectId": PROJECT, "live": False})]

    assert [answer["statusCode"] for answer in answers] == [400, 400]
    assert all(KEY in answer["body"] for answer in answers)
    assert world.read_list() == before


def test_an_own_config_that_may_not_be_read(world: StudyWorld) -> None:
    """Given an own config that S3 refuses to return, the project does not count as one without it."""
    config = own(world)
    before = world.read_list()
    world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="_config.json")

    answer = world.update({**config, "signedLinks": False})

    assert answer["statusCode"] == 400
    assert world.read_list() == before


@pytest.mark.parametrize("event", [{"signedLinks": False}, None])
def test_written_while_another_event_is_handled(world: StudyWorld, event: dict[str, Any] | None) -> None:
    """Given an own config that is published while a foreign event is handled, it wins."""

    def publish() -> None:
        assert world.update(own(world))["statusCode"] == 200

    world.aws.before("PutObject", publish, key="project_master_list")

    answer = world.update({**world.config, **event} if event else {"projectId": PROJECT, "live": False})

    assert answer["statusCode"] == 400
    assert "changed meanwhile" in answer["body"]
    (entry,) = world.read_list()
    assert (entry["signedLinks"], entry["live"]) == (True, True)


def test_the_own_bucket_decides(world: StudyWorld) -> None:
    """Given a project in an extra bucket, only an object in the stack's own bucket counts."""
    config = own(world, bucket=EXTRA_BUCKET)
    world.upload(PAGES, bucket=EXTRA_BUCKET)
    forged = json.dumps({**config, "signedLinks": False})
    world.s3.put_object(Bucket=EXTRA_BUCKET, Key=KEY, Body=forged)

    assert world.update({**config, "signedLinks": False})["statusCode"] == 400
    assert world.update(config)["statusCode"] == 200
