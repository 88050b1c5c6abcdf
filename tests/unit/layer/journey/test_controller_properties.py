"""Properties of the controller: no step is skipped or reversed, and no answer is lost, in any sequence."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hippo.errors import BadRequestError
from hippo.http import HttpRequest
from hippo.journey.controller import StudyController
from hippo.records.codes import EndReason
from hippo.records.server import ServerRecord, ServerStore
from hippo.settings import NextStepSettings
from hippo.studies.catalogue import Catalogue
from hippo.studies.publishing import freeze_version, list_project
from tests.support.fakes import FakeClock, FakeHostNames, FakeObjectStore, FakeTopic

USER, PROJECT = "player-1", "study"
SETTINGS = NextStepSettings("fake-bucket", "Z1", "example.org", "arn:start", "arn:stop")


class Participant:
    """A study of pages and games in memory, with one participant whose answers all differ."""

    def __init__(self, games: list[bool]) -> None:
        self.store, self.clock = FakeObjectStore(), FakeClock()
        self.start_topic, self.stop_topic = FakeTopic(), FakeTopic()
        steps = {str(number): "game" if game else "page.html" for number, game in enumerate(games, 1)}
        events = {"startServerStep": 1, "stopServerStep": len(games)}
        config = {"id": PROJECT, "live": True, "steps": {**steps, "finalStep": "end.html"}, "events": events}
        self.store.objects |= {f"{PROJECT}/page.html": b"page", f"{PROJECT}/end.html": b"end"}
        version, _ = freeze_version(self.store, config)
        list_project(self.store, {**config, "version": version}, self.clock)
        self.controller = StudyController(
            SETTINGS,
            Catalogue(lambda _bucket: self.store, ("fake-bucket",), self.clock, 10),
            ServerStore(self.store),
            self.start_topic,
            self.stop_topic,
            FakeHostNames,
            self.clock,
        )
        self.last = len(games)
        self._count = 0
        self.sent: list[str] = []
        self.shown: list[dict[str, Any]] = []

    def send(self, method: str, ahead: int | None) -> None:
        """Send a request. `ahead` is its `step` relative to the current step; None omits it."""
        query = {"projectId": PROJECT, "userId": USER}
        if ahead is not None:
            query["step"] = str(self.step + ahead)
        self._count += 1
        body = json.dumps({"answer": self._count}) if method == "POST" else None
        try:
            response = self.controller.respond(HttpRequest(method, query, {}, body, "r"))
        except BadRequestError:
            return
        self.shown.append(response)
        if body:
            self.sent.append(body)

    def set_server(self, state: str) -> None:
        """Put the participant's server into a state."""
        record = ServerRecord(USER, PROJECT, state)
        servers = ServerStore(self.store)
        found = servers.read(USER)
        servers.write(replace(record, attempt=2) if found else record, found[1] if found else None)

    def retry(self) -> None:
        """Request a retry, at any step."""
        query = {"projectId": PROJECT, "userId": USER, "retry": "1"}
        self.shown.append(self.controller.respond(HttpRequest("GET", query, {}, None, "r")))

    def fail_server(self, reason: str) -> None:
        """Make the last requested start fail, and all before it."""
        seen = tuple(message["requestId"] for message in self.start_topic.messages)
        servers = ServerStore(self.store)
        found = servers.read(USER)
        attempt = found[0].attempt + 1 if found else 1
        record = ServerRecord(USER, PROJECT, "stopped", attempt, attempt, reason=reason, error="failed")
        start_id = seen[-1] if seen else ""
        servers.write(replace(record, seen=seen, start_id=start_id), found[1] if found else None)

    @property
    def record(self) -> dict[str, Any]:
        """Return the participant's record."""
        return json.loads(self.store.objects.get(f"{PROJECT}/Users/{USER}", b"{}"))

    @property
    def step(self) -> int:
        """Return their step: the one at which they wait, or the one before the next."""
        next_step = self.record.get("nextStep", 1)
        in_game = (
            "interruptedAt" in self.record
        )  # after a server's failure the game before next_step is awaited
        at = next_step if self.record.get("waitingSince") and not in_game else next_step - 1
        return min(at, self.last + 1)


