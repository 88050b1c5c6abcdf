"""The size of a participant's record: how much a request stores, and what happens when it is full."""

import json

import pytest

from hippo.records.participant import FULL_RECORD, SHORT_ANSWER
from tests.support.metric_lines import read_metric_lines
from tests.support.study_world import BUCKET, PROJECT, QUIZ, USER, StudyWorld

KIB = 1024
KEY = f"{PROJECT}/Users/{USER}"
LARGEST = 256 * KIB
OVERHEAD = 8 * KIB  # of one more request: its headers, query and ids, and those of the first request


def fill(size: int, letter: str = "x") -> str:
    """Return a body of exactly `size` bytes in UTF-8."""
    room = size - len(json.dumps({"a": ""}))
    width = len(letter.encode())
    return json.dumps({"a": letter * (room // width) + "." * (room % width)}, ensure_ascii=False)


def stored_bytes(world: StudyWorld) -> int:
    """Return the size of the participant's record in S3."""
    return int(world.s3.head_object(Bucket=BUCKET, Key=KEY)["ContentLength"])


@pytest.fixture
def small(world: StudyWorld) -> StudyWorld:
    """Return a world in which a record may have 1 MiB, and a study has six pages."""
    world.set_environment(MAX_RECORD_KIB="1024")
    pages = {f"page{number}.html": f"<h1>page {number}</h1>" for number in range(1, 8)}
    steps = {str(number): f"page{number}.html" for number in range(1, 7)} | {"finalStep": "page7.html"}
    world.publish(pages, steps=steps)
    world.get()
    return world


@pytest.mark.parametrize("letter", ["x", "é", "語", "🎮"])
def test_largest_answer_is_stored_as_it_is(world: StudyWorld, letter: str) -> None:
    """Given 256 KiB of any script, the record has about that many bytes, and the same text."""
    world.get()
    body = fill(LARGEST, letter)

    assert world.post(body).page == QUIZ

    assert world.bodies()[1] == body
    assert stored_bytes(world) <= LARGEST + OVERHEAD


def test_lone_surrogates_are_stored_and_read_as_they_came(world: StudyWorld) -> None:
    """Given halves of characters in a body, next to backslashes and whole characters, nothing is lost."""
    world.get()
    body = '{"a": "\ud800 \\\\\udc00 é 🎮 \\ud83d"}'

    assert world.post(body).page == QUIZ

    assert world.bodies()[1] == body


def test_records_of_earlier_releases_are_continued(world: StudyWorld) -> None:
    """Given a record in ASCII escapes, the participant continues, and its answers stay."""
    world.get()
    world.post('{"name": "Zoë"}')
    old = json.dumps(world.record())
    assert old.isascii()
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=old.encode())

    assert world.post('{"name": "Zoë 2"}', step=2).status == 200

    assert [json.loads(body)["name"] for body in world.bodies()[1:]] == ["Zoë", "Zoë 2"]
    assert "Zoë".encode() in world.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()


def test_record_is_bounded_and_keeps_what_it_confirmed(small: StudyWorld) -> None:
    """Given many large answers, those that got a 200 are stored exactly once, and the others are refused."""
    sent = [fill(200 * KIB, letter) for letter in "abcdefgh"]
    answers = [small.post(body, step=min(number, 5)) for number, body in enumerate(sent, 1)]

    kept = [body for body, answer in zip(sent, answers, strict=True) if answer.status == 200]
    assert [answer.status for answer in answers] == [200] * 4 + [400] * 4
    assert {answer.content for answer in answers[4:]} == {FULL_RECORD}
    assert small.bodies()[1:] == kept
    assert "repeats" not in small.record()
    assert stored_bytes(small) <= 1024 * KIB


def test_participant_with_a_full_record_finishes(small: StudyWorld) -> None:
    """Given a full record, a long answer is refused on each page, and short ones are stored to the end."""
    for number in range(1, 5):
        small.post(fill(215 * KIB), step=number)
    refused = [small.post(fill(200 * KIB), step=5)]
    shorter = [small.post(fill(SHORT_ANSWER - 100, "é"), step=5), small.post(fill(4 * KIB), step=6)]
    refused.append(small.post(fill(200 * KIB), step=7))
    last = small.post({"bye": "é"}, step=7)

    assert {(answer.status, answer.content) for answer in refused} == {(400, FULL_RECORD)}
    assert [answer.step for answer in shorter] == [6, 7]
    assert last.status == 200
    assert len(small.record()["requests"]) == 8
    assert stored_bytes(small) <= 1024 * KIB


def test_refused_answer_can_be_repeated_and_an_answer_twice(small: StudyWorld) -> None:
    """Given a full record, an answer that is stored already is confirmed, and another one is refused."""
    bodies = [fill(215 * KIB, letter) for letter in "abcd"]
    for number, body in enumerate(bodies, 1):
        small.post(body, step=number)
    before = small.record()

    again = small.post(bodies[3], step=4)
    other = small.post(fill(215 * KIB, "e"), step=4)

    assert (again.status, other.status) == (200, 400)
    assert small.record() == before


def test_second_answers_leave_the_room_of_short_ones(small: StudyWorld) -> None:
    """Given second answers of any size, they end before the room that is left to finish the study."""
    small.post({"a": "1"}, step=1)
    sizes = (250, 240, 230, 220, 100, 50, 7, 7, 7, 7)
    statuses = [
        small.post(fill(size * KIB, letter), step=1).status
        for size, letter in zip(sizes, "abcdefghij", strict=True)
    ]

    assert {200, 400} == set(statuses)
    assert statuses[-1] == 400
    assert stored_bytes(small) <= 1024 * KIB * 7 // 8
    assert small.post({"a": "2"}, step=2).step == 3


def test_game_can_be_left_with_a_full_record(world: StudyWorld) -> None:
    """Given requests without answers, they always fit, however full the record is."""
    world.set_environment(MAX_RECORD_KIB="1")
    pages = {"one.html": "1", "two.html": "2", "last.html": "3"}
    world.publish(pages, steps={"1": "one.html", "2": "two.html", "finalStep": "last.html"})
    world.get()
    world.post(None, step=1)
    assert world.post({"a": "x" * 1000}, step=2).status == 400

    assert world.post(None, step=2).step == 3


def test_refusal_sends_no_message(small: StudyWorld) -> None:
    """Given an answer without room before the step that starts the server, no start message is sent."""
    steps = {str(number): f"page{number}.html" for number in range(1, 7)} | {"finalStep": "page7.html"}
    small.publish(steps=steps, events={"startServerStep": 5, "stopServerStep": ""})
    small.get(user="ada")
    before = small.messages("start")
    for number in range(1, 4):
        small.post(fill(250 * KIB), user="ada", step=number)

    assert small.post(fill(250 * KIB), user="ada", step=4).status == 400

    assert small.messages("start") == before
    assert small.post({"a": "short"}, user="ada", step=4).step == 5
    assert len(small.messages("start")) == len(before) + 1


def test_large_record_is_reported_before_it_is_full(
    small: StudyWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a record over half of its bound, each write counts in the metric of the alarm, with its ids."""
    for number in range(1, 4):
        capsys.readouterr()
        assert small.post(fill(200 * KIB), step=number).status == 200
        lines = [line for line in read_metric_lines(capsys.readouterr().out) if "LargeRecords" in line]
        assert [(line["projectId"], line["userId"]) for line in lines] == [(PROJECT, USER)] * (number == 3)
