"""What the functions and the game server of one participant have logged, as one timeline."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from hippo.clock import Clock
from hippo_cli.aws_errors import is_denied, read_code
from hippo_cli.operations.log_lines import GAME, LogLine, find_tasks, names_user, read_line
from hippo_cli.stack import Stack

# In the order of the stack's output FunctionLogGroups.
FUNCTIONS = ("next_step", "start_server", "stop_server")
_LATE = timedelta(seconds=20)  # CloudWatch shows lines in any order, and some seconds after they were written
_STREAMS_AT_ONCE = 100  # FilterLogEvents takes no more names
_FOLLOW_SECONDS = 3.0
_MISSING = "ResourceNotFoundException"


class Timeline:
    """Reads again and again, each line once.

    `notes` says what could not be read, by source; `denied` are the sources that may not be.
    """

    def __init__(self, client: Any, stack: Stack, user_id: str, project_id: str, tasks: set[str]) -> None:
        self._client = client
        self._stack = stack
        self._user_id = user_id
        self._project_id = project_id
        self._tasks = set(tasks)
        self._seen: dict[str, datetime] = {}
        self.notes: dict[str, str] = {}
        self.denied: set[str] = set()

    def read(self, since: datetime) -> list[LogLine]:
        """The lines since then that were not read before, in order of time."""
        found = []
        for source, group in self._list_groups():
            found += self._read_source(source, self._filter(group, since, f'"{self._user_id}"'))
        found += self._read_source(GAME, self._read_game(since))
        self._forget(since)
        return sorted(found, key=lambda line: line.time)

    @property
    def is_refused(self) -> bool:
        """Whether none of the logs may be read that there are."""
        return self.denied >= {*FUNCTIONS, *([GAME] if self._tasks else [])}

    def follow(self, since: datetime, clock: Clock) -> Iterator[list[LogLine]]:
        """Once what there is, then what is new, for ever."""
        while True:
            now = clock.now()
            yield self.read(since)
            since = max(since, now - _LATE)
            clock.sleep(_FOLLOW_SECONDS)

    def _list_groups(self) -> list[tuple[str, str]]:
        groups = [name for name in self._stack.get("FunctionLogGroups").split(",") if name]
        if not groups:
            self.notes["functions"] = "the stack does not say their log groups: it has to be deployed again"
        return list(zip(FUNCTIONS, groups, strict=False))

    def _read_source(self, source: str, events: Iterator[dict[str, Any]]) -> list[LogLine]:
        lines = []
        try:
            for event in events:
                if source != GAME:
                    self._tasks |= find_tasks(event["message"])
                line = self._take(source, event)
                lines += [line] if line else []
        except ClientError as error:
            if is_denied(error):
                self.notes[source] = "its log may not be read with these credentials"
                self.denied.add(source)
            elif read_code(error) == _MISSING:
                self.notes[source] = "there is no log of it"
            else:
                raise
        else:
            self.notes.pop(source, None)
            self.denied.discard(source)
        return lines

    def _take(self, source: str, event: dict[str, Any]) -> LogLine | None:
        identity = f"{source} {event.get('eventId') or (event['timestamp'], event['message'])}"
        if identity in self._seen:
            return None
        line = read_line(source, event["timestamp"], event["message"])
        if line:
            self._seen[identity] = line.time
        return line

    def _forget(self, since: datetime) -> None:
        """Lines from before are not asked for again."""
        self._seen = {identity: time for identity, time in self._seen.items() if time >= since - _LATE}

    def _filter(self, group: str, since: datetime, pattern: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=_to_milliseconds(since), filterPattern=pattern
        )
        for page in pages:
            # What the pattern finds may be another id that holds this one.
            yield from (event for event in page["events"] if names_user(event["message"], self._user_id))

    def _read_game(self, since: datetime) -> Iterator[dict[str, Any]]:
        """The streams of the tasks that are known; each is called `<prefix>/<container>/<task>`."""
        if not self._tasks:
            return
        group = f"{self._stack['LogGroupPrefix']}{self._project_id}"
        names = self._list_streams(group, since)
        for start in range(0, len(names), _STREAMS_AT_ONCE):
            pages = self._client.get_paginator("filter_log_events").paginate(
                logGroupName=group,
                logStreamNames=names[start : start + _STREAMS_AT_ONCE],
                startTime=_to_milliseconds(since),
            )
            for page in pages:
                yield from page["events"]

    def _list_streams(self, group: str, since: datetime) -> list[str]:
        """Newest first, so that what ended before need not be listed."""
        found, oldest = [], _to_milliseconds(since)
        pages = self._client.get_paginator("describe_log_streams").paginate(
            logGroupName=group, orderBy="LastEventTime", descending=True
        )
        for page in pages:
            for stream in page["logStreams"]:
                if stream["logStreamName"].rpartition("/")[2] in self._tasks:
                    found.append(str(stream["logStreamName"]))
            ends = [stream.get("lastEventTimestamp") or oldest for stream in page["logStreams"]]
            # AWS brings this time up to date within an hour of an event.
            if ends and ends[-1] < oldest - 3600 * 1000:
                break
        return found


def _to_milliseconds(moment: datetime) -> int:
    return max(int(moment.timestamp() * 1000), 0)  # CloudWatch takes none before 1970
