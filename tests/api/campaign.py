"""A campaign of malformed requests to a running platform, with checks of every response and of the
account."""

import http.client
import json
import re
import time
import urllib.parse
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.api import account_traces as traces
from tests.api.description import find_problems
from tests.api.malformed_requests import (
    CLOSED,
    GUARDED,
    LINK_KEY,
    ONE_PER,
    PLAIN,
    SIGNED,
    STUDIES,
    USERS,
    WAITING,
    make_requests,
)
from tests.api.raw_client import RawAnswer, RawClient, RawRequest
from tests.e2e.account_view import AccountView

_THREADS = 4
_OPTIONS: dict[str, dict[str, Any]] = {
    PLAIN: {},
    WAITING: {"steps": {"1": "consent.html", "2": "game", "finalStep": "thanks.html"}},
    GUARDED: {"onePer": ONE_PER, "maxParticipants": 3, "screen": {"mobile": False, "minWidth": 800}},
    SIGNED: {"signedLinks": True},
    CLOSED: {"live": False},
}
_PAGES = {"1": "consent.html", "2": "quiz.html", "finalStep": "thanks.html"}


class Client(Protocol):
    """A sender of requests."""

    def send(self, request: RawRequest) -> RawAnswer:
        """Send a request and return the response."""

    def close(self) -> None:
        """Close the connection."""


@dataclass(slots=True)
class Results:
    """Statistics of the responses, and findings: (number of the request, request, problem)."""

    statuses: Counter[int] = field(default_factory=Counter)
    findings: list[tuple[int, RawRequest, str]] = field(default_factory=list)
    seconds: float = 0.0


def judge(request: RawRequest, answer: RawAnswer, marker: str) -> list[str]:
    """Return the problems of a response: a failure, an undescribed part, or content of the request."""
    if answer.status >= 500 or answer.status == 429:
        return [f"status {answer.status}: {answer.body[:200]!r}"]
    # The gateway decides whether `//next` and `/next/` are `/next`.
    path = re.sub("/+", "/", request.target.partition("?")[0].partition("#")[0])
    path = path.removesuffix("/")
    problems = find_problems(path, request.method, answer.status, answer.headers, answer.body)
    said = answer.body + repr(answer.headers).encode()
    return problems + ["the answer repeats what was sent"] * (marker.encode() in said)


def run(requests: Sequence[RawRequest], clients: Sequence[Client], marker: str) -> Results:
    """Send all requests, distributed among the clients, and check the responses."""
    results = Results()
    began = time.perf_counter()

    def work(share: int) -> None:
        for number in range(share, len(requests), len(clients)):
            request = requests[number]
            try:
                answer = clients[share].send(request)
            except (OSError, http.client.HTTPException, ValueError) as error:
                results.findings.append((number, request, f"no answer: {error!r}"))
                continue
            results.statuses[answer.status] += 1
            found = judge(request, answer, marker)
            results.findings += [(number, request, problem) for problem in found]
        clients[share].close()

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(work, range(len(clients))))
    results.seconds = time.perf_counter() - began
    return results


def report(results: Results, url: str, seed: int, most: int = 20) -> str:
    """Return text for a person: each finding with a command that repeats the request."""
    lines = [
        f"seed {seed}: {sum(results.statuses.values())} answers in {results.seconds:.0f} s, "
        f"by status {dict(sorted(results.statuses.items()))}, {len(results.findings)} findings"
    ]
    for number, request, what in sorted(results.findings, key=lambda finding: finding[0])[:most]:
        command = request.format_command(url)
        again = command if len(command) < 3000 else f"{command[:300]} … (whole: --only {number})"
        lines.append(f"request {number}: {what}\n    {again}")
    return "\n".join(lines)


