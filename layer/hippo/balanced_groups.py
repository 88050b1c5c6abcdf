"""Balanced groups on a participant's way: one is given at the beginning, and counted at the end."""

import logging
from datetime import datetime, timedelta

from hippo.clock import Clock
from hippo.errors import HippoError
from hippo.group_list import GroupList
from hippo.positions import Place, locate
from hippo.visits import Visit

logger = logging.getLogger(__name__)


class BalancedGroups:
    """Asks for groups; from then on the participant's record has theirs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def assign(self, visit: Visit, now: datetime) -> int | None:
        """The group of a newcomer, claimed before their record is made; None where groups go by the id.

        Raises TransientError when too many arrive at once.
        """
        study = visit.study
        if not study.options.has_balanced_groups or study.groups < 2:
            return None
        cutoff = timedelta(minutes=study.options.groups_cutoff)
        return self._open(visit).claim(visit.user_id, study.groups, now, cutoff)

    def note_end(self, visit: Visit) -> None:
        """Count whoever has come to the final step as finished, once.

        Their answer is stored by now, and stays so whatever happens here: what fails is done by their next
        request, and if none comes they count as a drop-out from the cut-off on.
        """
        if visit.group is None or locate(visit.participant, visit.study).place is not Place.FINAL:
            return
        try:
            self._open(visit).finish(visit.user_id, visit.group)
        except HippoError as error:
            ids = {"projectId": visit.project.id, "userId": visit.user_id}
            logger.warning("end not counted", extra={**ids, "why": str(error)[:200]})

    def _open(self, visit: Visit) -> GroupList:
        return GroupList(visit.records.bucket, visit.project.id, self._clock)
