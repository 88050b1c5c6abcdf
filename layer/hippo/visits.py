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

    def write(self) -> None:
        """Write the record as it is now. Raises ConflictError if another request was first."""
        self.etag = self.records.write(self.user_id, self.present, self.etag)
