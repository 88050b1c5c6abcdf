"""Admission to a study: signed link, recruiter's ID, closing time, screen, network, and number."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hippo.aws.s3 import ObjectStore, change_object
from hippo.clock import Clock
from hippo.errors import BrokenRecordError
from hippo.http import HttpRequest
from hippo.journey.first_page import MOST_CHECKS, FirstPage, Place, watch_first_page
from hippo.journey.newcomers import REFUSED, NewcomerCounts
from hippo.records.participant import LIST_TAG, ParticipantStore
from hippo.stored_json import UNREADABLE, format_json, parse_object, read_list
from hippo.studies.catalogue import Catalogue, ListedProject
from hippo.studies.links import identify, is_preview, verify_link
from hippo.studies.options import AccessOptions
from hippo.studies.study import read_number

logger = logging.getLogger(__name__)

FULL, LAPSED, NETWORK = "full", "lapsed", "network"
LINK_INVALID, NOT_ACCEPTED, ID_MISSING = "linkInvalid", "taskNotAccepted", "recruiterIdMissing"
CLOSED, MOBILE, NARROW = "closed", "mobile", "narrow"
REASONS = (LINK_INVALID, NOT_ACCEPTED, ID_MISSING, CLOSED, MOBILE, NARROW, NETWORK, FULL, LAPSED)
MOST_REFUSED = 5000  # ids kept for each reason; refusals beyond it are not counted
# Older entries are renewed when their participant comes back, so that none lapses during a request.
_RENEWED_AFTER = 60  # seconds


@dataclass(slots=True)
class Admissions:
    """The content of an admission list; each id is in a list at most once.

    `since` holds the time of admission, in seconds since 1970, of each participant who is not known to have
    got beyond the first page. It is None in a list that was written before places could lapse.
    """

    admitted: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)
    since: dict[str, int] | None = None

    def admit(
        self, user_id: str, limit: int, first_page: FirstPage | None = None, reason: str = FULL
    ) -> bool:
        """Admit the participant among at most `limit`; return whether they are admitted, now or before.

        Without `first_page` places never lapse. `reason` is that of a refusal.
        """
        if user_id in self.admitted:
            self._renew(user_id, first_page)
            return True
        if len(self.admitted) >= limit and first_page:
            self._drop_lapsed(limit, first_page)
        if len(self.admitted) >= limit:
            self.count_refusal(user_id, reason)
            return False
        if first_page:
            self._list_since()[user_id] = first_page.now
        self.admitted.append(user_id)
        return True

    def _list_since(self) -> dict[str, int]:
        if self.since is None:
            self.since = dict.fromkeys(self.admitted, 0)
        return self.since

    def _renew(self, user_id: str, first_page: FirstPage | None) -> None:
        known = self._list_since().get(user_id) if first_page else None
        if first_page and known is not None and first_page.now - known > _RENEWED_AFTER:
            self._list_since()[user_id] = first_page.now

    def _drop_lapsed(self, limit: int, first_page: FirstPage) -> None:
        """Remove lapsed places, the oldest first, until there is room; read at most MOST_CHECKS records."""
        since = self._list_since()
        old = sorted((time, user_id) for user_id, time in since.items() if time <= first_page.cutoff)
        for _, user_id in old[:MOST_CHECKS]:
            if len(self.admitted) < limit:
                return
            place = first_page.check(user_id)
            if isinstance(place, int):
                since[user_id] = place
                continue
            del since[user_id]
            if place is Place.LAPSED and user_id in self.admitted:
                self.admitted.remove(user_id)

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

    def admit(
        self, user_id: str, limit: int, first_page: FirstPage | None = None, reason: str = FULL
    ) -> bool:
        """Admit the participant among at most `limit`, or count the refusal; return whether admitted.

        Raises TransientError, BrokenRecordError.
        """
        return self._change(lambda admissions: admissions.admit(user_id, limit, first_page, reason))

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

        return change_object(self._store, self._key, self._clock, swap, tags=LIST_TAG)

    def _parse(self, body: bytes) -> Admissions:
        try:
            data = parse_object(body)
            admitted = read_list(data, "admitted", str)
            reasons = dict(data.get("refused", {}).items())
            refused = {reason: read_list(reasons, reason, str) for reason in reasons}
            since = data.pop("since", None)
            since = None if since is None else {str(k): int(time) for k, time in since.items()}
        except UNREADABLE as error:
            raise BrokenRecordError(
                f"{self._key} is not a valid admission list. Fix or delete it."
            ) from error
        return Admissions(admitted, refused, data, since)  # which writes its lists over those in `data`


def _write(admissions: Admissions) -> bytes:
    content = {"admitted": admissions.admitted, "refused": admissions.refused}
    since = {} if admissions.since is None else {"since": admissions.since}
    return format_json({**admissions.others, **content, **since})


class Admission:
    """The decision whether to admit a participant. The methods return the reason for a refusal, or None."""

    def __init__(self, catalogue: Catalogue, clock: Clock, newcomers: NewcomerCounts) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._newcomers = newcomers

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
        participant, nor are too many of one network, who would fill the list with invented ids.
        Raises TransientError when too many arrive at once.
        """
        options = project.access
        if is_preview(request.query):
            return NOT_ACCEPTED
        if options.one_per and identify(project.id, options.one_per, request.query) is None:
            return ID_MISSING
        if reason := find_refusal(options, request, self._clock.now()):
            self._count_refusal(project, user_id, request.address, reason)
            return reason
        if not self._newcomers.admit(project, user_id, request.address):
            return NETWORK
        return self._claim_place(project, user_id, FULL)

    def _count_refusal(self, project: ListedProject, user_id: str, address: str, reason: str) -> None:
        """Count a refusal. A broken list does not hide why the participant is refused."""
        if not self._newcomers.admit(project, user_id, address, REFUSED):
            return
        try:
            self._open(project).count_refusal(user_id, reason)
        except BrokenRecordError as error:
            logger.error("refusal not counted", extra={"projectId": project.id, "why": str(error)[:200]})

    def readmit(self, project: ListedProject, user_id: str) -> str | None:
        """Claim another place for a participant whose place has lapsed; return why there is none, or None.

        Raises TransientError when too many arrive at once.
        """
        return self._claim_place(project, user_id, LAPSED)

    def _claim_place(self, project: ListedProject, user_id: str, reason: str) -> str | None:
        limit = project.access.max_participants
        if limit is None:
            return None
        records = ParticipantStore(self._catalogue.store_of(project), project.id)
        first_page = watch_first_page(records, self._clock.now(), project.access.lapse_after)
        return None if self._open(project).admit(user_id, limit, first_page, reason) else reason

    def _open(self, project: ListedProject) -> AdmissionList:
        return AdmissionList(self._catalogue.store_of(project), project.id, self._clock)


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
