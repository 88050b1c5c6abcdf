"""Consent: the answer records which text was agreed to, and when."""

import hashlib
from typing import Any

import pytest

from tests.support.study_world import CONSENT, OTHER_USER, USER, StudyWorld


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_answer_to_the_consent_page_keeps_hash_and_time(world: StudyWorld) -> None:
    """Given a consent step, its answer has the hash of the page and the time, and no other entry."""
    world.publish(consentStep=1)
    world.get()
    world.clock.advance(90)
    world.post({"agree": "yes"})
    world.post({"page": "quiz"})

    requests = world.record()["requests"]

    assert requests[1]["consent"] == {"sha256": hash_of(CONSENT), "time": requests[1]["time"]}
    assert requests[1]["time"] == "2030-01-01T12:01:52.000+00:00"
    assert [("consent" in entry) for entry in requests] == [False, True, False]


def test_hash_is_of_the_version_that_was_shown(world: StudyWorld) -> None:
    """Given a text that changes while a participant reads it, the hash is of the text that they read."""
    world.publish(consentStep="1")
    world.get()
    world.publish({"consent.html": "<h1>New consent é</h1>"}, consentStep="1")
    world.get(user=OTHER_USER)
    for user in (USER, OTHER_USER):
        world.post({"agree": "yes"}, user=user)

    hashes = [world.record(user)["requests"][1]["consent"]["sha256"] for user in (USER, OTHER_USER)]
    assert hashes == [hash_of(CONSENT), hash_of("<h1>New consent é</h1>")]


def test_hash_is_of_the_variant_that_was_shown(world: StudyWorld) -> None:
    """Given two variants of the text, each participant's hash is of their group's."""
    world.publish({"consent-0.html": "zero", "consent-1.html": "one"}, consentStep=1)

    for user in (USER, OTHER_USER):
        page = world.get(user=user).page
        world.post({"agree": "yes"}, user=user)
        assert world.record(user)["requests"][1]["consent"]["sha256"] == hash_of(page)


def test_late_answer_to_the_consent_page_is_not_a_second_consent(world: StudyWorld) -> None:
    """Given another answer to it, it is a repeat without hash."""
    world.publish(consentStep=1)
    world.get()
    world.post({"agree": "yes"}, step=1)
    world.post({"agree": "no"}, step=1)

    assert ["consent" in repeat for repeat in world.record()["repeats"]] == [False]


@pytest.mark.parametrize("step", [3, 9, "one", None])
def test_step_that_is_not_a_page_keeps_nothing(world: StudyWorld, step: Any) -> None:
    """Given a list edited by hand whose consent step is a game or nothing, the study continues."""
    world.write_list([{**world.read_list()[0], "consentStep": step, "version": None}])

    world.reach_final()

    assert all("consent" not in entry for entry in world.record()["requests"])


def test_consent_page_that_is_missing_has_no_hash(world: StudyWorld) -> None:
    """Given a missing page, the notice is not hashed."""
    world.s3.delete_object(Bucket="hippo-data", Key="mountain_car/consent.html")
    answer = world.update(world.config | {"consentStep": 1})
    world.clock.advance(11)
    world.get()
    world.post({"agree": "yes"})

    assert answer["statusCode"] == 200
    assert "consent" not in world.record()["requests"][1]
