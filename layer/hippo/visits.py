"""One request on its way through a study: who it is, and what was read for it."""

from dataclasses import dataclass

from hippo.catalogue import ListedProject
from hippo.http import HttpRequest
from hippo.participants import Participant, ParticipantStore
from hippo.study import Study


@dataclass(slots=True)
class Visit:
    """A request, its participant as the record has them (none yet for a newcomer), and their study.

    `finished` is the request's `step` as `decide` takes it.
    """

    request: HttpRequest
    user_id: str
    project: ListedProject
    records: ParticipantStore
    finished: int | None
    study: Study
    participant: Participant | None = None
    etag: str | None = None

    @property
    def present(self) -> Participant:
        """The participant, for what only somebody with a record gets to."""
        if self.participant is None:
            raise AssertionError("only a participant with a record gets here")
        return self.participant

    @property
    def group(self) -> int | None:
        """The participant's group, where the study balanced groups when they began."""
        return self.participant.group if self.participant else None

    def page_at(self, step: int) -> str | None:
        """The HTML that the participant sees at a step; None if it is missing."""
        return self.study.page_at(step, self.user_id, self.group)

    def write(self) -> None:
        """Write the record as it is now. Raises ConflictError if another request was first."""
        self.etag = self.records.write(self.user_id, self.present, self.etag)
