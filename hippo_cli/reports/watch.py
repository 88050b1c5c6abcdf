"""Repeated reading of a project's status."""

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
    """A reader of summaries. Each one takes a listing of participants and servers and each changed record."""

    def __init__(self, project: Project, clock: Clock) -> None:
        self._project = project
        self._clock = clock
        self._journeys = JourneyReader(project.records, project.id, project.studies)
        self._servers = ServerReader(project.platform, project.id)
        self._size: ServerSize | None = None

    def read_summary(self, advance: Advance) -> Summary:
        """Return the current figures."""
        study = self._project.studies.current
        journeys = self._journeys.read(advance)
        if self._size is None:
            self._size = find_size(self._project.connection.make_client, study)
        played = {journey.user for journey in journeys if has_played(journey, self._project.studies)}
        candidates = _list_candidates(journeys, self._project.studies)
        servers = self._servers.read(candidates, played.__contains__)
        summary = summarise(self._project.id, study, journeys, servers, self._size, self._clock.now())
        summary.broken = self._journeys.broken
        summary.visibility = self._servers.visibility
        summary.odd_servers = self._servers.odd
        summary.hidden_servers = len(self._servers.hidden)
        return summary


def _list_candidates(journeys: Sequence[Journey], studies: Studies) -> list[str]:
    """Return participants who may have a server in their version, the most recently active first."""
    found = [
        journey for journey in journeys if journey.step >= (studies.get(journey.version).start_step or 0)
    ]
    found.sort(key=lambda journey: journey.last_seen or _LONG_AGO, reverse=True)
    return [journey.user for journey in found]


def watch(
    read: Callable[[], Summary], show: Callable[[Summary, str], None], pause: Callable[[], None]
) -> None:
    """Read and show summaries repeatedly until Ctrl-C.

    If AWS cannot be reached, show a note with the previous figures. An error in the first read is raised.
    """
    summary = read()
    with suppress(KeyboardInterrupt):
        show(summary, "")
        while True:
            pause()
            try:
                summary, note = read(), ""
            except (BotoCoreError, ClientError) as error:
                note = f"Not up to date: {describe_aws_error(error).what}. Trying again."
            show(summary, note)
