"""Places of participants who never answered the first page: who loses them, who keeps them, what it costs."""

import json
from typing import Any

import pytest

from tests.support.study_world import BUCKET, CONSENT, OTHER_USER, PROJECT, QUIZ, USER, Answer, StudyWorld

ADMISSION, GROUPS = f"{PROJECT}/_admission.json", f"{PROJECT}/_groups.json"
HALF_AN_HOUR = 30 * 60


def reason_of(answer: Answer) -> str | None:
    """Return the reason of a refusal, None for other responses."""
    assert answer.status == 200
    return answer.content["reason"] if answer.content.get("error") == "refused" else None


def read_admitted(world: StudyWorld) -> list[str]:
    """Return who has a place."""
    admitted: list[str] = json.loads(world.read_object(ADMISSION))["admitted"]
    return admitted


def fill(world: StudyWorld, limit: int, **options: Any) -> None:
    """Publish a study with a limit, and let that many invented ids open the first page."""
    world.publish(maxParticipants=limit, **options)
    for number in range(limit):
        assert reason_of(world.get(user=f"invented-{number}", PID=f"invented-{number}")) is None
    assert reason_of(world.get(PID="real")) == "full"


@pytest.mark.parametrize("options", [{}, {"onePer": "PID"}], ids=["plain", "onePer"])
def test_thirty_invented_ids_hold_a_study_for_half_an_hour(
    world: StudyWorld, options: dict[str, Any]
) -> None:
    """Given 30 invented ids that fill a study, with onePer or without, participants get their places once
    they have left the first page unanswered for half an hour."""
    fill(world, 30, **options)
    world.clock.advance(HALF_AN_HOUR + 1)

    answers = [world.get(user=f"real-{number}", PID=f"real-{number}") for number in range(30)]

    assert [reason_of(answer) for answer in answers] == [None] * 30
    assert len(read_admitted(world)) == 30


def test_places_do_not_lapse_early(world: StudyWorld) -> None:
    """Given a full study a moment before the time, a newcomer is refused and no record is read for that."""
    fill(world, 2)
    world.clock.advance(HALF_AN_HOUR - 5)
    world.get(user="invented-0")  # fills the caches
    world.aws.reset()

    assert reason_of(world.get()) == "full"
    assert world.aws.keys("GetObject") == [f"{PROJECT}/Users/{USER}", ADMISSION]


@pytest.mark.parametrize(("minutes", "reason"), [(0, "full"), (60, "full"), (5, None)])
def test_time_is_configurable(world: StudyWorld, minutes: int, reason: str | None) -> None:
    """Given lapseAfter, places lapse after that time, and never with 0."""
    fill(world, 1, lapseAfter=minutes)
    world.clock.advance(HALF_AN_HOUR)

    assert reason_of(world.get()) == reason


def test_participants_beyond_the_first_page_keep_their_places(world: StudyWorld) -> None:
    """Given participants at page two, in the game and at the end, none of them loses a place, ever."""
    world.publish(maxParticipants=3)
    world.reach_final()
    world.get(user="reader")
    world.post({"page": "consent"}, user="reader")
    world.put_server(user="player")
    for body in (None, {"page": "consent"}, {"page": "quiz"}):
        world.post(body, user="player") if body else world.get(user="player")
    world.clock.advance(100 * HALF_AN_HOUR)

    assert reason_of(world.get(user=OTHER_USER)) == "full"
    world.aws.reset()
    assert reason_of(world.get(user="another")) == "full"
    assert world.aws.count() == {"GetObject": 2, "PutObject": 1}  # each was looked up once
    assert read_admitted(world) == [USER, "reader", "player"]


def test_lapse_costs_two_calls_for_each_record(world: StudyWorld) -> None:
    """Given two old places, of which one is kept, a newcomer's request reads both records and writes one."""
    world.publish(maxParticipants=2)
    world.get(user="begun")
    world.post({"page": "consent"}, user="begun")
    world.get(user="gone")
    world.clock.advance(HALF_AN_HOUR + 11)
    world.get(user="begun")  # fills the caches
    world.aws.reset()

    world.get()

    assert world.aws.count() == {"GetObject": 4, "PutObject": 3, "Publish": 1}


def test_reads_for_one_newcomer_are_bounded(world: StudyWorld) -> None:
    """Given 25 old places that are all kept, three newcomers' requests look at ten records, ten, and five."""
    world.publish(maxParticipants=25)
    for number in range(25):
        world.get(user=f"begun-{number}")
        world.post({"page": "consent"}, user=f"begun-{number}")
    world.clock.advance(HALF_AN_HOUR + 1)
    reads = []
    for number in range(4):
        world.aws.reset()
        assert reason_of(world.get(user=f"late-{number}")) == "full"
        reads.append(sum("/Users/begun" in key for key in world.aws.keys("GetObject")))

    assert reads == [10, 10, 5, 0]


