"""The few pages that are the platform's own, shown inside the study's frame."""

from html import escape
from typing import Any

_PAGE = "<h1>{title}</h1><p>{text}</p>{contact}"


def _form_page(title: str, text: str, researcher: object) -> str:
    contact = f"<p>Contact: {escape(str(researcher))}</p>" if researcher else ""
    return _PAGE.format(title=title, text=text, contact=contact)


def form_missing_page(researcher: object) -> dict[str, Any]:
    """For a step file that is not there."""
    text = (
        "This page of the study could not be found. Your answers so far are stored. "
        "Please tell the people who sent you here."
    )
    return {"page": _form_page("A page is missing", text, researcher), "error": "page_missing"}


def form_failed_server(researcher: object) -> dict[str, Any]:
    """For a server whose start has failed for good."""
    text = (
        "The game could not be started for you. Your answers so far are stored. "
        "Please tell the people who sent you here."
    )
    return {"page": _form_page("The game is not available", text, researcher), "error": "server_failed"}


def form_ended_game(researcher: object) -> dict[str, Any]:
    """For a game whose server is gone: submitting goes on."""
    text = "The time for the game is over. Please submit to go on with the study."
    return {"page": _form_page("The game has ended", text, researcher), "error": "server_stopped"}
