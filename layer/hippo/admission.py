"""Whether somebody is let into a study: signed link, recruiter's id, closing time, screen, free places."""

from collections.abc import Mapping
from datetime import datetime

from hippo.admission_list import FULL, AdmissionList
from hippo.catalogue import Catalogue, ListedProject
from hippo.clock import Clock
from hippo.http import HttpRequest
from hippo.recruiters import derive_user_id, read_recruiter_id
from hippo.signed_links import verify_link
from hippo.study import read_number
from hippo.study_options import AccessOptions

LINK_INVALID, ID_MISSING = "linkInvalid", "recruiterIdMissing"
CLOSED, MOBILE, NARROW = "closed", "mobile", "narrow"
REASONS = (LINK_INVALID, ID_MISSING, CLOSED, MOBILE, NARROW, FULL)


class Admission:
    """Answers with the reason for which somebody is not let in, or with None."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def check_link(self, project: ListedProject, user_id: str, request: HttpRequest) -> str | None:
        """For every request, also of somebody who has begun: a known id alone does not let anybody in."""
        if not project.access.signed_links:
            return None
        key = self._catalogue.read_link_key(project)
        valid = verify_link(key, project.id, user_id, request.query.get("signature"))
        return None if valid else LINK_INVALID

    def admit(self, project: ListedProject, user_id: str, request: HttpRequest) -> str | None:
        """For a newcomer; without a reason they have one of the places, if those are limited.

        Raises TransientError when too many arrive at once. What nobody can prove, the recruiter's id, is
        not counted.
        """
        options = project.access
        if options.one_per and not read_recruiter_id(request.query, options.one_per):
            return ID_MISSING
        reason = judge(options, request, self._clock.now())
        if reason is None and options.max_participants is None:
            return None
        admissions = AdmissionList(self._catalogue.store_of(project), project.id, self._clock)
        if reason is None:
            return None if admissions.admit(user_id, options.max_participants or 0) else FULL
        admissions.note(user_id, reason)
        return reason


def identify(project: ListedProject, user_id: str, query: Mapping[str, str]) -> str:
    """Whom a request is of: with `onePer` and its parameter, the participant that the value stands for."""
    name = project.access.one_per
    value = read_recruiter_id(query, name) if name else None
    return derive_user_id(project.id, name, value) if name and value else user_id


def judge(options: AccessOptions, request: HttpRequest, now: datetime) -> str | None:
    """The reason that the request itself gives for turning a newcomer away, in the order they are told."""
    if options.closes_at is not None and now >= options.closes_at:
        return CLOSED
    if not options.lets_mobile_in and is_mobile(request):
        return MOBILE
    width = read_number(request.query.get("screenWidth"))
    if options.min_width is not None and width is not None and width < options.min_width:
        return NARROW
    return None


def is_mobile(request: HttpRequest) -> bool:
    """Whether the browser is that of a phone or tablet: by what the page says, else by the headers.

    Sec-CH-UA-Mobile is sent by Chromium's kind; "Mobi" is in every mobile browser's User-Agent (MDN,
    "Browser detection using the user agent").
    """
    said = request.query.get("mobile")
    if said in ("0", "1"):
        return said == "1"
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    hint = headers.get("sec-ch-ua-mobile")
    if hint in ("?0", "?1"):
        return hint == "?1"
    return "Mobi" in headers.get("user-agent", "")