class Campaign:
    """A platform prepared for the campaign: studies of every kind, and no limit on the rate of requests."""

    def __init__(self, account: AccountView) -> None:
        self._account = account
        outputs = account.outputs
        self.api, self.stage = outputs["stackOutputs"]["ApiId"], outputs["stackOutputs"]["StageName"]
        self._port = int(urllib.parse.urlsplit(outputs["endpointUrl"]).port or 0)
        self._host = f"{self.api}.execute-api.localhost:{self._port}"
        self.url = f"http://{self._host}/{self.stage}"
        self._buckets = [outputs["bucket"], outputs["stackOutputs"]["SiteBucketName"]]
        self._lift_limits()
        self._publish()
        self._before = self._list_objects()

    def execute(self, seed: int, count: int, only: int | None = None) -> tuple[Results, list[str], str]:
        """Run the requests, then check the account, then return a sentence with the numbers."""
        marker = f"~mark{seed}~"
        requests = make_requests(seed, count, marker)
        if only is not None:
            requests = [requests[only]]
        clients = [RawClient(self._port, self._host, self.stage) for _ in range(_THREADS)]
        results = run(requests, clients, marker)
        left, summary = self._look_at_account(requests, marker)
        return results, left, summary

    def _look_at_account(self, requests: Sequence[RawRequest], marker: str) -> tuple[list[str], str]:
        client = self._account.client
        lines = self._read_settled_logs()
        made = self._list_objects() - self._before
        pages = {key for bucket, key in made if bucket == self._buckets[0]}
        strange = traces.ObjectOracle(requests).find_strange(pages)
        strange += [key for bucket, key in made if bucket != self._buckets[0]]
        records = [key for key in pages if "/Users/" in key]
        problems = [f"unexpected object: {key!r}" for key in strange]
        problems += [f"in a log: {leak}" for leak in traces.find_leaks(lines, marker)[:10]]
        problems += ["the logs do not name who was there: were they read?"] * (not _name_somebody(lines))
        problems += [
            f"not a record: {key}" for key in traces.find_unreadable(client("s3"), self._buckets[0], records)
        ]
        return problems, f"{len(made)} new objects ({len(records)} participants), {len(lines)} log lines"

    def _read_settled_logs(self) -> list[str]:
        """Return all log lines once there are no new ones: stop messages may still be on their way."""
        lines: list[str] = []
        for _ in range(20):
            before = len(lines)
            time.sleep(1)
            lines = list(traces.read_logs(self._account.client("logs")))
            if lines and len(lines) == before:
                break
        return lines

    def _list_objects(self) -> set[tuple[str, str]]:
        s3 = self._account.client("s3")
        return {(bucket, key) for bucket in self._buckets for key in traces.list_keys(s3, bucket)}

    def _lift_limits(self) -> None:
        """Lift the rate limits, as an operator would in the console; otherwise nearly all responses
        would be 429."""
        settings = {"rateLimit": "100000", "burstLimit": "100000"}
        self._account.client("apigateway").update_stage(
            restApiId=self.api,
            stageName=self.stage,
            patchOperations=[
                {"op": "replace", "path": f"/*/*/throttling/{name}", "value": value}
                for name, value in settings.items()
            ],
        )

    def _publish(self) -> None:
        """Publish studies without a server start, each with other options, and store two server records."""
        s3, bucket = self._account.client("s3"), self._buckets[0]
        for study in STUDIES:
            for name in ("consent", "quiz", "thanks"):
                s3.put_object(Bucket=bucket, Key=f"{study}/{name}.html", Body=f"<h1>{name}</h1>".encode())
            self._update({**_build_config(study), **_OPTIONS[study]})
        s3.put_object(Bucket=bucket, Key=f"{SIGNED}/_keys/links", Body=LINK_KEY)
        for user, state in (("anna", {"state": "ready"}), ("c", {"state": "stopped", "error": "no image"})):
            record = {"userId": user, "projectId": WAITING, "attempt": 1, **state}
            s3.put_object(Bucket=bucket, Key=f"_servers/{user}.json", Body=json.dumps(record).encode())
        time.sleep(1)  # next_step searches for a study that is not in its list once a second at most

    def _update(self, config: dict[str, Any]) -> None:
        name = self._account.outputs["stackOutputs"]["UpdateFunctionName"]
        answer = self._account.client("lambda").invoke(FunctionName=name, Payload=json.dumps(config).encode())
        content = json.loads(answer["Payload"].read())
        assert content.get("statusCode") == 200, content


def _name_somebody(lines: Sequence[tuple[str, str]]) -> bool:
    return any(USERS[0] in line for _, line in lines)


def _build_config(study: str) -> dict[str, Any]:
    events = {"startServerStep": "", "stopServerStep": ""}
    config = {"id": study, "name": study, "live": True, "ecsTask": study, "steps": _PAGES}
    return {**config, "events": events, "maxRuntime": 5}
