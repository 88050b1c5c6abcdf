"""The limit of newcomers for each network and hour: whom it stops, whom it must not, and what is stored."""

import json
import logging
from typing import Any

import pytest

from hippo.http import parse_request
from hippo.studies.links import name_link_key, sign_link
from tests.support.study_world import BUCKET, CONSENT, PROJECT, QUIZ, Answer, StudyWorld

KEY = b"0123456789abcdef0123456789abcdef"
COUNTS = "_newcomers/"


class Visitors:
    """Participants who come from addresses of their own."""

    def __init__(self, world: StudyWorld, load_event: Any) -> None:
        self.world, self.load_event = world, load_event

    def get(self, user: str, address: str = "198.51.100.23", **more: Any) -> Answer:
        """Send a GET from an address."""
        return self.send("next_get", user, address, None, **more)

    def post(self, user: str, address: str = "198.51.100.23", **more: Any) -> Answer:
        """Send an answer from an address."""
        return self.send("next_post", user, address, '{"agree": "yes"}', **more)

    def send(self, name: str, user: str, address: str, body: str | None, **more: Any) -> Answer:
        """Send a request; `headers` are added to the event's, other values to its query."""
        event = self.load_event(name) | {"body": body}
        event["headers"] = {**event["headers"], **more.pop("headers", {})}
        event["queryStringParameters"] = {"projectId": PROJECT, "userId": user, **more}
        event["requestContext"]["identity"]["sourceIp"] = address
        return self.world.send_event(event)


@pytest.fixture
def visitors(world: StudyWorld, load_event: Any) -> Visitors:
    """Return the visitors of a study that admits three newcomers of a network in an hour."""
    world.publish(newcomersPerNetwork=3)
    return Visitors(world, load_event)


def reasons(answers: list[Answer]) -> list[str | None]:
    """Return the reason of each refusal."""
    assert {answer.status for answer in answers} == {200}
    return [answer.content.get("reason") for answer in answers]


def test_anonymous_requests_fill_no_more_than_the_limit(world: StudyWorld, visitors: Visitors) -> None:
    """Given 25 anonymous GETs with invented ids, as many as MaxServers, three servers are requested."""
    answers = [visitors.get(f"invented-{number}", "198.51.100.9") for number in range(25)]

    assert reasons(answers) == [None] * 3 + ["network"] * 22
    assert len(world.messages("start")) == 3
    assert len(world.list_keys(f"{PROJECT}/Users/")) == 3


def test_polling_ids_take_no_more_turns_than_the_limit(world: StudyWorld, visitors: Visitors) -> None:
    """Given 50 invented ids that answer each page and poll for a server, all from one network, only three of
    them ever ask for one and can wait in the queue."""
    for number in range(50):
        user = f"invented-{number}"
        visitors.get(user)
        visitors.post(user)
        visitors.post(user)
    for _ in range(3):
        world.clock.advance(61)
        for number in range(50):
            visitors.get(f"invented-{number}")

    asked = {message["userId"] for message in world.messages("start")}
    assert asked == {"invented-0", "invented-1", "invented-2"}
    assert len(world.messages("start")) == 3 + 3 * 3


def test_page_says_why_and_whom_to_ask(visitors: Visitors) -> None:
    """Given a network above its limit, the page says so and names the contact."""
    for number in range(4):
        answer = visitors.get(f"user-{number}")

    assert "from your network" in answer.page
    assert "Ada Example, ada@example.org" in answer.page
    assert (answer.content["error"], answer.step) == ("refused", 0)


