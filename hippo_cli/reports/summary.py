"""The figures of a status: pure counting, no AWS."""

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
    Sight,
    find_midnight,
    find_span,
    find_time_to_ready,
    has_failed,
    is_alive,
    split_by_day,
)

# Somebody who has not finished, and was not heard of for so long, is counted as gone.
GONE_AFTER = timedelta(hours=1)


@dataclass(slots=True)
class StepCount:
    """One step: who is there now, who has come so far, who went away there, and how long it takes."""

    step: int
    file: str
    here: int = 0
    gone: int = 0
    reached: int = 0
    reached_today: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float | None:
        """Seconds that half of the participants needed at most."""
        return median(self.seconds) if self.seconds else None

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        """Seconds of a quarter, half and three quarters of them."""
        if len(self.seconds) < 2:
            return (self.seconds[0],) * 3 if self.seconds else None
        low, middle, high = quantiles(self.seconds, n=4, method="inclusive")
        return low, middle, high


@dataclass(frozen=True, slots=True)
class ServerView:
    """A server that lives: ages and times in UTC, cost in USD so far."""

    user: str
    state: str
    attempt: int
    requested: datetime | None
    age: timedelta | None
    deadline: datetime | None
    cost: float
    late: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """A server that came to a bad end."""

    user: str
    time: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Day:
    """What servers did in one day."""

    minutes: float
    cost: float


@dataclass(slots=True)
class Summary:
    """Everything that a status shows."""

    project_id: str
    title: str
    now: datetime
    total: int
    today: int
    finished: int
    finished_today: int
    gone: int
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
    sight: Sight = Sight.CLEAR

    @property
    def servers_visible(self) -> bool:
        """Whether servers would be seen if there were any, as far as one knows."""
        return self.sight is not Sight.REFUSED

    @property
    def active(self) -> int:
        """Who has begun, not finished, and was heard of lately."""
        return self.total - self.finished - self.gone

    @property
    def cost(self) -> float:
        """USD of all servers that are in the records."""
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
    """The figures at `now`; days begin in `zone` (None: this machine's)."""
    midnight = find_midnight(now.astimezone(zone).date(), zone)
    today = [journey for journey in journeys if journey.created and journey.created >= midnight]
    here = [journey for journey in journeys if not is_gone(journey, now)]
    current = [record for record in servers if is_alive(record)]
    return Summary(
        project_id,
        study.title,
        now,
        len(journeys),
        len(today),
        sum(journey.finished for journey in journeys),
        sum(journey.finished for journey in today),
        len(journeys) - len(here),
        [journey for journey in here if journey.phase is Phase.WAITING],
        sum(journey.phase is Phase.PLAYING for journey in here),
        _count_steps(study, journeys, today, now),
        sorted((_view(record, size, now) for record in current), key=lambda view: (view.state, view.user)),
        _list_failures(servers),
        [seconds for record in servers if (seconds := find_time_to_ready(record)) is not None],
        _count_days(servers, size, now, zone),
        size,
        len({journey.version for journey in journeys}),
    )


def is_gone(journey: Journey, now: datetime) -> bool:
    """Whether they went away before the end."""
    return not journey.finished and journey.last_seen is not None and now - journey.last_seen > GONE_AFTER


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
            here = counts[journey.step]
            here.here += not is_gone(journey, now)
            here.gone += is_gone(journey, now)
        for step, seconds in journey.seconds:
            if step in counts:
                counts[step].seconds.append(seconds)
    reached_today = Counter(step for journey in today for step in range(1, journey.step + 1))
    for step, count in reached_today.items():
        counts[step].reached_today = count
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
    )


def _list_failures(servers: Sequence[ServerRecord]) -> list[Failure]:
    """Latest first."""
    failures = [
        Failure(record.user_id, _find_end(record), record.error or record.reason or "no reason is recorded")
        for record in servers
        if has_failed(record)
    ]
    return sorted(failures, key=lambda failure: failure.time.timestamp() if failure.time else 0, reverse=True)


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
