"""The checks of the campaign, which must find what they exist for."""

import json

import pytest

from tests.api.account_traces import ObjectOracle, find_leaks
from tests.api.campaign import report, run
from tests.api.malformed_requests import GUARDED, PLAIN, make_requests
from tests.api.raw_client import RawAnswer, RawRequest

MARKER = "~mark~"
GOOD = RawAnswer(403, {"access-control-allow-origin": "*"}, b'{"message": "Missing Authentication Token"}')
VISIT = RawRequest("GET", f"/next?projectId={PLAIN}&userId=Anna", (("X-Marker", MARKER),))


class FakeClient:
    """A client that returns the same response to every request."""

    def __init__(self, answer: RawAnswer) -> None:
        self._answer = answer

    def send(self, _request: RawRequest) -> RawAnswer:
        """Return the response."""
        return self._answer

    def close(self) -> None:
        """Do nothing: there is no connection."""


def test_good_responses_are_not_findings() -> None:
    """Given responses as described, there is nothing to report."""
    results = run([VISIT] * 4, [FakeClient(GOOD), FakeClient(GOOD)], MARKER)

    assert (results.statuses, results.findings) == ({403: 4}, [])


@pytest.mark.parametrize(
    "answer",
    [
        RawAnswer(502, GOOD.headers, GOOD.body),
        RawAnswer(503, GOOD.headers, b'"The service is busy. Please try again in a moment."'),
        RawAnswer(429, GOOD.headers, GOOD.body),
        RawAnswer(403, {}, GOOD.body),
        RawAnswer(403, GOOD.headers, b"<html>"),
        RawAnswer(302, GOOD.headers, GOOD.body),
        RawAnswer(400, GOOD.headers, json.dumps(f"no such thing: {MARKER}").encode()),
    ],
    ids=["failure", "unavailable", "throttled", "no CORS", "no JSON", "status", "echo"],
)
def test_bad_response_is_reported_with_a_command_to_repeat_it(answer: RawAnswer) -> None:
    """Given a wrong response, the report has the seed and a command that repeats the request."""
    results = run([VISIT], [FakeClient(answer)], MARKER)

    text = report(results, "http://api/v1", seed=7)
    assert "seed 7" in text
    assert f"-X GET 'http://api/v1{VISIT.target}' -H 'X-Marker: {MARKER}'" in text


def test_object_that_no_request_may_make_is_strange() -> None:
    """Given a valid request, its record may exist, and no other object."""
    guarded = RawRequest("GET", f"/next?projectId={GUARDED}&userId=b&PROLIFIC_PID=x")
    bad = RawRequest("GET", f"/next?projectId={PLAIN}&userId=a%2Fb")
    reserved = RawRequest("GET", f"/next?projectId={PLAIN}&userId=WWW")
    other_path = RawRequest("GET", f"/start?projectId={PLAIN}&userId=zoe")
    oracle = ObjectOracle([VISIT, guarded, bad, reserved, other_path])

    may = [f"{PLAIN}/Users/anna", f"{GUARDED}/_admission.json", "_sweep.json"]
    may.append(f"{GUARDED}/Users/3f2b8c1e-9d47-8a6b-8e21-5c7d0f9a1b2c")
    strange = [f"{PLAIN}/Users/{name}" for name in ("Anna", "a/b", "www", "zoe")]
    strange += ["_servers/anna.json", "project_master_list.json/x", f"{GUARDED}/Users/b"]
    assert oracle.find_strange(may) == []
    assert oracle.find_strange([*may, *strange]) == sorted(strange)


def test_log_line_with_request_contents_is_a_leak() -> None:
    """Given lines with ids and one with a header's value, only that one is found."""
    lines = [("next", '{"userId": "anna"}'), ("next", f'{{"reason": "bad {MARKER}"}}')]

    assert find_leaks(lines, MARKER) == ['next: {"reason": "bad ~mark~"}']


def test_same_seed_gives_the_same_requests() -> None:
    """Given a seed twice, the requests are the same, each with the marker, and another seed gives others."""
    requests = make_requests(1, 200, MARKER)

    assert requests == make_requests(1, 200, MARKER)
    assert requests != make_requests(2, 200, MARKER)
    assert all(MARKER in dict(request.headers).values() for request in requests)
    bodies = [request.body for request in requests if request.body]
    assert [body for body in bodies if MARKER.encode() not in body.replace(b"\0", b"")] == []
