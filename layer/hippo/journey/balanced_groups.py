"""Balanced groups: each participant is assigned one at the beginning, which is counted at the end."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hippo.aws.s3 import ObjectStore, change_object
from hippo.clock import Clock
from hippo.errors import BrokenRecordError, HippoError
from hippo.groups import choose_group
from hippo.journey.first_page import MOST_CHECKS, FirstPage, Place, watch_first_page
from hippo.journey.progress import Phase, find_progress
from hippo.journey.step_request import StepRequest
from hippo.records.participant import LIST_TAG
from hippo.stored_json import UNREADABLE, format_json, parse_object

logger = logging.getLogger(__name__)
MOST_RUNNING = 10_000  # 60 bytes each, which each newcomer writes again
LAPSED = 0  # the beginning of one whose place has lapsed, which is before any cut-off
_TRIES_AT_THE_END = 4  # a quarter of a second of waiting at most; the participant is waiting too


@dataclass(slots=True)
class Groups:
    """The content of a list of groups: the number of finished participants by group, and who is running.

    `begun` names those of `running` who are known to have got beyond the first page.
    """

    finished: list[int] = field(default_factory=list)
    running: dict[str, tuple[int, int]] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def claim(
        self,
        project_id: str,
        user_id: str,
        count: int,
        now: int,
        cutoff: int,
        first_page: FirstPage | None = None,
    ) -> int:
        """Return one of `count` groups for a newcomer; `now` and `cutoff` are in seconds.

        A newcomer who already has one, from an interrupted or simultaneous request, keeps it.
        """
        since = now - cutoff
        group, began = self.running.get(user_id, (-1, 0))
        if not 0 <= group < count:
            self._mark_lapsed(since, first_page)
            group = choose_group(self._count_filled(count, since), project_id, user_id)
        elif began > since:
            return group
        self.running[user_id] = (group, now)
        self._forget_oldest(user_id, since)
        return group

    def rejoin(self, user_id: str, group: int, now: int) -> None:
        """Count a participant again whose place has lapsed."""
        self.running[user_id] = (group, now)
        self._forget_oldest(user_id, LAPSED)

    def finish(self, user_id: str, group: int) -> None:
        """Count a participant as finished, once."""
        if self.running.pop(user_id, None) is None:
            return
        self.begun.discard(user_id)
        self.finished += [0] * (group + 1 - len(self.finished))
        self.finished[group] += 1

    def _mark_lapsed(self, since: int, first_page: FirstPage | None) -> None:
        """Let those who never got beyond the first page count as drop-outs; at most MOST_CHECKS are read."""
        if first_page is None:
            return
        held = sorted(
            (began, user_id)
            for user_id, (_, began) in self.running.items()
            if since < began <= first_page.cutoff and user_id not in self.begun
        )
        for _, user_id in held[:MOST_CHECKS]:
            place, (group, began) = first_page.check(user_id), self.running[user_id]
            if place is Place.KEPT:
                self.begun.add(user_id)
            else:
                self.running[user_id] = (group, LAPSED if place is Place.LAPSED else max(int(place), began))

    def _count_filled(self, count: int, since: int) -> list[int]:
        """Count by group the participants who have finished, and those who began after `since`."""
        filled = [*self.finished[:count], *[0] * (count - len(self.finished))]
        for group, began in self.running.values():
            if began > since and 0 <= group < count:
                filled[group] += 1
        return filled

    def _forget_oldest(self, newcomer: str, since: int) -> None:
        """Keep MOST_RUNNING: drop-outs go first, then those not known to be past the first page."""
        if len(self.running) <= MOST_RUNNING:
            return
        gone = sorted(
            (began > since, user_id in self.begun, began, user_id)
            for user_id, (_, began) in self.running.items()
            if user_id != newcomer
        )
        for *_, user_id in gone[: len(self.running) - MOST_RUNNING]:
            del self.running[user_id]
            self.begun.discard(user_id)


class GroupList:
    """The stored list of groups of one project."""

    def __init__(self, store: ObjectStore, project_id: str, clock: Clock) -> None:
        self._store = store
        self._project_id = project_id
        self._key = f"{project_id}/_groups.json"
        self._clock = clock

    def claim(
        self,
        user_id: str,
        count: int,
        now: datetime,
        cutoff: timedelta,
        first_page: FirstPage | None = None,
    ) -> int:
        """Return a group among `count` for a newcomer. Raises TransientError, BrokenRecordError."""
        moment, seconds = int(now.timestamp()), int(cutoff.total_seconds())

        def change(body: bytes | None) -> tuple[bytes | None, int]:
            groups = self._parse(body)
            before = dict(groups.running)
            group = groups.claim(self._project_id, user_id, count, moment, seconds, first_page)
            return None if groups.running == before else _write(groups), group

        return change_object(self._store, self._key, self._clock, change, tags=LIST_TAG)

    def rejoin(self, user_id: str, group: int, now: datetime) -> None:
        """Count a participant again whose place has lapsed. Raises what `claim` raises."""

        def change(body: bytes | None) -> tuple[bytes | None, None]:
            groups = self._parse(body)
            groups.rejoin(user_id, group, int(now.timestamp()))
            return _write(groups), None

        change_object(self._store, self._key, self._clock, change, tags=LIST_TAG)

    def finish(self, user_id: str, group: int) -> None:
        """Count the participant as finished; needs one read if they already are.

        Raises what `claim` raises.
        """

        def change(body: bytes | None) -> tuple[bytes | None, None]:
            groups = self._parse(body)
            if user_id not in groups.running:
                return None, None
            groups.finish(user_id, group)
            return _write(groups), None

        change_object(self._store, self._key, self._clock, change, _TRIES_AT_THE_END, tags=LIST_TAG)

    def _parse(self, body: bytes | None) -> Groups:
        if body is None:
            return Groups()
        try:
            data = parse_object(body)
            finished = [int(number) for number in data.pop("finished", [])]
            running = {str(u): (int(g), int(began)) for u, (g, began) in data.pop("running", {}).items()}
            begun = {str(user_id) for user_id in data.pop("begun", [])}
        except UNREADABLE as error:
            raise BrokenRecordError(
                f"{self._key} is not a valid list of groups. Fix or delete it."
            ) from error
        return Groups(finished, running, data, begun)


def _write(groups: Groups) -> bytes:
    content = {"finished": groups.finished, "running": groups.running}
    begun = {"begun": sorted(groups.begun)} if groups.begun else {}
    return format_json({**groups.others, **content, **begun}, separators=(",", ":"))


class BalancedGroups:
    """The assignment of groups, which the participants' records keep."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def assign(self, step_request: StepRequest, now: datetime) -> int | None:
        """Claim a group before a newcomer's record is created; None if the study assigns groups by id.

        Raises TransientError when too many arrive at once.
        """
        study = step_request.study
        if not study.options.has_balanced_groups or study.groups < 2:
            return None
        cutoff = timedelta(minutes=study.options.groups_cutoff)
        first_page = watch_first_page(step_request.records, now, step_request.project.access.lapse_after)
        return self._open(step_request).claim(step_request.user_id, study.groups, now, cutoff, first_page)

    def rejoin(self, step_request: StepRequest, now: datetime) -> None:
        """Count a participant again whose place has lapsed, in the group that their record keeps.

        Raises TransientError when too many arrive at once.
        """
        if step_request.group is not None and step_request.study.options.has_balanced_groups:
            self._open(step_request).rejoin(step_request.user_id, step_request.group, now)

    def count_finished(self, step_request: StepRequest) -> None:
        """Count a participant who has reached the final step as finished, once.

        Their answer is already stored. If this fails, their next request repeats it; without one they count
        as a drop-out after the cut-off.
        """
        if (
            step_request.group is None
            or find_progress(step_request.participant, step_request.study).phase is not Phase.FINAL
        ):
            return
        try:
            self._open(step_request).finish(step_request.user_id, step_request.group)
        except HippoError as error:
            ids = {"projectId": step_request.project.id, "userId": step_request.user_id}
            logger.warning("end not counted", extra={**ids, "why": str(error)[:200]})

    def _open(self, step_request: StepRequest) -> GroupList:
        return GroupList(step_request.records.bucket, step_request.project.id, self._clock)
