"""Signed links: a known id alone does not admit anyone."""

import logging

import pytest

from hippo.studies.links import derive_user_id, name_link_key, sign_link
from tests.support.study_world import (
    BUCKET,
    CONSENT,
    EXTRA_BUCKET,
    OTHER_USER,
    PROJECT,
    QUIZ,
    USER,
    Answer,
    StudyWorld,
)

KEY = b"0123456789abcdef0123456789abcdef"
SIGNATURE = sign_link(KEY, PROJECT, USER)


def put_key(world: StudyWorld, key: bytes = KEY, bucket: str = BUCKET) -> None:
    """Store the key of the project's links under the documented name."""
    world.s3.put_object(Bucket=bucket, Key=name_link_key(PROJECT), Body=key)


@pytest.fixture
def signed_world(world: StudyWorld) -> StudyWorld:
    """Return a study with signed links, and its key."""
    put_key(world)
    world.publish(signedLinks=True)
    return world


def is_refused(answer: Answer) -> bool:
    """Return whether the response is the page for an invalid link."""
    content = answer.content
    return answer.status == 200 and (content.get("error"), content.get("reason")) == (
        "refused",
        "linkInvalid",
    )


def test_signed_link_goes_through_the_study(signed_world: StudyWorld) -> None:
    """Given a valid signature with every request, the study works as any other."""
    assert signed_world.get(signature=SIGNATURE).page == CONSENT
    assert signed_world.post({"agree": "yes"}, signature=SIGNATURE).page == QUIZ


def test_user_id_counts_in_lower_case(signed_world: StudyWorld) -> None:
    """Given the id in capitals in the link, the signature of the id in lower case is valid."""
    assert signed_world.get(user=USER.upper(), signature=SIGNATURE).page == CONSENT


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"signature": ""},
        {"signature": SIGNATURE[:-1]},
        {"signature": sign_link(KEY, PROJECT, OTHER_USER)},
    ],
    ids=["none", "empty", "cut off", "somebody else's"],
)
def test_newcomer_without_valid_signature_is_refused(signed_world: StudyWorld, query: dict[str, str]) -> None:
    """Given no signature or another one, a page says so, nothing is stored and nothing starts."""
    answers = [signed_world.get(**query), signed_world.post({"a": "b"}, **query)]

    assert all(is_refused(answer) for answer in answers)
    assert signed_world.list_keys(f"{PROJECT}/Users/") == []
    assert signed_world.list_keys(f"{PROJECT}/_admission.json") == []
    assert signed_world.messages("start") == []


def test_known_id_of_a_participant_is_not_enough(signed_world: StudyWorld) -> None:
    """Given a stranger who knows a participant's id, they neither see the page nor add an answer."""
    signed_world.get(signature=SIGNATURE)
    before = signed_world.record()

    answers = [signed_world.get(), signed_world.post({"agree": "forged"}, step=1)]

    assert all(is_refused(answer) for answer in answers)
    assert signed_world.record() == before


@pytest.mark.parametrize("key", [None, b"", b"too short", b" " * 40, b"0123456789abcdef0123456789abcde\n"])
def test_without_a_key_everyone_is_refused(
    world: StudyWorld, key: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a key that is missing or too short, everyone is refused, and an error in the log names its S3
    key."""
    world.publish(signedLinks=True)
    if key is not None:
        put_key(world, key)

    answers = [world.get(), world.get(signature=sign_link((key or b"").strip(), PROJECT, USER))]

    assert all(is_refused(answer) for answer in answers)
    errors = [vars(r) for r in caplog.records if r.levelno == logging.ERROR]
    assert [(e["projectId"], e["key"]) for e in errors] == [(PROJECT, f"{PROJECT}/_keys/links")]


def test_key_may_end_with_a_line_break(signed_world: StudyWorld) -> None:
    """Given a key saved by an editor, white space around it does not count."""
    put_key(signed_world, b"\n" + KEY + b" \r\n")

    assert signed_world.get(signature=SIGNATURE).page == CONSENT


def test_key_is_in_the_projects_bucket(world: StudyWorld) -> None:
    """Given a project in another bucket, its key is read there."""
    put_key(world, KEY[::-1])
    put_key(world, KEY, EXTRA_BUCKET)
    world.publish(signedLinks=True, bucket=EXTRA_BUCKET)

    assert world.get(signature=SIGNATURE).page == CONSENT


def test_new_key_takes_effect_within_ten_seconds(signed_world: StudyWorld) -> None:
    """Given a key that is replaced, old links are valid for less than ten seconds, and new ones after it."""
    signed_world.get(signature=SIGNATURE)
    put_key(signed_world, KEY[::-1])
    new = sign_link(KEY[::-1], PROJECT, USER)

    signed_world.clock.advance(9.9)
    assert signed_world.get(signature=SIGNATURE).page == CONSENT
    signed_world.clock.advance(0.1)
    assert is_refused(signed_world.get(signature=SIGNATURE))
    assert signed_world.get(signature=new).page == CONSENT


def test_missing_key_is_found_soon_after_it_is_stored(world: StudyWorld) -> None:
    """Given a key that is stored after the study is published, links work a second later."""
    world.publish(signedLinks=True)
    world.get(signature=SIGNATURE)
    put_key(world)
    world.clock.advance(1)

    assert world.get(signature=SIGNATURE).page == CONSENT


def test_option_applies_to_participants_who_have_begun(world: StudyWorld) -> None:
    """Given a participant of an open study, their link must be signed too once the study requires it."""
    world.get()
    put_key(world)
    world.publish(signedLinks=True)

    assert is_refused(world.post({"agree": "yes"}))
    assert world.post({"agree": "yes"}, signature=SIGNATURE).page == QUIZ


def test_derived_id_is_what_is_signed(signed_world: StudyWorld) -> None:
    """Given one participant per recruiter's id, the signature is that of the derived id."""
    signed_world.publish(signedLinks=True, onePer="PID")
    derived = derive_user_id(PROJECT, "PID", "7")

    assert is_refused(signed_world.get(PID=7, signature=SIGNATURE))
    answer = signed_world.get(PID=7, signature=sign_link(KEY, PROJECT, derived))
    assert (answer.page, answer.content["userId"]) == (CONSENT, derived)


def test_closed_study_stays_closed(signed_world: StudyWorld) -> None:
    """Given a closed study, the response is 400 with and without a signature, and an invalid one stores
    nothing."""
    signed_world.get(signature=SIGNATURE)
    signed_world.publish(signedLinks=True, live=False)
    before = signed_world.record()

    for answer in (signed_world.get(signature=SIGNATURE), signed_world.get(), signed_world.post({"a": "b"})):
        assert (answer.status, answer.content) == (400, "Project ID Not Found")
    assert signed_world.record() == before
    assert signed_world.post({"a": "b"}, signature=SIGNATURE).status == 400
    assert signed_world.bodies() == [None, '{"a": "b"}']
