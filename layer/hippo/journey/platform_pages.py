"""The platform's own pages, shown inside the study's frame.

web/texts.js has the same English titles, problems and advice, because the project's own front end shows them
in the participant's language. Only the pages here contain details of the config, such as the closing date.
"""

from html import escape
from typing import Any

from hippo.studies.options import AccessOptions

_PAGE = "<h1>{title}</h1><p>{text}</p>{contact}"

ANSWERS_SAVED = "Your answers so far are saved."
ASK_FOR_HELP = "Please tell the people who invited you."
MISSING_TITLE = "A page is missing"
MISSING_TEXT = f"This page of the study could not be found. {ANSWERS_SAVED} {ASK_FOR_HELP}"
FAILED_TITLE = "The game could not be started"
FAILED_TEXT = f"{ANSWERS_SAVED} {ASK_FOR_HELP}"
TRY_AGAIN = "You can try again."
# A front end without a retry leaves its participants only the advice.
RETRY_TEXT = f"{ANSWERS_SAVED} {TRY_AGAIN} If that does not help, please tell the people who invited you."
ENDED_TITLE = "The game has ended"
ENDED_TEXT = "The game is no longer available."
REFUSED_TITLE = "You cannot take part in this study"

# Each reason's problem, and what the participant can do.
REFUSALS = {
    "linkInvalid": (
        "This link does not work.",
        "It may be incomplete or changed, or meant for another person. Please open it again exactly as you "
        "received it.",
    ),
    "taskNotAccepted": (
        "You are looking at a preview of this task.",
        "Please accept the task first, then open the study from there.",
    ),
    "recruiterIdMissing": (
        "Your participant ID is missing from this link.",
        "Please open the study again from the page or message that invited you.",
    ),
    "closed": (
        "This study is closed.",
        "Thank you for your interest. You do not need to do anything else.",
    ),
    "mobile": (
        "This study does not work on a phone or tablet.",
        "Please open the same link on a desktop or laptop computer.",
    ),
    "narrow": (
        "This window is too narrow for the study.",
        "Please make it wider, or use a larger screen, then reload this page.",
    ),
    "full": (
        "This study has all the participants it needs.",
        "Thank you for your interest. You do not need to do anything else.",
    ),
    "lapsed": (
        "Your place in this study has gone to another person, because the first page was not answered in "
        "time.",
        "Your answers are saved. You can try again later, in case a place becomes free.",
    ),
    "network": (
        "Too many people have begun this study from your network in the last hour.",
        "You can try again in an hour, or from another network.",
    ),
}
# Details that only the project's config has.
_DETAILS = {
    "closed": "It closed to new participants on {closes_at}.",
    "narrow": "The study needs a window at least {min_width} pixels wide.",
}


def _build_page(error: str, title: str, text: str, researcher: object) -> dict[str, Any]:
    """Return the page, and its parts for clients that have their own texts."""
    contact = f"<p>Contact: {escape(str(researcher))}</p>" if researcher else ""
    return {
        "page": _PAGE.format(title=title, text=text, contact=contact),
        "error": error,
        "contact": str(researcher) if researcher else None,
    }


def build_missing_page(researcher: object) -> dict[str, Any]:
    """Return the page for a step file that does not exist."""
    return _build_page("page_missing", MISSING_TITLE, MISSING_TEXT, researcher)


def build_failed_server(researcher: object, *, may_retry: bool = False) -> dict[str, Any]:
    """Return the page for a server whose start has failed permanently.

    `may_retry` says whether the participant may try again.
    """
    page = _build_page("server_failed", FAILED_TITLE, RETRY_TEXT if may_retry else FAILED_TEXT, researcher)
    return {**page, "mayRetry": may_retry}


def build_ended_game(researcher: object) -> dict[str, Any]:
    """Return the page for a game whose server is gone; submitting it continues the study."""
    text = f"{ENDED_TEXT} Select Submit to continue."
    return _build_page("server_stopped", ENDED_TITLE, text, researcher)


def build_refusal(reason: str, options: AccessOptions, researcher: object) -> dict[str, Any]:
    """Return the page for a participant who is not admitted: why, what to do, and whom to ask."""
    problem, advice = REFUSALS[reason]
    closes_at = options.closes_at  # in UTC
    when = f"{closes_at.day} {closes_at:%B %Y, %H:%M} UTC" if closes_at else ""
    detail = _DETAILS.get(reason, "").format(closes_at=when, min_width=options.min_width)
    text = " ".join(filter(None, (problem, detail, advice)))
    return {**_build_page("refused", REFUSED_TITLE, text, researcher), "reason": reason}
