"""Responses of the handlers, each kind at least once, compared with docs/reference/openapi.yaml."""

import json
from collections.abc import Callable

import pytest

from hippo.studies.completion import Completion
from tests.api.description import find_problems, load_description
from tests.support.study_world import PROJECT, USER, Answer, StudyWorld

Ask = Callable[[StudyWorld], Answer]


def refuse(**options: object) -> Ask:
    """Return the response to a newcomer to a study with these options."""

    def ask(world: StudyWorld) -> Answer:
        world.publish(**options)
        return world.get(screenWidth=300, mobile=1)

    return ask


def refuse_one_too_many(world: StudyWorld) -> Answer:
    """Return the response to the second participant of a study for one."""
    world.publish(maxParticipants=1)
    world.get("somebody-else")
    return world.get()


def refuse_neighbour(world: StudyWorld) -> Answer:
    """Return the response to the second newcomer of a network in a study for one of each."""
    world.publish(newcomersPerNetwork=1)
    world.get("somebody-else")
    return world.get()


def refuse_lapsed(world: StudyWorld) -> Answer:
    """Return the response to a participant whose place another one has got."""
    world.publish(maxParticipants=1)
    world.get()
    world.clock.advance(1801)
    world.get("somebody-else")
    return world.get()


def finish(world: StudyWorld) -> Answer:
    """Return the response at the end of a study that shows a code and a link."""
    world.publish(completion={"code": "C1", "url": "https://example.org/?cc={code}"})
    return world.reach_final()


def miss_page(world: StudyWorld) -> Answer:
    """Return the response for a step whose page is missing."""
    world.write_list([{"id": PROJECT, "live": True, "steps": {"1": "gone.html", "finalStep": "gone.html"}}])
    return world.get()


def wait_for(state: str, **record: object) -> Ask:
    """Return the response to a participant who reaches the game while their server is in that state."""

    def ask(world: StudyWorld) -> Answer:
        world.reach_waiting()
        world.put_server(state, **record)
        return world.get()

    return ask


def lose_game(world: StudyWorld) -> Answer:
    """Return the response for a game whose server was stopped."""
    world.reach_game()
    world.put_server("stopped")
    return world.get()


def ask_while_s3_is_down(world: StudyWorld) -> Answer:
    """Return the response to a request that ends in 503."""
    world.aws.fail("GetObject", "InternalError", 500, times=1000)
    return world.get()


# The result of each: a value in the response that identifies its kind.
KINDS: dict[str, tuple[Ask, dict[str, object]]] = {
    "page": (lambda world: world.get(), {"step": 1}),
    "answered page": (lambda world: world.post({"a": "b"}), {"step": 1}),
    "completion": (finish, {"completion": {"code": "C1", "url": "https://example.org/?cc=C1"}}),
    "queued": (lambda world: world.reach_waiting(), {"progress": "queued"}),
    "starting": (wait_for("starting"), {"progress": "starting"}),
    "almost there": (wait_for("starting", public_ip="192.0.2.1"), {"progress": "almostThere"}),
    "game": (lambda world: world.reach_game(), {"page": "show_game_page"}),
    "failed server": (wait_for("failed", error="no such task"), {"error": "server_failed"}),
    "stopped server": (lose_game, {"error": "server_stopped"}),
    "missing page": (miss_page, {"error": "page_missing"}),
    "link": (refuse(signedLinks=True), {"reason": "linkInvalid"}),
    "preview": (
        lambda world: world.get(assignmentId="ASSIGNMENT_ID_NOT_AVAILABLE"),
        {"reason": "taskNotAccepted"},
    ),
    "recruiter's id": (refuse(onePer="PROLIFIC_PID"), {"reason": "recruiterIdMissing"}),
    "closed": (refuse(closesAt="2001-01-01T00:00:00+00:00"), {"reason": "closed"}),
    "mobile": (refuse(screen={"mobile": False}), {"reason": "mobile"}),
    "narrow": (refuse(screen={"minWidth": 800}), {"reason": "narrow"}),
    "full": (refuse_one_too_many, {"reason": "full"}),
    "network": (refuse_neighbour, {"reason": "network"}),
    "lapsed": (refuse_lapsed, {"reason": "lapsed"}),
}


def judge(answer: Answer, path: str = "/next", method: str = "GET") -> list[str]:
    """Return the parts of a response that are not as described."""
    body = b"" if answer.content is None else json.dumps(answer.content).encode()
    return find_problems(path, method, answer.status, answer.headers, body)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_response_is_described(world: StudyWorld, kind: str) -> None:
    """Given any situation of a participant, status, headers and every key of the response are as
    described."""
    ask, holds = KINDS[kind]

    answer = ask(world)

    assert answer.status == 200
    assert {key: answer.content.get(key) for key in holds} == holds
    assert judge(answer) == []


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, lambda world: world.get(project="nowhere")),
        (400, lambda world: world.get(user="www")),
        (400, lambda world: world.get(step="x")),
        (400, lambda world: world.post("not JSON")),
        (503, ask_while_s3_is_down),
    ],
    ids=["unknown", "reserved", "step", "body", "S3 down"],
)
def test_each_refusal_is_described(world: StudyWorld, status: int, ask: Ask) -> None:
    """Given an invalid request, status, headers and text of the response are as described."""
    answer = ask(world)

    assert answer.status == status
    assert judge(answer) == []


@pytest.mark.parametrize("name", ["start", "stop"])
def test_responses_of_the_control_endpoints_are_described(world: StudyWorld, name: str) -> None:
    """Given a start or a stop, valid or not, the response is as described."""
    good, bad = world.control(name), world.control(name, user="www")

    assert (good.status, bad.status) == (200, 400)
    assert judge(good, f"/{name}") == judge(bad, f"/{name}") == []


def test_each_described_reason_and_error_was_met() -> None:
    """Given the values that the description lists, one of the responses above has each of them."""
    schemas = load_description()["components"]["schemas"]
    met = [value for _, holds in KINDS.values() for value in holds.values() if isinstance(value, str)]
    for schema, key in (("Refusal", "reason"), ("Notice", "error"), ("Wait", "progress")):
        assert set(schemas[schema]["properties"][key]["enum"]) <= set(met)
    described = set(schemas["Completion"]["properties"])
    assert described == set(Completion.__dataclass_fields__)


@pytest.mark.parametrize(
    "change",
    [{"extra": 1}, {"steps": None}, {"userId": "UPPER"}, {"error": "refused"}, {"page": 3}],
    ids=lambda change: next(iter(change)),
)
def test_undescribed_keys_are_found(world: StudyWorld, change: dict[str, object]) -> None:
    """Given a real response with one wrong or unknown key, the check finds it."""
    answer = world.get(USER)

    assert judge(Answer(200, answer.headers, {**answer.content, **change})) != []
    assert judge(Answer(200, {}, answer.content)) != []
    assert judge(Answer(418, answer.headers, answer.content)) != []