def test_lapsed_participant_gets_a_free_place_again(world: StudyWorld) -> None:
    """Given a lapsed participant who comes back while a place is free, their answer counts as if nothing had
    happened, and nothing of the lapse is left in their record."""
    fill(world, 1)
    world.clock.advance(HALF_AN_HOUR + 1)
    world.get(user=OTHER_USER)
    assert "lapsedAt" in world.record("invented-0")
    world.publish(maxParticipants=2)
    world.aws.reset()

    answer = world.post({"agree": "yes"}, user="invented-0")

    record = world.record("invented-0")
    assert answer.page == QUIZ
    assert "lapsedAt" not in record
    assert json.loads(record["requests"][1]["body"]) == {"agree": "yes"}
    assert read_admitted(world) == [OTHER_USER, "invented-0"]


def test_lapsed_participant_without_a_place_keeps_record_and_answer(world: StudyWorld) -> None:
    """Given a lapsed participant who answers while the study is full, the page says that their place is gone,
    and the answer is in their record, once."""
    fill(world, 1)
    world.clock.advance(HALF_AN_HOUR + 1)
    world.get(user=OTHER_USER)

    answers = [world.post({"agree": "yes"}, user="invented-0", step=1) for _ in range(2)]

    record = world.record("invented-0")
    assert [reason_of(answer) for answer in answers] == ["lapsed"] * 2
    assert "Your place in this study has gone to another person" in answers[0].page
    assert "Ada Example" in answers[0].page
    assert [json.loads(entry["body"]) for entry in record["repeats"]] == [{"agree": "yes"}]
    assert (len(record["requests"]), record["repeats"][0]["step"]) == (1, 1)
    assert reason_of(world.get(user="invented-0")) == "lapsed"


def test_reload_of_a_lapsed_participant_takes_the_place_back(world: StudyWorld) -> None:
    """Given a lapsed participant who reloads the first page, their new place is held from then on."""
    fill(world, 1)
    world.clock.advance(HALF_AN_HOUR + 1)
    world.get(user=OTHER_USER)
    world.publish(maxParticipants=2)

    assert world.get(user="invented-0").page == CONSENT
    assert "lapsedAt" not in world.record("invented-0")
    world.clock.advance(HALF_AN_HOUR - 60)
    world.post({"agree": "yes"}, user=OTHER_USER)
    assert reason_of(world.get(user="third")) == "full"


def test_answer_just_before_the_lapse_keeps_the_place(world: StudyWorld) -> None:
    """Given an answer that is written between the read and the write of the lapse, its participant keeps the
    place, and the newcomer is refused."""
    fill(world, 1)
    world.clock.advance(HALF_AN_HOUR + 1)
    answers: list[Answer] = []
    world.aws.before(
        "PutObject",
        lambda: answers.append(world.post({"agree": "yes"}, user="invented-0")),
        key="/Users/invented-0",
    )

    newcomer = world.get()

    assert (answers[0].page, reason_of(newcomer)) == (QUIZ, "full")
    assert len(world.record("invented-0")["requests"]) == 2
    assert read_admitted(world) == ["invented-0"]


def test_answer_just_after_the_lapse_is_kept(world: StudyWorld) -> None:
    """Given a lapse that is written between the read and the write of an answer, the newcomer has the place,
    and the answer is kept; its participant learns that their place is gone."""
    fill(world, 1)
    world.clock.advance(HALF_AN_HOUR + 1)
    answers: list[Answer] = []
    world.aws.before("PutObject", lambda: answers.append(world.get()), key="/Users/invented-0")

    late = world.post({"agree": "yes"}, user="invented-0")

    record = world.record("invented-0")
    assert (answers[0].page, reason_of(late)) == (CONSENT, "lapsed")
    assert [json.loads(entry["body"]) for entry in record["repeats"]] == [{"agree": "yes"}]
    assert read_admitted(world) == [USER]


def test_return_just_before_the_place_is_given_away(world: StudyWorld) -> None:
    """Given a lapsed participant who returns before the newcomer has written the list, they keep it."""
    fill(world, 1)
    world.clock.advance(HALF_AN_HOUR + 1)
    answers: list[Answer] = []
    world.aws.before(
        "PutObject",
        lambda: answers.append(world.post({"agree": "yes"}, user="invented-0")),
        key="_admission.json",
    )

    newcomer = world.get()

    assert (answers[0].page, reason_of(newcomer)) == (QUIZ, "full")
    assert read_admitted(world) == ["invented-0"]


def test_admission_without_a_record_lapses_too(world: StudyWorld) -> None:
    """Given an admission whose record could not be written, the place lapses, and its participant begins
    later if there is a place."""
    world.publish(maxParticipants=1)
    world.aws.fail("PutObject", "AccessDenied", 403, key="/Users/")
    assert world.get(user="crashed").status == 503
    world.clock.advance(HALF_AN_HOUR + 1)

    assert [reason_of(world.get()), reason_of(world.get(user="crashed"))] == [None, "full"]


