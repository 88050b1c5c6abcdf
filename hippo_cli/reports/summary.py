"""The figures of a status, computed without AWS."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from statistics import median, quantiles

from hippo.journey.progress import Phase
from hippo.records.codes import ServerState
from hippo.records.server import ServerRecord
from hippo.studies.study import Study
from hippo_cli.data.studies import list_steps
from hippo_cli.reports.journeys import Journey
from hippo_cli.reports.servers import (
    ServerSize,
    Visibility,
    find_span,
    find_time_to_ready,
    has_failed,
    is_alive,
    is_delayed,
    split_by_day,
)

# Participants who have not finished and were inactive for this long count as dropped out.
DROPPED_OUT_AFTER = timedelta(hours=1)


@dataclass(slots=True)
class StepCount:
    """The participants at one step: active now, dropped out, reached so far, and the time they needed."""

    step: int
    file: str
    active: int = 0
    dropped_out: int = 0
    reached: int = 0
    reached_today: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float | None:
        """The median time in seconds."""
        return median(self.seconds) if self.seconds else None

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        """The quartiles of the time in seconds."""
        if len(self.seconds) < 2:
            return (self.seconds[0],) * 3 if self.seconds else None
        low, middle, high = quantiles(self.seconds, n=4, method="inclusive")
        return low, middle, high


@dataclass(frozen=True, slots=True)
class ServerView:
    """A current server, with times in UTC and its cost so far in USD.

    `problem` is why its start does not progress.
    """

    user: str
    state: str
    attempt: int
    requested: datetime | None
    age: timedelta | None
    deadline: datetime | None
    cost: float
    overdue: bool
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed server."""

    user: str
    time: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Day:
    """The use of servers on one day."""

    minutes: float
    cost: float


@dataclass(slots=True)
class Summary:
    """All figures of a status."""

    project_id: str
    title: str
    now: datetime
    total: int
    today: int
    finished: int
    finished_today: int
    dropped_out: int
    waiting: list[Journey]
    playing: int
    steps: list[StepCount]
    servers: list[ServerView]
    failures: list[Failure]
    ready_seconds: list[float]
    days: dict[date, Day]
    size: ServerSize
    versions: int
    broken: int = 0
    visibility: Visibility = Visibility.COMPLETE
    odd_servers: list[str] = field(default_factory=list)  # keys that no server record has
    hidden_servers: int = 0  # participants' server records that exist and may not be read

    @property
    def servers_visible(self) -> bool:
        """Whether servers would be visible if there were any, as far as is known."""
        return self.visibility is not Visibility.DENIED

    @property
    def active(self) -> int:
        """The number of participants who have neither finished nor dropped out."""
        return self.total - self.finished - self.dropped_out

    @property
    def cost(self) -> float:
        """The cost of all servers in the records, in USD."""
        return sum(day.cost for day in self.days.values())


def summarise(
    project_id: str,
    study: Study,
    journeys: Sequence[Journey],
    servers: Sequence[ServerRecord],
    size: ServerSize,
    now: datetime,
    zone: tzinfo | None = None,
) -> Summary:
    """Return the figures at `now`, with days in the time zone `zone` (None means this machine's)."""
    day = now.astimezone(zone).date()
    today = [
        journey for journey in journeys if journey.created and journey.created.astimezone(zone).date() >= day
    ]
    staying = [journey for journey in journeys if not has_dropped_out(journey, now)]
    current = [record for record in servers if is_alive(record)]
    return Summary(
        project_id,
        study.title,
        now,
        len(journeys),
        len(today),
        sum(journey.finished for journey in journeys),
        sum(journey.finished for journey in today),
        len(journeys) - len(staying),
        [journey for journey in staying if journey.phase is Phase.WAITING],
        sum(journey.phase is Phase.PLAYING for journey in staying),
        _count_steps(study, journeys, today, now),
        sorted((_view(record, size, now) for record in current), key=lambda view: (view.state, view.user)),
        _list_failures(servers),
        [seconds for record in servers if (seconds := find_time_to_ready(record)) is not None],
        _count_days(servers, size, now, zone),
        size,
        len({journey.version for journey in journeys}),
    )


def has_dropped_out(journey: Journey, now: datetime) -> bool:
    """Return whether the participant dropped out before the end."""
    return (
        not journey.finished and journey.last_seen is not None and now - journey.last_seen > DROPPED_OUT_AFTER
    )


def _count_steps(
    study: Study, journeys: Sequence[Journey], today: Sequence[Journey], now: datetime
) -> list[StepCount]:
    files = dict(list_steps(study))
    last = max([*files, *(journey.step for journey in journeys)], default=0)
    counts = {step: StepCount(step, files.get(step, "")) for step in range(1, last + 1)}
    for journey in journeys:
        for step in range(1, journey.step + 1):
            counts[step].reached += 1
        if journey.step in counts:
            count = counts[journey.step]
            count.active += not has_dropped_out(journey, now)
            count.dropped_out += has_dropped_out(journey, now)
        for step, seconds in journey.seconds:
            if step in counts:
                counts[step].seconds.append(seconds)
    reached_today = Counter(step for journey in today for step in range(1, journey.step + 1))
    for step, number in reached_today.items():
        counts[step].reached_today = number
    return list(counts.values())


def _view(record: ServerRecord, size: ServerSize, now: datetime) -> ServerView:
    span = find_span(record, now)
    begun = record.started_at or record.requested_at
    return ServerView(
        record.user_id,
        record.state,
        record.attempt,
        record.requested_at,
        now - begun if begun else None,
        record.deadline,
        size.price(span[1] - span[0]) if span else 0.0,
        record.deadline is not None and record.deadline < now and record.state != ServerState.STARTING,
        record.start_problem if is_delayed(record) else "",
    )


def _list_failures(servers: Sequence[ServerRecord]) -> list[Failure]:
    """Return the failed servers, latest first."""
    failures = [
        Failure(record.user_id, _find_end(record), _find_reason(record))
        for record in servers
        if has_failed(record)
    ]
    return sorted(failures, key=lambda failure: failure.time.timestamp() if failure.time else 0, reverse=True)


def _find_reason(record: ServerRecord) -> str:
    return record.error or record.start_problem or record.reason or "no reason recorded"


def _find_end(record: ServerRecord) -> datetime | None:
    return record.stopped_at or record.stop_requested_at or record.started_at or record.requested_at


def _count_days(
    servers: Sequence[ServerRecord], size: ServerSize, now: datetime, zone: tzinfo | None
) -> dict[date, Day]:
    durations: defaultdict[date, timedelta] = defaultdict(timedelta)
    for record in servers:
        if span := find_span(record, now):
            for day, share in split_by_day(*span, zone):
                durations[day] += share
    return {
        day: Day(duration.total_seconds() / 60, size.price(duration))
        for day, duration in sorted(durations.items())
    }