REQUESTS = st.tuples(st.sampled_from(["GET", "POST"]), st.sampled_from([None, None, -2, -1, 0, 0, 1]))
EVENTS = st.one_of(
    REQUESTS.map(lambda r: lambda p: p.send(*r)),
    REQUESTS.map(lambda r: lambda p: p.send(*r)),
    st.sampled_from([1, 20, 30, 70]).map(lambda s: lambda p: p.clock.advance(s)),
    st.sampled_from(["starting", "ready", "ready", "stopped", "failed"]).map(
        lambda s: lambda p: p.set_server(s)
    ),
)
STUDIES = st.lists(st.booleans(), min_size=1, max_size=4)
Event = Callable[[Participant], None]


@given(STUDIES, st.lists(EVENTS, max_size=25))
def test_step_never_goes_back_and_never_skips(games: list[bool], events: list[Event]) -> None:
    """Given any sequence of requests, servers and waits, each moves the participant by one step at most,
    the response shows their current step, and a game ends only after it was shown."""
    participant = Participant(games)
    for event in events:
        before, shown = participant.step, len(participant.shown)
        event(participant)
        after = participant.step

        assert before <= after <= before + 1
        for answer in participant.shown[shown:]:
            assert answer["step"] == after
        if after == before + 1 and 1 <= before <= participant.last and games[before - 1]:
            assert any(a["step"] == before and a["page"] == "show_game_page" for a in participant.shown)


@given(STUDIES, st.lists(EVENTS, max_size=25))
def test_no_answer_is_lost_or_kept_twice(games: list[bool], events: list[Event]) -> None:
    """Given any sequence, each accepted answer is stored once, in `requests` or `repeats`, and `requests`
    has one entry for each step that was left."""
    participant = Participant(games)
    for event in events:
        event(participant)

    record = participant.record
    kept = [entry["body"] for entry in record.get("requests", []) + record.get("repeats", [])]
    assert sorted(body for body in kept if body) == sorted(participant.sent)
    if participant.step <= participant.last:
        assert len(record.get("requests", [])) == participant.step


@given(STUDIES, st.lists(EVENTS, max_size=12), REQUESTS, REQUESTS)
def test_two_requests_at_once_advance_once_and_keep_both_answers(
    games: list[bool], events: list[Event], first: tuple[str, int | None], rival: tuple[str, int | None]
) -> None:
    """Given any point of a study, when a rival's request runs between the reads and the write of another,
    the participant advances by one step at most and no answer is lost."""
    participant = Participant(games)
    for event in events:
        event(participant)
    before = participant.step
    participant.store.before_write = lambda: participant.send(*rival)

    participant.send(*first)

    record = participant.record
    kept = [entry["body"] for entry in record.get("requests", []) + record.get("repeats", [])]
    assert before <= participant.step <= before + 1
    assert sorted(body for body in kept if body) == sorted(participant.sent)


@given(STUDIES, st.lists(EVENTS, max_size=25))
def test_start_message_goes_out_once_per_reason(games: list[bool], events: list[Event]) -> None:
    """Given any sequence, a start was published for every participant who has begun, and every start
    names its reason."""
    participant = Participant(games)
    for event in events:
        event(participant)

    identifiers = [message["requestId"] for message in participant.start_topic.messages]
    assert bool(identifiers) == (participant.step >= 1)
    assert set(identifiers) <= {f"{PROJECT}/{USER}/1{suffix}" for suffix in ("", "/2", "/3")}


FAILURES = st.one_of(
    EVENTS,
    st.just(lambda p: p.retry()),
    st.sampled_from(["", EndReason.TASK_ENDED]).map(lambda reason: lambda p: p.fail_server(reason)),
)


@given(STUDIES, st.lists(FAILURES, max_size=30))
def test_retries_do_not_advance_and_are_bounded(games: list[bool], events: list[Event]) -> None:
    """Given any sequence with failed starts and retries, no step is skipped, a permanent failure is
    retried once at most, and a response about a wait or a failure is complete."""
    participant = Participant(games)
    for event in events:
        before = participant.step
        event(participant)
        assert before <= participant.step <= before + 1

    identifiers = {message["requestId"] for message in participant.start_topic.messages}
    permanent = {identifier for identifier in identifiers if identifier.endswith("/retry")}
    assert len(permanent) <= 1
    for answer in participant.shown:
        assert answer["page"] != "wait" or {"progress", "retryAfter", "usualSeconds"} <= answer.keys()
        assert answer.get("error") != "server_failed" or isinstance(answer["mayRetry"], bool)
