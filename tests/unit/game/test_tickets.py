"""The rules that a game server reads from its environment, and how it applies them."""

import pytest

from hippo_game.tickets import TicketError, TicketRules, read_rules

IDENTITY = {"HIPPO_USER_ID": "ada", "HIPPO_PROJECT_ID": "maze", "HIPPO_TICKET_KEY": "key"}


def test_server_without_a_key_admits_all() -> None:
    """Given no variables of the platform, as when a server is run by hand, nothing is checked."""
    rules = read_rules({})

    assert rules == TicketRules()
    assert rules.check("/?ticket=anything", "https://elsewhere", 0) is None


@pytest.mark.parametrize(("use", "is_required"), [("required", True), ("optional", False), ("", True)])
def test_key_requires_tickets_unless_they_are_optional(use: str, is_required: bool) -> None:
    """Given a key, tickets are required unless the platform says that they are optional."""
    rules = read_rules(
        {**IDENTITY, "HIPPO_TICKETS": use, "HIPPO_ORIGINS": "https://A.example,https://b.example"}
    )

    assert rules == TicketRules("key", is_required, "ada", "maze", ("https://a.example", "https://b.example"))


@pytest.mark.parametrize(
    ("environ", "named"),
    [({"HIPPO_TICKETS": "required"}, "HIPPO_TICKET_KEY"), ({"HIPPO_TICKETS": "maybe"}, "HIPPO_TICKETS")],
)
def test_incomplete_rules_stop_the_server(environ: dict[str, str], named: str) -> None:
    """Given variables that would leave the server open by mistake, the error names the wrong one."""
    with pytest.raises(ValueError, match=named):
        read_rules(environ)


@pytest.mark.parametrize("path", ["/", "/?other=1", ""])
def test_missing_ticket_is_told_from_a_wrong_one(path: str) -> None:
    """Given no ticket, a server on which they are optional lets the client say hello."""
    assert read_rules({**IDENTITY, "HIPPO_TICKETS": "optional"}).check(path, None, 0) is None
    with pytest.raises(TicketError, match="needs a ticket"):
        read_rules({**IDENTITY, "HIPPO_TICKETS": "required"}).check(path, None, 0)


def test_key_is_not_shown() -> None:
    """Given rules in an error or a log, the key is not in their representation."""
    assert "the-key" not in repr(TicketRules("the-key"))
