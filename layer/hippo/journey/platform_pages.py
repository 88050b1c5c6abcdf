"""The few pages that are the platform's own, shown inside the study's frame."""

from html import escape
from typing import Any

from hippo.studies.options import AccessOptions

_PAGE = "<h1>{title}</h1><p>{text}</p>{contact}"


def _build_notice(error: str, title: str, text: str, researcher: object) -> dict[str, Any]:
    """The page, and the parts of it for clients that have words of their own."""
    contact = f"<p>Contact: {escape(str(researcher))}</p>" if researcher else ""
    return {
        "page": _PAGE.format(title=title, text=text, contact=contact),
        "error": error,
        "contact": str(researcher) if researcher else None,
    }


def build_missing_page(researcher: object) -> dict[str, Any]:
    """For a step file that is not there."""
    text = (
        "This page of the study could not be found. Your answers so far are stored. "
        "Please tell the people who sent you here."
    )
    return _build_notice("page_missing", "A page is missing", text, researcher)


def build_failed_server(researcher: object, *, may_retry: bool = False) -> dict[str, Any]:
    """For a server whose start has failed for good; `may_retry`: whether the participant may try again."""
    text = (
        "The game could not be started for you. Your answers so far are stored. "
        "Please tell the people who sent you here."
    )
    notice = _build_notice("server_failed", "The game is not available", text, researcher)
    return {**notice, "mayRetry": may_retry}


def build_ended_game(researcher: object) -> dict[str, Any]:
    """For a game whose server is gone: submitting goes on."""
    text = "The time for the game is over. Please submit to go on with the study."
    return _build_notice("server_stopped", "The game has ended", text, researcher)


_REFUSALS = {
    "linkInvalid": (
        "This link does not work",
        "It is incomplete, was changed, or was made for somebody else. Please open it again exactly as you "
        "received it.",
    ),
    "recruiterIdMissing": (
        "Your participant id is missing",
        "The link that you opened does not say who you are. Please open the study again from the page or "
        "message that invited you.",
    ),
    "closed": (
        "This study is closed",
        "It takes no new participants since {closes_at}. Thank you for your interest; there is nothing more "
        "to do.",
    ),
    "mobile": (
        "This study needs a computer",
        "It cannot be taken on a phone or tablet. Please open the same link on a desktop or laptop computer.",
    ),
    "narrow": (
        "This window is too narrow",
        "The study needs a window at least {min_width} pixels wide. Please enlarge the window, or use a "
        "larger screen, and reload this page.",
    ),
    "full": (
        "This study is full",
        "It has all the participants it needs. Thank you for your interest; there is nothing more to do.",
    ),
}


def build_refusal(reason: str, options: AccessOptions, researcher: object) -> dict[str, Any]:
    """For somebody who is not let in: what, why, what to do, and whom to ask."""
    title, text = _REFUSALS[reason]
    closes_at = options.closes_at  # in UTC
    when = f"{closes_at.day} {closes_at:%B %Y, %H:%M} UTC" if closes_at else ""
    text = text.format(closes_at=when, min_width=options.min_width)
    return {**_build_notice("refused", title, text, researcher), "reason": reason}
