"""A project under observation: what a status is made of, looked at again and again."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from hippo.clock import Clock
from hippo_cli.aws_errors import describe_aws_error
from hippo_cli.data.project import Project
from hippo_cli.data.studies import Studies
from hippo_cli.progress import Advance
from hippo_cli.reports.journeys import Journey, JourneyReader, has_played
from hippo_cli.reports.servers import ServerReader, ServerSize, find_size
from hippo_cli.reports.summary import Summary, summarise

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Observer:
    """Each look is one listing of participants and of servers, and a read of each record that has changed."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project = project
        self._clock = clock
        self._journeys = JourneyReader(project.records, project.id, project.studies)
        self._servers = ServerReader(project.platform, project.id)
        self._size: ServerSize | None = None

    def look(self, advance: Advance) -> Summary:
        """The figures as they are now."""
        study = self._project.studies.current
        journeys = self._journeys.read(advance)
        if self._size is None:
            self._size = find_size(self._project.connection.make_client, study)
        played = {one.user for one in journeys if has_played(one, self._project.studies)}
        candidates = _list_candidates(journeys, self._project.studies)
        servers = self._servers.read(candidates, played.__contains__)
        summary = summarise(self._project.id, study, journeys, servers, self._size, self._clock.now())
        summary.broken = self._journeys.broken
        summary.sight = self._servers.sight
        return summary


def _list_candidates(journeys: Sequence[Journey], studies: Studies) -> list[str]:
    """Whose server may have been asked for by the version that they are in, the ones heard of last first."""
    found = [one for one in journeys if one.step >= (studies.get(one.version).start_step or 0)]
    found.sort(key=lambda journey: journey.last_seen or _LONG_AGO, reverse=True)
    return [journey.user for journey in found]


def watch(
    look: Callable[[], Summary], show: Callable[[Summary, str], None], pause: Callable[[], None]
) -> None:
    """Look and show, over and over; ends by Ctrl-C.

    An AWS that cannot be reached for a while is told below the figures of before. An error at the first
    look is let out.
    """
    summary = look()
    with suppress(KeyboardInterrupt):
        show(summary, "")
        while True:
            pause()
            try:
                summary, note = look(), ""
            except (BotoCoreError, ClientError) as error:
                note = f"Not up to date: {describe_aws_error(error).what}. Trying again."
            show(summary, note)
