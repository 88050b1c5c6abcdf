"""The responses to participants who wait for their server, and the retry that they may request."""

import json
from typing import Any

import pytest

from hippo.records.codes import EndReason
from hippo.records.server import MAX_ATTEMPTS
from tests.support.study_world import PROJECT, SURVEY, USER, Answer, StudyWorld


def told(answer: Answer) -> tuple[Any, ...]:
    """Return the keys of a waiting response besides `wait`."""
    assert answer.page == "wait"
    return tuple(answer.content[key] for key in ("progress", "retryAfter", "usualSeconds"))


def fail_start(world: StudyWorld, **more: Any) -> Answer:
    """Wait for a server whose start has failed permanently."""
    world.put_server("stopped", error="the name is taken", start_id=f"{PROJECT}/{USER}/1", **more)
    return world.reach_waiting()


def fields_of_failure(answer: Answer) -> tuple[Any, ...]:
    """Return the keys of the page for a failed server besides its text."""
    return tuple(answer.content.get(key) for key in ("error", "mayRetry", "contact"))


FAILED = ("server_failed", True, "Ada Example, ada@example.org")
FAILED_FOR_GOOD = ("server_failed", False, "Ada Example, ada@example.org")


def test_progress_of_a_start(world: StudyWorld) -> None:
    """Given a server on its way, each poll says how far it is, and when to ask again."""
    answers = [told(world.reach_waiting())]
    for more in ({}, {"public_ip": "198.51.100.7"}):
        world.put_server("starting", lease_until=world.minutes_later(5), **more)
        answers.append(told(world.get()))

    assert answers == [("queued", 10, 75), ("starting", 5, 75), ("almostThere", 2, 75)]


@pytest.mark.parametrize("state", ["stopping", "stopped"])
def test_earlier_server_is_a_queue(world: StudyWorld, state: str) -> None:
    """Given an earlier server that is stopped or being stopped, the start is queued."""
    world.put_server(state, public_ip="198.51.100.7")

    assert told(world.reach_waiting())[0] == "queued"
    assert told(world.get())[0] == "queued"


def test_times_are_the_operators(world: StudyWorld) -> None:
    """Given other settings, including fractions, the responses use them."""
    world.set_environment(RETRY_AFTER_SECONDS="0.5", USUAL_START_SECONDS="5")

    assert told(world.reach_waiting()) == ("queued", 1, 5)
    world.put_server("starting", public_ip="198.51.100.7", lease_until=world.minutes_later(5))
    assert told(world.get()) == ("almostThere", 0.5, 5)


@pytest.mark.parametrize("reach", ["get", "reach_waiting", "reach_game", "reach_survey", "reach_final"])
def test_every_answer_has_title_and_language(world: StudyWorld, reach: str) -> None:
    """Given any response of the study, it has the study's title and language."""
    world.publish(name="Voiture", language="fr")

    content = getattr(world, reach)().content

    assert (content["title"], content["language"]) == ("Voiture", "fr")


def test_list_without_name_and_with_a_strange_language(world: StudyWorld) -> None:
    """Given a list edited by hand, the title is the project's id and the language English."""
    entry = {**world.read_list()[0], "name": None, "language": 5, "version": None}
    world.write_list([entry])

    content = world.get().content

    assert (content["title"], content["language"]) == (PROJECT, "en")


def test_failure_offers_one_more_try(world: StudyWorld) -> None:
    """Given a permanently failed start, the page offers a retry, and a person to contact."""
    assert fields_of_failure(fail_start(world)) == FAILED
    assert fields_of_failure(world.get()) == FAILED


def test_study_without_researcher_has_no_contact(world: StudyWorld) -> None:
    """Given a config without a researcher, `contact` is null."""
    world.publish(researcher=None)

    assert fields_of_failure(fail_start(world)) == ("server_failed", True, None)


