"""Start and stop messages: published when their step is reached, before it is written, and again if nothing
happens."""

import pytest

from tests.support.study_world import PROJECT, USER, StudyWorld

START = {
    "projectId": PROJECT,
    "userId": USER,
    "requestId": f"{PROJECT}/{USER}/1",
    "tickets": "optional",
}


def test_start_message_is_sent_when_its_step_is_reached(world: StudyWorld) -> None:
    """Given startServerStep 1, one start message with its request id is published when the study begins."""
    world.get()
    world.get()

    assert world.messages("start") == [START]
    assert world.messages("stop") == []


def test_start_message_of_a_later_step_waits_for_it(world: StudyWorld) -> None:
    """Given startServerStep 2, the message is published at step 2, not before."""
    world.publish(events={"startServerStep": 2, "stopServerStep": 4})
    world.get()
    assert world.messages("start") == []

    world.post({})

    assert world.messages("start") == [START | {"requestId": f"{PROJECT}/{USER}/2"}]


def test_server_may_start_with_the_game_itself(world: StudyWorld) -> None:
    """Given startServerStep on the game step, the message is published there and the participant waits."""
    world.publish(events={"startServerStep": 3, "stopServerStep": 4})

    assert world.reach_waiting().page == "wait"
    assert world.messages("start") == [START | {"requestId": f"{PROJECT}/{USER}/3"}]


def test_stop_message_is_sent_when_its_step_is_reached(world: StudyWorld) -> None:
    """Given stopServerStep 4, one stop message is published when the survey is reached and reloaded."""
    world.reach_survey()
    world.get()

    ids = {"userId": USER, "projectId": PROJECT, "requestId": f"{PROJECT}/{USER}/4"}
    assert world.messages("stop") == [{**ids, "reason": "step 4"}]


def test_study_without_server_sends_nothing(world: StudyWorld) -> None:
    """Given empty event keys, a whole study publishes nothing."""
    steps = {"1": "consent.html", "2": "quiz.html", "finalStep": "thanks.html"}
    world.publish(steps=steps, events={"startServerStep": None, "stopServerStep": ""})

    world.get()
    world.post({"page": "1"})
    world.post({"page": "2"})

    assert world.messages("start") == world.messages("stop") == []


@pytest.mark.parametrize(("topic", "reach"), [("start", "get"), ("stop", "survey")])
def test_message_goes_out_before_the_step_is_written(world: StudyWorld, topic: str, reach: str) -> None:
    """Given a write that fails, the message is published anyway and the step is unchanged."""
    if reach == "survey":
        world.reach_game()
        world.clock.advance(60)
    keys_before = world.list_keys(f"{PROJECT}/Users/")
    world.aws.fail("PutObject", "AccessDenied", 403)

    answer = world.get()

    assert answer.status == 503
    assert len(world.messages(topic)) == 1
    assert world.list_keys(f"{PROJECT}/Users/") == keys_before
    if reach == "survey":
        assert world.record()["nextStep"] == 4


def test_step_is_not_written_when_its_message_cannot_be_sent(world: StudyWorld) -> None:
    """Given a topic that refuses, the response is 503 and there is no record: the next try publishes the
    message."""
    world.aws.fail("Publish", "AuthorizationError", 403)

    assert world.get().status == 503
    assert world.list_keys(f"{PROJECT}/Users/") == []

    assert world.get().step == 1
    assert world.messages("start") == [START]


def test_start_is_published_again_after_a_minute_without_record(world: StudyWorld) -> None:
    """Given a start without effect, it is requested again under the same request id after 60 s of
    waiting, and again after another 60 s."""
    world.reach_waiting()

    sent = []
    for _ in range(24):
        world.clock.advance(5)
        world.get()
        sent.append(len(world.messages("start")))

    assert sent == [1] * 11 + [2] * 12 + [3]
    assert world.messages("start") == [START] * 3


@pytest.mark.parametrize("state", ["starting", "stopping"])
def test_start_is_published_again_when_the_lease_has_expired(world: StudyWorld, state: str) -> None:
    """Given a record whose invocation has failed, the start is published again after 60 s of waiting."""
    world.reach_waiting()
    world.put_server(state, lease_until=world.minutes_later(-1))
    world.clock.advance(60)
    world.get()

    assert world.messages("start") == [START] * 2


@pytest.mark.parametrize("state", ["starting", "stopping"])
def test_start_is_not_published_again_while_someone_is_at_work(world: StudyWorld, state: str) -> None:
    """Given a live lease, nothing is requested, however long the participant waits."""
    world.reach_waiting()
    world.put_server(state, lease_until=world.minutes_later(15))
    world.clock.advance(600)
    world.get()

    assert world.messages("start") == [START]


def test_server_that_ended_before_the_game_is_asked_for_under_a_new_name(world: StudyWorld) -> None:
    """Given a slow reader whose server has already expired, a new attempt is requested at once at the
    game: the old request id would have no effect."""
    world.put_server("stopped", attempt=1, stopped_at=world.clock.now())

    world.reach_waiting()

    assert world.messages("start") == [START, START | {"requestId": f"{PROJECT}/{USER}/1/2"}]


def test_study_without_a_start_step_requests_no_server(world: StudyWorld) -> None:
    """Given servers that are started by other means, neither the game step nor waiting publishes anything."""
    world.publish(events={"startServerStep": "", "stopServerStep": ""})
    world.put_server("stopped", stopped_at=world.clock.now())
    world.reach_waiting()
    world.clock.advance(120)
    world.get()

    assert world.messages("start") == []


def test_server_that_starts_after_the_game_is_not_requested_there(world: StudyWorld) -> None:
    """Given a startServerStep beyond the game, waiting at the game does not start it early."""
    world.publish(events={"startServerStep": 4, "stopServerStep": 5})
    world.reach_waiting()
    world.clock.advance(120)
    world.get()

    assert world.messages("start") == []


def test_failed_start_is_not_published_again(world: StudyWorld) -> None:
    """Given a permanently failed start, no retry is requested."""
    world.put_server("failed", error="no such task definition")
    world.reach_waiting()
    world.clock.advance(600)
    world.get()

    assert world.messages("start") == [START]