@pytest.mark.parametrize(
    ("addresses", "refused"),
    [
        (["198.51.100.1", "198.51.100.2", "198.51.100.255"], "198.51.100.77"),
        (["2001:db8:7::1", "2001:db8:7:1::2", "2001:db8:7:ffff::3"], "2001:db8:7:8::9"),
    ],
    ids=["IPv4 /24", "IPv6 /48"],
)
def test_networks_are_counted_apart(visitors: Visitors, addresses: list[str], refused: str) -> None:
    """Given newcomers from all over a /24 or /48, only another one from there is refused."""
    inside = [visitors.get(f"inside-{number}", address) for number, address in enumerate(addresses)]

    assert reasons(inside) == [None] * 3
    assert reasons([visitors.get("late", refused)]) == ["network"]
    assert reasons([visitors.get("a", "198.51.101.1"), visitors.get("b", "2001:db8:8::1")]) == [None] * 2


def test_headers_do_not_change_the_network(visitors: Visitors) -> None:
    """Given a client that claims another address in every header, API Gateway's own address counts."""
    names = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP")
    answers = [
        visitors.get(f"user-{number}", headers=dict.fromkeys(names, f"203.0.{number}.1"))
        for number in range(4)
    ]

    assert reasons(answers) == [None] * 3 + ["network"]


def test_participants_with_a_record_are_never_refused(world: StudyWorld, visitors: Visitors) -> None:
    """Given participants who have begun, they continue in a network that is full, from any address."""
    for number in range(4):
        visitors.get(f"user-{number}")

    assert [visitors.get("user-0").page, visitors.post("user-1").page] == [CONSENT, QUIZ]
    world.aws.reset()
    visitors.get("user-0", "203.0.113.9")
    assert not [key for key in world.aws.keys("GetObject") if key.startswith(COUNTS)]


def test_lapsed_participant_is_no_newcomer(world: StudyWorld, visitors: Visitors) -> None:
    """Given a participant whose place has lapsed and whose network is full, they get a free place."""
    world.publish(newcomersPerNetwork=1, maxParticipants=1)
    visitors.get("first", "203.0.113.1")
    world.clock.advance(1801)
    visitors.get("second", "198.51.100.1")
    world.publish(newcomersPerNetwork=1, maxParticipants=2)
    assert reasons([visitors.get("third", "198.51.100.1")]) == ["network"]

    assert reasons([visitors.get("first", "198.51.100.1")]) == [None]


def test_hour_slides(world: StudyWorld, visitors: Visitors) -> None:
    """Given three newcomers 20 minutes apart, each makes room for another one an hour later."""
    for number in range(3):
        visitors.get(f"user-{number}")
        world.clock.advance(20 * 60)

    assert reasons([visitors.get("a"), visitors.get("b")]) == [None, "network"]
    world.clock.advance(20 * 60)
    assert reasons([visitors.get("b")]) == [None]


def test_retry_counts_once(world: StudyWorld, visitors: Visitors) -> None:
    """Given a newcomer whose record could not be written and who asks again, they count once."""
    world.aws.fail("PutObject", "AccessDenied", 403, times=1, key="/Users/")
    crashed, again = visitors.get("user-0"), visitors.get("user-0")

    assert (crashed.status, again.page) == (503, CONSENT)
    assert reasons([visitors.get(f"user-{number}") for number in (1, 2, 3)]) == [None, None, "network"]


def test_limit_holds_for_simultaneous_arrivals(world: StudyWorld, visitors: Visitors) -> None:
    """Given five newcomers of one network who read the count before any writes it, three begin."""
    answers: list[Answer] = []

    def arrive(waiting: list[str]) -> None:
        if waiting:
            world.aws.before("PutObject", lambda: arrive(waiting[1:]), key=".json")
            answers.append(visitors.get(waiting[0]))

    visitors.get("warm", "203.0.113.1")  # today's key exists
    arrive([f"user-{number}" for number in range(5)])

    assert sorted(reasons(answers), key=str) == [None] * 3 + ["network"] * 2
    assert len(world.list_keys(f"{PROJECT}/Users/")) == 4


