"""The log lines of functions and game server for one participant, as one timeline."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from hippo.clock import Clock
from hippo_cli.aws_errors import is_denied, read_code
from hippo_cli.operations.log_lines import GAME, LogLine, find_tasks, mentions_user, read_line
from hippo_cli.stack import UPGRADE, Stack

# In the order of the stack's output FunctionLogGroups.
FUNCTIONS = ("next_step", "start_server", "stop_server")
_LATE = timedelta(seconds=20)  # CloudWatch shows lines in any order and several seconds late
_STREAMS_AT_ONCE = 100  # the limit of FilterLogEvents
_FOLLOW_SECONDS = 3.0
_MISSING = "ResourceNotFoundException"


class Timeline:
    """A reader that returns each line once, however often it reads.

    `notes` says by source what could not be read. `denied` holds the sources to which access is denied.
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
        """Return new lines since a time, in order of time."""
        found = []
        for source, group in self._list_groups():
            found += self._read_source(source, self._filter(group, since, f'"{self._user_id}"'))
        found += self._read_source(GAME, self._read_game(since))
        self._forget(since)
        return sorted(found, key=lambda line: line.time)

    @property
    def is_refused(self) -> bool:
        """Whether access to all existing logs is denied."""
        return self.denied >= {*FUNCTIONS, *([GAME] if self._tasks else [])}

    def follow(self, since: datetime, clock: Clock) -> Iterator[list[LogLine]]:
        """Yield the existing lines, then new lines for ever."""
        while True:
            now = clock.now()
            yield self.read(since)
            since = max(since, now - _LATE)
            clock.sleep(_FOLLOW_SECONDS)

    def _list_groups(self) -> list[tuple[str, str]]:
        groups = [name for name in self._stack.get("FunctionLogGroups").split(",") if name]
        if not groups:
            self.notes["functions"] = (
                f"the stack does not report their log groups; ask the operator to {UPGRADE}"
            )
        return list(zip(FUNCTIONS, groups, strict=False))

    def _read_source(self, source: str, events: Iterator[dict[str, Any]]) -> list[LogLine]:
        lines = []
        try:
            for event in events:
                if source != GAME:
                    self._tasks |= find_tasks(event["message"])
                line = self._read_event(source, event)
                lines += [line] if line else []
        except ClientError as error:
            if is_denied(error):
                self.notes[source] = "these credentials may not read its log"
                self.denied.add(source)
            elif read_code(error) == _MISSING:
                self.notes[source] = "it has no log yet"
            else:
                raise
        else:
            self.notes.pop(source, None)
            self.denied.discard(source)
        return lines

    def _read_event(self, source: str, event: dict[str, Any]) -> LogLine | None:
        identity = f"{source} {event.get('eventId') or (event['timestamp'], event['message'])}"
        if identity in self._seen:
            return None
        line = read_line(source, event["timestamp"], event["message"])
        if line:
            self._seen[identity] = line.time
        return line

    def _forget(self, since: datetime) -> None:
        """Forget lines from before, since they are not read again."""
        self._seen = {identity: time for identity, time in self._seen.items() if time >= since - _LATE}

    def _filter(self, group: str, since: datetime, pattern: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=_to_milliseconds(since), filterPattern=pattern
        )
        for page in pages:
            # The pattern also finds longer ids that contain this one.
            yield from (event for event in page["events"] if mentions_user(event["message"], self._user_id))

    def _read_game(self, since: datetime) -> Iterator[dict[str, Any]]:
        """Yield events from the streams of known tasks, which are named `<prefix>/<container>/<task>`."""
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
        """Return stream names, newest first, so that streams that ended earlier need not be listed."""
        found, oldest = [], _to_milliseconds(since)
        pages = self._client.get_paginator("describe_log_streams").paginate(
            logGroupName=group, orderBy="LastEventTime", descending=True
        )
        for page in pages:
            for stream in page["logStreams"]:
                if stream["logStreamName"].rpartition("/")[2] in self._tasks:
                    found.append(str(stream["logStreamName"]))
            ends = [stream.get("lastEventTimestamp") or oldest for stream in page["logStreams"]]
            # AWS updates this time within an hour of an event.
            if ends and ends[-1] < oldest - 3600 * 1000:
                break
        return found


def _to_milliseconds(moment: datetime) -> int:
    return max(int(moment.timestamp() * 1000), 0)  # CloudWatch rejects times before 1970