def test_lists_from_before_places_lapsed(world: StudyWorld) -> None:
    """Given a list that an earlier release has written, the participants' records decide."""
    fill(world, 2)
    world.post({"agree": "yes"}, user="invented-0")
    old = json.dumps({"admitted": ["invented-0", "invented-1"], "refused": {}})
    world.s3.put_object(Bucket=BUCKET, Key=ADMISSION, Body=old)
    early = reason_of(world.get())
    world.clock.advance(HALF_AN_HOUR + 1)

    assert [early, reason_of(world.get())] == ["full", None]
    assert read_admitted(world) == ["invented-0", USER]


def test_closed_study_stores_the_answer_of_a_lapsed_participant(world: StudyWorld) -> None:
    """Given a lapsed participant who answers after the study was closed, the answer is stored."""
    fill(world, 1)
    world.clock.advance(HALF_AN_HOUR + 1)
    world.get(user=OTHER_USER)
    world.publish(maxParticipants=1, live=False)

    assert world.post({"agree": "yes"}, user="invented-0").status == 400
    assert len(world.record("invented-0")["requests"]) == 2


def test_unreadable_record_keeps_its_place_only(world: StudyWorld, caplog: pytest.LogCaptureFixture) -> None:
    """Given a full study and an old place whose record cannot be read, that place is kept, the log names the
    id, and newcomers get the other old places."""
    fill(world, 2)
    world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/invented-0", Body=b"oops")
    world.clock.advance(HALF_AN_HOUR + 1)

    newcomers = [reason_of(world.get(user=user)) for user in (USER, OTHER_USER)]

    assert newcomers == [None, "full"]
    assert read_admitted(world) == ["invented-0", USER]
    kept = [vars(entry)["userId"] for entry in caplog.records if entry.getMessage() == "place kept"]
    assert kept == ["invented-0"]
    assert world.read_object(f"{PROJECT}/Users/invented-0") == "oops"


# ---- balanced groups ----


def publish_groups(world: StudyWorld, **options: Any) -> None:
    """Publish a study whose groups are balanced."""
    world.upload({"survey-0.html": "<h1>Survey 0</h1>"})
    world.publish(groups="balanced", **options)


def read_groups(world: StudyWorld) -> dict[str, Any]:
    """Return the object."""
    content: dict[str, Any] = json.loads(world.read_object(GROUPS))
    return content


def count_running(world: StudyWorld) -> list[int]:
    """Return how many participants with a place are in each of the two groups."""
    groups = [group for group, began in read_groups(world)["running"].values() if began]
    return [groups.count(0), groups.count(1)]


def test_balance_recovers_from_invented_ids(world: StudyWorld) -> None:
    """Given invented ids that all end up in one group, the next participants balance only each other once the
    places have lapsed."""
    publish_groups(world)
    body = {"finished": [], "running": {f"x-{n}": [0, int(world.clock.now().timestamp())] for n in range(6)}}
    world.s3.put_object(Bucket=BUCKET, Key=GROUPS, Body=json.dumps(body))
    world.get(user="real-1")
    world.post({"page": "consent"}, user="real-1")
    assert world.record("real-1")["group"] == 1
    world.clock.advance(HALF_AN_HOUR + 1)

    world.get(user="real-2")

    assert world.record("real-2")["group"] == 0
    assert count_running(world) == [1, 1]
    assert read_groups(world)["begun"] == ["real-1"]


def test_groups_read_each_record_once(world: StudyWorld) -> None:
    """Given participants beyond the first page, one newcomer reads their records, and the next one none."""
    publish_groups(world)
    for user in ("a", "b"):
        world.get(user=user)
        world.post({"page": "consent"}, user=user)
    world.clock.advance(HALF_AN_HOUR + 1)
    reads = []
    for user in ("c", "d"):
        world.aws.reset()
        world.get(user=user)
        reads.append([key for key in world.aws.keys("GetObject") if "/Users/" in key])

    users = f"{PROJECT}/Users/"
    assert reads == [[f"{users}c", f"{users}a", f"{users}b"], [f"{users}d"]]


def test_lapsed_participant_keeps_their_group(world: StudyWorld) -> None:
    """Given a lapsed participant who comes back and finishes, they count in the group that they had."""
    publish_groups(world)
    world.get()
    group = world.record()["group"]
    world.clock.advance(HALF_AN_HOUR + 1)
    world.get(user=OTHER_USER)
    assert read_groups(world)["running"][USER] == [group, 0]

    world.put_server()
    world.post({"page": "consent"})
    assert world.record()["group"] == group
    assert read_groups(world)["running"][USER][1] > 0
    world.post({"page": "quiz"})
    world.get(step=3)
    world.post({"page": "survey"})

    assert read_groups(world)["finished"][group] == 1


def test_unreadable_record_stops_no_newcomer_of_groups(world: StudyWorld) -> None:
    """Given a participant of long ago whose record cannot be read, newcomers get a group, and that
    participant continues to count."""
    publish_groups(world)
    world.get(user="broken")
    world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Users/broken", Body=b"oops")
    world.clock.advance(HALF_AN_HOUR + 1)

    assert world.get().page == CONSENT
    assert count_running(world) == [1, 1]
    assert read_groups(world)["begun"] == ["broken"]
