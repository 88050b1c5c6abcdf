"""Admission to a study: signed link, recruiter's ID, closing time, screen, and the number of participants."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hippo.aws.s3 import ObjectStore, change_object
from hippo.clock import Clock
from hippo.errors import BrokenRecordError
from hippo.http import HttpRequest
from hippo.stored_json import UNREADABLE, format_json, parse_object, read_list
from hippo.studies.catalogue import Catalogue, ListedProject
from hippo.studies.links import identify, is_preview, verify_link
from hippo.studies.options import AccessOptions
from hippo.studies.study import read_number

FULL = "full"
LINK_INVALID, NOT_ACCEPTED, ID_MISSING = "linkInvalid", "taskNotAccepted", "recruiterIdMissing"
CLOSED, MOBILE, NARROW = "closed", "mobile", "narrow"
REASONS = (LINK_INVALID, NOT_ACCEPTED, ID_MISSING, CLOSED, MOBILE, NARROW, FULL)
MOST_REFUSED = 5000  # ids kept for each reason; refusals beyond it are not counted


@dataclass(slots=True)
class Admissions:
    """The content of an admission list; each id is in a list at most once."""

    admitted: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)

    def admit(self, user_id: str, limit: int) -> bool:
        """Admit the participant among at most `limit`; return whether they are admitted, now or before."""
        if user_id in self.admitted:
            return True
        if len(self.admitted) >= limit:
            self.count_refusal(user_id, FULL)
            return False
        self.admitted.append(user_id)
        return True

    def count_refusal(self, user_id: str, reason: str) -> None:
        """Count a refused participant, once for each reason."""
        ids = self.refused.setdefault(reason, [])
        if user_id not in ids and len(ids) < MOST_REFUSED:
            ids.append(user_id)


class AdmissionList:
    """The stored admission list of one project."""

    def __init__(self, store: ObjectStore, project_id: str, clock: Clock) -> None:
        self._store = store
        self._key = f"{project_id}/_admission.json"
        self._clock = clock

    def admit(self, user_id: str, limit: int) -> bool:
        """Admit the participant among at most `limit`, or count the refusal; return whether admitted.

        Raises TransientError, BrokenRecordError.
        """
        return self._change(lambda admissions: admissions.admit(user_id, limit))

    def count_refusal(self, user_id: str, reason: str) -> None:
        """Count a refusal. Raises TransientError, BrokenRecordError."""

        def change(admissions: Admissions) -> bool:
            admissions.count_refusal(user_id, reason)
            return True

        self._change(change)

    def _change(self, change: Callable[[Admissions], bool]) -> bool:
        """Apply a change, write the list only if it differs, and return the change's result."""

        def swap(body: bytes | None) -> tuple[bytes | None, bool]:
            admissions = self._parse(body) if body is not None else Admissions()
            before = _write(admissions)
            result = change(admissions)
            after = _write(admissions)
            return None if after == before else after, result

        return change_object(self._store, self._key, self._clock, swap)

    def _parse(self, body: bytes) -> Admissions:
        try:
            data = parse_object(body)
            admitted = read_list(data, "admitted", str)
            reasons = dict(data.get("refused", {}).items())
            refused = {reason: read_list(reasons, reason, str) for reason in reasons}
        except UNREADABLE as error:
            raise BrokenRecordError(
                f"{self._key} is not a valid admission list. Fix or delete it."
            ) from error
        return Admissions(admitted, refused, data)  # which writes the two lists over those in `data`


def _write(admissions: Admissions) -> bytes:
    content = {"admitted": admissions.admitted, "refused": admissions.refused}
    return format_json({**admissions.others, **content})


class Admission:
    """The decision whether to admit a participant. The methods return the reason for a refusal, or None."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def check_link(self, project: ListedProject, user_id: str, request: HttpRequest) -> str | None:
        """Check a request's signature, even after the first step: a known id alone does not admit anyone."""
        if not project.access.signed_links:
            return None
        key = self._catalogue.read_link_key(project)
        valid = verify_link(key, project.id, user_id, request.query.get("signature"))
        return None if valid else LINK_INVALID

    def admit(self, project: ListedProject, user_id: str, request: HttpRequest) -> str | None:
        """Admit a newcomer, who then counts towards the limit of participants, if there is one.

        A preview and a missing recruiter's ID are not counted as refusals, because nothing identifies the
        participant.
        Raises TransientError when too many arrive at once.
        """
        options = project.access
        if is_preview(request.query):
            return NOT_ACCEPTED
        if options.one_per and identify(project.id, options.one_per, request.query) is None:
            return ID_MISSING
        reason = find_refusal(options, request, self._clock.now())
        if reason is None and options.max_participants is None:
            return None
        admissions = AdmissionList(self._catalogue.store_of(project), project.id, self._clock)
        if reason is None:
            return None if admissions.admit(user_id, options.max_participants or 0) else FULL
        admissions.count_refusal(user_id, reason)
        return reason


def find_refusal(options: AccessOptions, request: HttpRequest, now: datetime) -> str | None:
    """Return the first reason in the request itself to refuse a newcomer, or None."""
    if options.closes_at is not None and now >= options.closes_at:
        return CLOSED
    if not options.admits_mobile and is_mobile(request):
        return MOBILE
    width = read_number(request.query.get("screenWidth"))
    if options.min_width is not None and width is not None and width < options.min_width:
        return NARROW
    return None


def is_mobile(request: HttpRequest) -> bool:
    """Return whether the browser is on a phone or tablet, as the page reports it, or else by the headers.

    Browsers based on Chromium send Sec-CH-UA-Mobile. "Mobi" is in every mobile browser's User-Agent (MDN,
    "Browser detection using the user agent").
    """
    reported = request.query.get("mobile")
    if reported in ("0", "1"):
        return reported == "1"
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    hint = headers.get("sec-ch-ua-mobile")
    if hint in ("?0", "?1"):
        return hint == "?1"
    return "Mobi" in headers.get("user-agent", "")
