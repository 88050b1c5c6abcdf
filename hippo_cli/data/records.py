"""A participant's record as data: id, progress and every answer, without headers and addresses.

Records of this platform and of earlier deployments are supported. In the latter, `requests` holds whole API
events, including each poll for a server.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from hippo.clock import from_wire, to_wire
from hippo.records.participant import Participant
from hippo.stored_json import UNREADABLE, read_count
from hippo.studies.links import collect_parameters

# The field name for a body that is not a JSON object of form fields. Its value is the raw text.
WHOLE_BODY = ""
# The field in which the study page lists the controls that the participant has not touched.
UNTOUCHED = "_untouched"
FORMAT = 1  # of records kept between two exports; a higher number makes exports read everything again
_TIMES = ("created", "waitingSince", "startRequestedAt", "gameShownAt", "interruptedAt")


class BrokenRecordError(ValueError):
    """The stored object is not a participant record. The message says where it is wrong."""


@dataclass(slots=True)
class Entry:
    """One stored request: the answer to `step`, or a late or repeated answer to it (`repeat`)."""

    step: int
    time: str | None
    method: str
    answers: dict[str, str]
    repeat: bool = False
    consent: str | None = None

    @property
    def moment(self) -> datetime | None:
        """The time of the request, in UTC."""
        return from_wire(self.time)


@dataclass(slots=True)
class Record:
    """One participant. Times stay text as stored, so that a record survives JSON unchanged."""

    user: str
    next_step: int
    version: str | None = None
    group: int | None = None  # with balanced groups only
    times: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    other_parameters: list[dict[str, str]] = field(default_factory=list)  # of later links that differ

    @property
    def created(self) -> datetime | None:
        """The time at which the participant opened the study."""
        return from_wire(self.times.get("created"))

    def as_participant(self) -> Participant:
        """Return the part of the record that determines the participant's progress."""
        wire = {"nextStep": self.next_step, "version": self.version, **self.times}
        return Participant.from_wire(wire)

    def to_json(self) -> str:
        """Return the record as JSON that `from_json` reads."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Record":
        """Return a record that `to_json` wrote."""
        data = json.loads(text)
        return cls(**{**data, "entries": [Entry(**entry) for entry in data["entries"]]})


def read_record(user: str, body: bytes, find_game: Callable[[str | None], int | None]) -> Record:
    """Return the record in a stored object. `find_game` returns the first game step of a version.

    Raises BrokenRecordError if the object is not a participant record.
    """
    try:
        return _read_record(user, body, find_game)
    except RecursionError:
        raise BrokenRecordError("nested too deeply") from None


def _read_record(user: str, body: bytes, find_game: Callable[[str | None], int | None]) -> Record:
    try:
        data = json.loads(body)
    except ValueError as error:
        raise BrokenRecordError(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BrokenRecordError("not a JSON object")
    requests, repeats = _read_list(data, "requests"), _read_list(data, "repeats")
    try:
        participant = Participant.from_wire(data)
    except UNREADABLE as error:
        raise BrokenRecordError(f"nextStep or parameters: {error}") from None
    version = participant.version if isinstance(participant.version, str) else None
    steps = _assign_steps(requests, participant.next_step, lambda: find_game(version))
    entries = [_read_entry(entry, step) for entry, step in zip(requests, steps, strict=True)]
    entries += [_read_entry(entry, _read_step(entry), repeat=True) for entry in repeats]
    parameters = participant.parameters
    if requests and not parameters:
        parameters = collect_parameters(_as_mapping(requests[0].get("queryStringParameters")))
    return Record(
        clean(user),
        participant.next_step,
        version,
        participant.group,
        {name: clean(data[name]) for name in _TIMES if from_wire(data.get(name))},
        _clean_parameters(parameters),
        entries,
        [_clean_parameters(link) for link in participant.other_parameters],
    )


def _clean_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    return {clean(name): clean(value) for name, value in parameters.items()}


def _read_list(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    entries = data.get(name)
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise BrokenRecordError(f"{name} is not a list")
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise BrokenRecordError(f"{name}[{index}] is not an object")
    return entries


def _assign_steps(
    requests: list[dict[str, Any]], next_step: int, find_game: Callable[[], int | None]
) -> list[int]:
    """Return the step that each request answered.

    On this platform, requests[k] holds the answers to page k. Earlier deployments also appended each poll
    for a server without counting it. The excess requests are therefore polls at the game's step.
    """
    polls = len(requests) - max(next_step - 1, 0)
    if polls <= 0 or not any(_is_event(entry) for entry in requests):
        return list(range(len(requests)))
    gets = (index for index, entry in enumerate(requests) if index and entry.get("httpMethod") == "GET")
    game = find_game() or next(gets, len(requests))
    return [index if index < game else max(game, index - polls) for index in range(len(requests))]


def _read_entry(entry: Mapping[str, Any], step: int, *, repeat: bool = False) -> Entry:
    return Entry(
        step,
        _read_time(entry),
        clean(entry.get("httpMethod") or ""),
        read_answers(_read_body(entry)),
        repeat,
        _read_hash(entry),
    )


def _read_hash(entry: Mapping[str, Any]) -> str | None:
    digest = _as_mapping(entry.get("consent")).get("sha256")
    return clean(digest) if isinstance(digest, str) else None


def _read_step(entry: Mapping[str, Any]) -> int:
    return read_count(entry.get("step")) or 0


def _is_event(entry: Mapping[str, Any]) -> bool:
    """Return whether the entry is a whole API Gateway event, as earlier deployments stored them."""
    return "requestId" not in entry


def _read_time(entry: Mapping[str, Any]) -> str | None:
    if moment := from_wire(entry.get("time")):
        return to_wire(moment)
    epoch = _as_mapping(entry.get("requestContext")).get("requestTimeEpoch")
    if not isinstance(epoch, int | float):
        return None
    try:
        return to_wire(datetime.fromtimestamp(epoch / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _read_body(entry: Mapping[str, Any]) -> object:
    body = entry.get("body")
    if isinstance(body, str) and entry.get("isBase64Encoded") is True:
        try:
            return base64.b64decode(body, validate=True).decode("utf-8", "replace")
        except ValueError:
            return body
    return body


def read_answers(body: object) -> dict[str, str]:
    """Return values by form field name. Lists and other values that are not text stay JSON text."""
    if body is None or body == "":
        return {}
    answers = body
    if isinstance(body, str):
        try:
            answers = json.loads(body)
        except (ValueError, RecursionError):
            return {WHOLE_BODY: clean(body)}
    if not isinstance(answers, dict):
        return {WHOLE_BODY: _as_text(answers)} if answers is not None else {}
    return {clean(name): _as_text(value) for name, value in answers.items()}


def split_untouched(answers: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """Return the answers without the list of untouched controls, and the names in that list.

    A page may have a control with the list's name; its answer stays.
    """
    try:
        names = json.loads(answers.get(UNTOUCHED, ""))
    except (ValueError, RecursionError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) and name in answers for name in names):
        return dict(answers), set()
    return {name: value for name, value in answers.items() if name != UNTOUCHED}, set(names)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def clean(text: object) -> str:
    """Return text that every file format can hold.

    Replace characters that only JSON can carry: lone surrogates and the null character.
    """
    whole = str(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def _as_mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