def test_retry_is_published_at_once_and_waited_for(world: StudyWorld) -> None:
    """Given a failed start, a retry publishes a start with its own id, and the participant waits instead
    of seeing the old failure."""
    fail_start(world, attempt=2)

    answers = [world.get(retry=1), world.get(), world.get(retry=1)]

    assert [told(answer)[0] for answer in answers] == ["queued"] * 3
    assert [m["requestId"] for m in world.messages("start")] == [
        f"{PROJECT}/{USER}/1",
        f"{PROJECT}/{USER}/1/3/retry",
    ]
    assert world.record()["retriedAt"] == "2030-01-01T12:00:11.000+00:00"


def test_retry_that_is_taken_up_shows_its_progress_and_the_game(world: StudyWorld) -> None:
    """Given a retry, the participant plays when its server is ready."""
    fail_start(world)
    world.get(retry=1)
    world.put_server("starting", attempt=2, lease_until=world.minutes_later(5))
    progress = told(world.get())[0]
    world.put_server("ready", attempt=2)

    assert progress == "starting"
    assert world.get().page == "show_game_page"


def test_permanent_failure_may_be_retried_once(world: StudyWorld) -> None:
    """Given a retry that failed too, the page says so at once and offers nothing more."""
    fail_start(world)
    world.get(retry=1)
    retried = world.messages("start")[-1]["requestId"]
    world.put_server("stopped", attempt=2, error="the name is taken", start_id=retried, seen=(retried,))

    assert fields_of_failure(world.get()) == FAILED_FOR_GOOD
    assert fields_of_failure(world.get(retry=1)) == FAILED_FOR_GOOD
    assert len(world.messages("start")) == 2


def test_task_that_ended_may_be_retried_until_the_attempts_are_used_up(world: StudyWorld) -> None:
    """Given a task that ended, the participant's retries are the same as the platform's."""
    world.put_server("stopped", error="exit 1", reason=EndReason.TASK_ENDED, attempt=1, tries=1)
    world.reach_waiting()
    offers = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        more = {
            "reason": EndReason.TASK_ENDED,
            "attempt": attempt,
            "tries": attempt,
            "start_id": str(attempt),
        }
        retried = tuple(m["requestId"] for m in world.messages("start"))
        world.put_server("stopped", error="exit 1", seen=retried, **more)
        offers.append(world.get().content["mayRetry"])
        world.get(retry=1)

    assert offers == [True, True, True, True, False]
    assert [m["requestId"].rpartition("/")[2] for m in world.messages("start")] == ["1", "2", "3", "4", "5"]


def test_retry_that_does_not_start_is_requested_again_each_minute(world: StudyWorld) -> None:
    """Given all servers in use at the retry, it is requested again under the same id while the
    participant keeps waiting; after ten minutes the failure is shown again."""
    fail_start(world)
    world.get(retry=1)
    world.aws.reset()
    pages = []
    for _ in range(125):
        world.clock.advance(5)
        pages.append(world.get().page == "wait")

    again = world.messages("start")[2:]
    assert {m["requestId"] for m in again} == {f"{PROJECT}/{USER}/1/2/retry"}
    assert len(again) == 9
    assert pages == [True] * 119 + [False] * 6


@pytest.mark.parametrize("loser_retries", [True, False])
def test_two_retries_at_once_are_one(world: StudyWorld, loser_retries: bool) -> None:
    """Given two windows that retry at once, both wait for the same start."""
    fail_start(world)
    rivals: list[Answer] = []
    query = {"retry": 1} if loser_retries else {}
    world.aws.before("PutObject", lambda: rivals.append(world.get(**query)), key="/Users/")

    answers = [world.get(retry=1), *rivals]

    assert [answer.content.get("progress") for answer in answers] == [
        "queued",
        "queued" if loser_retries else None,
    ]
    assert {m["requestId"] for m in world.messages("start")[1:]} == {f"{PROJECT}/{USER}/1/2/retry"}


def test_retry_of_a_start_that_is_not_published_is_not_remembered(world: StudyWorld) -> None:
    """Given SNS down, the response is 503, and the participant may still retry."""
    fail_start(world)
    world.aws.fail("Publish", "InternalError", 500, times=10_000)
    status = world.get(retry=1).status
    world.aws.reset()

    assert status == 503
    assert fields_of_failure(world.get()) == FAILED