def test_two_environments_share_the_key(world: StudyWorld, visitors: Visitors) -> None:
    """Given two environments that both find no key of the day, one makes it, and both count together."""
    other: list[Answer] = []

    def begin_elsewhere() -> None:
        world.start_cold()
        other.append(visitors.get("user-0"))

    world.aws.before("PutObject", begin_elsewhere, key="/key")
    visitors.get("user-1")

    assert reasons(other) == [None]
    assert reasons([visitors.get("user-2"), visitors.get("user-3")]) == [None, "network"]
    assert len(world.list_keys(COUNTS)) == 2


def test_no_address_is_stored_or_logged(
    world: StudyWorld,
    visitors: Visitors,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Given newcomers, admitted and refused, keys, counts, logs and metrics hold neither address nor network,
    and the same network has another name on the next day and in another study."""
    caplog.set_level(logging.DEBUG)
    for number in range(4):
        visitors.get(f"user-{number}", "198.51.100.23", headers={"X-Forwarded-For": "192.0.2.1"})
    first = [key for key in world.list_keys(COUNTS) if key.endswith(".json")]
    world.clock.advance(86_400)
    visitors.get("user-9", "198.51.100.23")
    keys = [key for key in world.list_keys(COUNTS) if key.endswith(".json")]
    stored = " ".join(world.read_object(key) for key in world.list_keys(COUNTS))
    logged = " ".join(str(vars(record)) for record in caplog.records if record.name.startswith("hippo"))

    assert len(first) == 1
    assert len({key.rpartition("/")[2] for key in keys}) == 2
    for text in (stored, " ".join(keys), logged, capsys.readouterr().out):
        assert "198.51" not in text
    assert "user-0" not in stored
    assert json.loads(world.read_object(first[0]))["newcomers"].keys().isdisjoint({"user-0", "user-1"})


def test_request_does_not_show_its_address(load_event: Any) -> None:
    """Given a request that is printed, its address is not."""
    request = parse_request(load_event("next_get"))

    assert request.address == "198.51.100.23"
    assert "address=" not in repr(request)


def test_count_is_bounded(world: StudyWorld, visitors: Visitors) -> None:
    """Given many refused newcomers, the count of their network does not grow, and no list names them."""
    for number in range(30):
        visitors.get(f"user-{number}")
    count = next(key for key in world.list_keys(COUNTS) if key.endswith(".json"))

    assert len(json.loads(world.read_object(count))["newcomers"]) == 3
    assert world.list_keys(f"{PROJECT}/_admission.json") == []


def test_refusals_of_one_network_are_bounded(world: StudyWorld, visitors: Visitors) -> None:
    """Given many invented ids on a phone, all see why they are refused, no more than the limit are listed in
    an hour, and the network's newcomers on a computer begin."""
    world.publish(newcomersPerNetwork=3, screen={"mobile": False})
    refused = [visitors.get(f"phone-{number}", mobile="1") for number in range(20)]
    world.clock.advance(3601)
    later = [visitors.get(f"later-{number}", mobile="1") for number in range(20)]

    assert reasons([*refused, *later]) == ["mobile"] * 40
    listed = json.loads(world.read_object(f"{PROJECT}/_admission.json"))["refused"]["mobile"]
    assert listed == [f"{name}-{number}" for name in ("phone", "later") for number in range(3)]
    begun = [visitors.get(f"user-{number}", mobile="0") for number in range(4)]
    assert reasons(begun) == [None] * 3 + ["network"]


def test_calls_of_a_counted_refusal(world: StudyWorld, visitors: Visitors) -> None:
    """Given a limit and newcomers on a phone, the count adds one read and one write to a refusal, one read to
    another one of the same id, and beyond the limit there is only that read."""
    world.publish(newcomersPerNetwork=2, screen={"mobile": False})
    visitors.get("warm", mobile="1")
    counts = []
    for user in ("a", "a", "b"):
        world.aws.reset()
        visitors.get(user, mobile="1")
        counts.append(world.aws.count())

    assert counts == [{"GetObject": 3, "PutObject": 2}, {"GetObject": 3}, {"GetObject": 2}]


def test_counts_are_in_the_stacks_own_bucket(world: StudyWorld, visitors: Visitors) -> None:
    """Given a project in another bucket, without the stack's lifecycle, the counts are not there."""
    world.publish(newcomersPerNetwork=3, bucket="hippo-lab")
    visitors.get("user-0")

    listed = world.s3.list_objects_v2(Bucket="hippo-lab", Prefix=COUNTS)
    assert (listed["KeyCount"], len(world.list_keys(COUNTS))) == (0, 2)


def test_broken_count_begins_again(world: StudyWorld, visitors: Visitors) -> None:
    """Given a count that cannot be read, newcomers are admitted and counted again."""
    visitors.get("user-0")
    count = next(key for key in world.list_keys(COUNTS) if key.endswith(".json"))
    for body in (b"[", b'{"newcomers": [1]}', b'{"newcomers": {"a": "x"}}', b"{}"):
        world.s3.put_object(Bucket=BUCKET, Key=count, Body=body)
        assert reasons([visitors.get(f"user-{body!r}"[5:8].strip("b'[{") + "x")]) == [None]


@pytest.mark.parametrize(
    ("options", "limit", "refused"),
    [
        ({}, "2", 1),
        ({}, "0", 0),
        ({}, "", 0),
        ({"newcomersPerNetwork": 0}, "2", 0),
        ({"newcomersPerNetwork": 3}, "2", 0),
        ({"newcomersPerNetwork": 1}, "0", 2),
    ],
)
def test_stack_has_a_default(
    world: StudyWorld, load_event: Any, options: dict[str, Any], limit: str, refused: int
) -> None:
    """Given a limit of the stack, the study's own takes precedence, also if it is 0; without either there is
    none."""
    world.set_environment(NEWCOMERS_PER_NETWORK=limit)
    world.publish(**options)
    visitors = Visitors(world, load_event)

    answers = [visitors.get(f"user-{number}") for number in range(3)]

    assert reasons(answers).count("network") == refused


def test_signed_links_are_exempt(world: StudyWorld, visitors: Visitors) -> None:
    """Given signed links, a class of any size begins behind one address, and nothing is counted."""
    world.s3.put_object(Bucket=BUCKET, Key=name_link_key(PROJECT), Body=KEY)
    world.publish(newcomersPerNetwork=1, signedLinks=True)
    users = [f"user-{number}" for number in range(5)]

    answers = [visitors.get(user, signature=sign_link(KEY, PROJECT, user)) for user in users]

    assert reasons(answers) == [None] * 5
    assert world.list_keys(COUNTS) == []


def test_class_of_a_hundred_begins_by_default(world: StudyWorld, load_event: Any) -> None:
    """Given the defaults and a hundred participants behind one school's address, all begin."""
    world.publish()
    visitors = Visitors(world, load_event)

    answers = [visitors.get(f"user-{number}") for number in range(100)]

    assert reasons(answers) == [None] * 100


def test_calls(world: StudyWorld, visitors: Visitors) -> None:
    """Given a limit, a newcomer adds one read and one write, a refusal one read, and the key of the day one
    read and one write in the first environment."""
    visitors.get("warm", "203.0.113.1")
    counts = []
    for user in ("a", "b", "c", "d"):
        world.aws.reset()
        visitors.get(user)
        counts.append(world.aws.count())
    world.clock.advance(86_400)
    visitors.post("warm")
    world.aws.reset()
    visitors.get("tomorrow")

    assert counts == [{"GetObject": 2, "PutObject": 2, "Publish": 1}] * 3 + [{"GetObject": 2}]
    assert world.aws.count() == {"GetObject": 3, "PutObject": 3, "Publish": 1}


def test_event_without_an_address_is_not_counted(visitors: Visitors) -> None:
    """Given a test event of API Gateway's console, whose address is a word, the newcomer begins."""
    answers = [visitors.get(f"user-{number}", "test-invoke-source-ip") for number in range(5)]

    assert reasons(answers) == [None] * 5
