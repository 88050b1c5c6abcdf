"""Many participants at once on a local platform, each of whom takes the whole study and plays."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from bench.platforms import open_platform
from bench.tables import format_table, percentile
from tests.e2e.account_view import AccountView
from tests.e2e.participant import Participant, play

# As the study's own page does.
POLL_SECONDS = 2.0
_MOST_SECONDS = 600
_PERCENTS = (50, 90, 95, 99, 100)


@dataclass(frozen=True, slots=True)
class Sample:
    """A request: its kind and the seconds until its response."""

    kind: str
    seconds: float


@dataclass(slots=True)
class StudyRun:
    """A participant's run through the study; `error` says why it ended before the last page."""

    participant: Participant
    samples: list[Sample] = field(default_factory=list)
    error: str = ""

    def run(self) -> "StudyRun":
        """Take the study from the link to the thanks page."""
        try:
            self._take_study()
        except Exception as error:  # noqa: BLE001 - any failure is this participant's result
            self.error = f"{type(error).__name__}: {error}"[:200]
        return self

    def _take_study(self) -> None:
        person = self.participant
        self._time("first page", person.begin)
        self._time("page step", lambda: person.submit({"agree": "yes"}))
        self._time("POST that reaches the game", lambda: person.submit({"question": "b"}))
        self._time("wait for the server, from there", self._await_game)
        with ExitStack() as stack:
            socket = self._time("connection to the game", lambda: stack.enter_context(person.connect()))
            self._time("game: ten frames, then done", lambda: play(socket))
        self._time("page step that stops the server", person.finish_game)
        last = self._time("page step", lambda: person.submit({"rating": "4"}))
        assert last["step"] == last["steps"] + 1, last

    def _await_game(self) -> None:
        deadline = time.monotonic() + _MOST_SECONDS
        person = self.participant
        while person.answer["page"] != "show_game_page":
            assert person.answer["page"] == "wait", person.answer
            assert time.monotonic() < deadline, "the server never became ready"
            time.sleep(POLL_SECONDS)
            self._time("poll", lambda: person.get(step=person.answer["step"] - 1))

    def _time(self, kind: str, action: Any) -> Any:
        began = time.perf_counter()
        result = action()
        self.samples.append(Sample(kind, time.perf_counter() - began))
        return result


def measure_load(participants: int) -> tuple[list[StudyRun], float]:
    """Run all participants at once on a new platform; return the runs and the total seconds."""
    with open_platform(max_servers=participants) as account:
        began = time.perf_counter()
        with ThreadPoolExecutor(participants) as pool:
            futures = [pool.submit(_make_run(account, number).run) for number in range(participants)]
            runs = [future.result() for future in futures]
        return runs, time.perf_counter() - began


def _make_run(account: AccountView, number: int) -> StudyRun:
    return StudyRun(Participant(account.outputs, f"participant-{number}"))


def format_load_table(runs: Iterable[StudyRun]) -> str:
    """Return a table with a row for each kind of request, in seconds."""
    by_kind: dict[str, list[float]] = {}
    for sample in (sample for run in runs for sample in run.samples):
        by_kind.setdefault(sample.kind, []).append(sample.seconds)
    rows = [
        [kind, len(seconds), *(f"{percentile(seconds, percent):.2f}" for percent in _PERCENTS)]
        for kind, seconds in by_kind.items()
    ]
    headers = ["request", "number", *(f"p{percent}, s" for percent in _PERCENTS[:-1]), "most, s"]
    return format_table(headers, rows)
