"""The participant record: a participant's progress in a study, and all their answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hippo import metrics
from hippo.aws.s3 import ObjectStore, write_object
from hippo.clock import from_wire, to_wire
from hippo.errors import BadRequestError, BrokenRecordError
from hippo.groups import read_group
from hippo.stored_json import UNREADABLE, format_json, parse_object, read_count, read_list

# Lets a lifecycle rule of the bucket expire participants' records only, whatever project they belong to.
RECORD_TAG = "kind=participant"
# Lets another rule expire the old versions of a study's lists, which each newcomer writes again, and not the
# lists themselves.
LIST_TAG = "kind=list"
# Bytes of one record. Each write stores the whole record again, so without a bound anyone who knows one id
# could fill gigabytes with a few hundred requests.
MOST_BYTES = 2 * 1024 * 1024
# Bytes of repeated answers in one record. Double clicks never come near it.
MOST_REPEATED = 1024 * 1024
# Answers of up to so many bytes may also use the last eighth of a record, so that a participant whose long
# answers filled it can still finish the study.
SHORT_ANSWER = 8 * 1024
# Wire text: web/api.js recognises it.
FULL_RECORD = "body: all answers of this participant together would be too large"
_MOST_STEPS = 1_000_000  # step numbers have six digits
MOST_OTHER_PARAMETERS = 20  # links of one participant that differ from the first; more are not kept


@dataclass(slots=True)
class Participant:
    """One record; `next_step` is the step that the next advance shows (while waiting: the game's step).

    `requests[k]` is the answer to page k; `repeats` holds late and second answers. `parameters` come from the
    recruiter's first link, and `other_parameters` from later links that differ. `retried_at` and `retried_as`
    are time and request id of the last start that the participant requested after a failed one.
    `interrupted_at` is when they began to wait for another server in the middle of a game, which is then the
    step before `next_step`. `group` is permanent in studies that balance groups. `sends_step` says that a
    client of theirs has sent `step`, so that it knows tickets. `shown_attempt` is the last attempt of their
    server on which they were shown a game. `lapsed_at` is when they lost their place in the study, because
    they had not answered the first page.
    """

    created: datetime | None
    next_step: int = 1
    version: str | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    repeats: list[dict[str, Any]] = field(default_factory=list)
    waiting_since: datetime | None = None
    start_requested_at: datetime | None = None
    game_shown_at: datetime | None = None
    others: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    retried_at: datetime | None = None
    retried_as: str | None = None
    interrupted_at: datetime | None = None
    group: int | None = None
    other_parameters: list[dict[str, str]] = field(default_factory=list)
    sends_step: bool = False
    shown_attempt: int | None = None
    lapsed_at: datetime | None = None

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> "Participant":
        """Read a stored record, including those of an existing deployment; unknown keys are kept."""
        known = {"created", "nextStep", "version", "requests", "repeats"}
        known |= {"waitingSince", "startRequestedAt", "gameShownAt"}
        known |= {"parameters", "otherParameters", "retriedAt", "retriedAs", "interruptedAt", "sendsStep"}
        known |= {"shownAttempt", "lapsedAt"}
        group = read_group(data.get("group"))
        known |= {"group"} if group is not None else set()
        return cls(
            created=from_wire(data.get("created")),
            next_step=_read_step(data.get("nextStep", 1)),
            version=_read_text(data.get("version")),
            requests=[*read_list(data, "requests", dict)],
            repeats=[*read_list(data, "repeats", dict)],
            waiting_since=from_wire(data.get("waitingSince")),
            start_requested_at=from_wire(data.get("startRequestedAt")),
            game_shown_at=from_wire(data.get("gameShownAt")),
            others={key: value for key, value in data.items() if key not in known},
            parameters=_read_parameters(data.get("parameters")),
            other_parameters=[_read_parameters(link) for link in data.get("otherParameters") or ()],
            retried_at=from_wire(data.get("retriedAt")),
            retried_as=_read_text(data.get("retriedAs")),
            interrupted_at=from_wire(data.get("interruptedAt")),
            group=group,
            sends_step=data.get("sendsStep") is True,
            shown_attempt=read_count(data.get("shownAttempt")),
            lapsed_at=from_wire(data.get("lapsedAt")),
        )

    def to_wire(self) -> dict[str, Any]:
        """Return the record as it is stored, without the values that do not apply."""
        optional = {
            "version": self.version,
            "parameters": self.parameters,
            "otherParameters": self.other_parameters,
            "repeats": self.repeats,
            "waitingSince": to_wire(self.waiting_since),
            "startRequestedAt": to_wire(self.start_requested_at),
            "gameShownAt": to_wire(self.game_shown_at),
            "retriedAt": to_wire(self.retried_at),
            "retriedAs": self.retried_as,
            "interruptedAt": to_wire(self.interrupted_at),
            "sendsStep": self.sends_step,
            "shownAttempt": self.shown_attempt,
            "lapsedAt": to_wire(self.lapsed_at),
        }
        group = {} if self.group is None else {"group": self.group}
        return {
            **self.others,
            "created": to_wire(self.created),
            "nextStep": self.next_step,
            **group,
            **{key: value for key, value in optional.items() if value},
            "requests": self.requests,
        }

    @property
    def has_begun(self) -> bool:
        """Whether they got beyond the first page: they have answered it, or its game was shown."""
        return len(self.requests) > 1 or bool(self.game_shown_at or self.interrupted_at)

    @property
    def last_seen_at(self) -> datetime | None:
        """The last sign of a participant at the first page; polls for a game renew it."""
        times = (self.created, self.waiting_since, self.start_requested_at)
        return max((time for time in times if time is not None), default=None)

    def holds(self, entry: Mapping[str, Any]) -> bool:
        """Return whether an earlier try of the same request has already stored its entry."""
        names = ("requestId", "httpMethod", "body")
        wanted = [entry.get(name) for name in names]
        return any([e.get(name) for name in names] == wanted for e in (*self.requests, *self.repeats))

    def note_parameters(self, parameters: dict[str, str]) -> bool:
        """Keep the recruiter's parameters of a later link, if one differs from every earlier link.

        Two people may share a user id, and a recruiter may send a person twice: no id is lost. Returns
        whether something was added.
        """
        links = [self.parameters, *self.other_parameters]
        is_known = any(parameters.items() <= link.items() for link in links)
        if is_known or len(self.other_parameters) >= MOST_OTHER_PARAMETERS:
            return False
        self.other_parameters.append(parameters)
        return True

    def keep_repeat(self, step: int, entry: dict[str, Any]) -> bool:
        """Keep a late or second answer to `step`, unless the same body is stored already.

        The comparison also makes a retried request harmless. Returns whether something was added.
        Raises BadRequestError once the repeats hold MOST_REPEATED bytes: what is not kept is refused.
        """
        kept = [r for r in self.repeats if r.get("step") == step]
        if 0 <= step < len(self.requests):
            kept.append(self.requests[step])
        if any(known.get("body") == entry.get("body") for known in kept):
            return False
        if len(format_json(self.repeats)) >= MOST_REPEATED:
            raise BadRequestError("body: too many other answers to pages that have been answered already")
        self.repeats.append({"step": step, **entry})
        return True


def _read_step(value: Any) -> int:
    step = int(value)
    if not 0 <= step <= _MOST_STEPS:
        raise ValueError("nextStep is not the number of a step")
    return step


def _read_text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _read_parameters(stored: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(name): str(value) for name, value in (stored or {}).items()}


class ParticipantStore:
    """The participant records of one project; `bucket` stores them and the rest of the project.

    `most_bytes` bounds each record.
    """

    def __init__(self, store: ObjectStore, project_id: str, most_bytes: int = MOST_BYTES) -> None:
        self.bucket = store
        self._project_id = project_id
        self._folder = f"{project_id}/Users/"
        self._most_bytes = most_bytes

    def read(self, user_id: str) -> tuple[Participant, str] | None:
        """Return the record and its ETag, or None for a newcomer.

        Raises BrokenRecordError.
        """
        stored = self.bucket.read(self._folder + user_id)
        if stored is None:
            return None
        try:
            return Participant.from_wire(parse_object(stored.body)), stored.etag
        except UNREADABLE as error:
            raise BrokenRecordError(
                f"{self._folder}{user_id} is not a participant record: {error}"
            ) from error

    def check_room(self, participant: Participant, answer: str | None, *, is_repeat: bool = False) -> None:
        """Raise BadRequestError if the record, which already has `answer`, is too large to be stored.

        A request without an answer always fits: there are few of them for each step, and the participant must
        be able to leave a game.
        """
        if answer is None:
            return
        is_short = not is_repeat and len(format_json(answer)) <= SHORT_ANSWER
        most = self._most_bytes if is_short else self._most_bytes - self._most_bytes // 8
        if len(format_json(participant.to_wire())) > most:
            raise BadRequestError(FULL_RECORD)

    def write(self, user_id: str, participant: Participant, etag: str | None) -> str:
        """Create (without ETag) or replace the record; return the new ETag. Raises ConflictError."""
        body = format_json(participant.to_wire())
        etag = write_object(self.bucket, self._folder + user_id, body, etag, tags=RECORD_TAG)
        if len(body) > self._most_bytes // 2:  # the warning, well before answers are refused
            metrics.record({"LargeRecords": 1}, projectId=self._project_id, userId=user_id)
        return etag