def test_retry_elsewhere_changes_nothing(world: StudyWorld) -> None:
    """Given `retry=1` on a page, while a server starts, in a game or at the end, it acts as any other GET."""
    pages = [world.get(retry=1).page, world.get().page]
    world.reach_waiting()
    world.put_server("starting", lease_until=world.minutes_later(5))
    waited = told(world.get(retry=1))[0]
    world.put_server()
    world.get(retry=1)
    world.clock.advance(60)

    assert pages[0] == pages[1]
    assert waited == "starting"
    assert world.get(retry=1).page == SURVEY
    assert len(world.messages("start")) == 1
    assert "retriedAt" not in world.record()


@pytest.mark.parametrize(("method", "query"), [("POST", {"retry": 1}), ("GET", {"retry": 0}), ("GET", {})])
def test_only_a_get_that_says_so_is_a_retry(world: StudyWorld, method: str, query: dict[str, int]) -> None:
    """Given another request to the page for a failed server, no start is published."""
    fail_start(world)

    answer = world.send(method, None, user=USER, project=PROJECT, **query)

    assert fields_of_failure(answer) == FAILED
    assert len(world.messages("start")) == 1


def test_study_that_starts_no_server_offers_no_retry(world: StudyWorld) -> None:
    """Given a study whose servers are started by other means, there is nothing to retry."""
    world.publish(events={"startServerStep": None, "stopServerStep": 4})

    assert fields_of_failure(fail_start(world)) == FAILED_FOR_GOOD
    assert fields_of_failure(world.get(retry=1)) == FAILED_FOR_GOOD
    assert world.messages("start") == []


def test_game_whose_server_failed_while_it_was_shown_offers_no_retry(world: StudyWorld) -> None:
    """Given a game that was shown and whose server has failed since, `retry` starts nothing."""
    world.reach_game()
    world.put_server("stopped", error="the host is gone")

    assert fields_of_failure(world.get(retry=1)) == FAILED_FOR_GOOD
    assert len(world.messages("start")) == 1


DENIED = (
    "ecs:RunTask: AccessDeniedException: not authorized to perform: iam:PassRole on arn:aws:iam::9:role/r"
)


def reach_delay(world: StudyWorld, minutes: float, **more: Any) -> Answer:
    """Wait so many minutes for a server whose start has a problem, then ask again."""
    world.reach_waiting()
    world.put_server("starting", lease_until=world.minutes_later(minutes + 5), **more)
    world.clock.advance(60 * minutes)
    return world.get()


def test_delayed_start_names_the_contact_and_no_detail(world: StudyWorld) -> None:
    """Given a start that has not progressed for longer than twice the usual time, the response says so
    and whom to contact, without the problem itself."""
    content = reach_delay(world, 3, problem=DENIED).content

    assert (content["delayed"], content["contact"]) == (True, "Ada Example, ada@example.org")
    assert (content["page"], content["progress"]) == ("wait", "starting")
    assert "iam" not in json.dumps(content).lower()


@pytest.mark.parametrize(
    ("minutes", "more"),
    [
        (2, {"problem": DENIED}),
        (10, {}),
        (2, {"project": "another"}),
    ],
    ids=["not yet", "no problem known", "not yet, of another study"],
)
def test_start_is_not_called_delayed(world: StudyWorld, minutes: float, more: dict[str, Any]) -> None:
    """Given a short wait, or no known problem, the response does not speak of a delay."""
    content = reach_delay(world, minutes, **more).content

    assert content["page"] == "wait"
    assert not {"delayed", "contact"} & content.keys()


def test_another_studys_server_is_a_delay(world: StudyWorld) -> None:
    """Given a server of another study under the same id, which keeps theirs from starting, the response
    says so after a while, and whom to contact."""
    content = reach_delay(world, 10, project="another").content

    assert (content["delayed"], content["contact"]) == (True, "Ada Example, ada@example.org")
    assert content["page"] == "wait"


def test_delay_is_over_once_the_game_is_ready(world: StudyWorld) -> None:
    """Given a delayed start that succeeds in the end, the participant plays."""
    reach_delay(world, 3, problem=DENIED)
    world.put_server("ready")

    assert world.get().page == "show_game_page"
