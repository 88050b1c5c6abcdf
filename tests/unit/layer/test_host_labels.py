"""Host labels: which user ids become names, and the derived labels of the others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.host_labels import (
    choose_host_label,
    derive_host_label,
    is_derived_label,
    list_host_labels,
    restore_host_name,
)
from hippo.ids import is_user_id
from hippo.studies.links import derive_user_id

UUID = "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c"
# Names that proxies, mail programs, device management, certificates or people look for below a domain.
KNOWN = [
    *(
        "wpad",
        "isatap",
        "localhost",
        "broadcasthost",
        "autodiscover",
        "autoconfig",
        "lyncdiscover",
        "mta-sts",
    ),
    *(
        "enterpriseenrollment",
        "enterpriseregistration",
        "openpgpkey",
        "dns",
        "ns",
        "ns1",
        "ns12",
        "www",
        "www2",
    ),
    *("mail", "smtp", "imap", "pop", "pop3", "mx", "mx1", "ftp", "sip", "webmail", "webmaster", "postmaster"),
    *(
        "hostmaster",
        "abuse",
        "security",
        "admin",
        "administrator",
        "root",
        "login",
        "sso",
        "auth",
        "vpn",
        "api",
    ),
]
ENCODED = "xn--80ak6aa92e"  # shown as apple, in Cyrillic letters
user_ids = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?\Z")


@pytest.mark.parametrize(
    "user_id", ["anna", "wpad", "autodiscover", "login", "vpn", "mta-sts", "ns001", "u-1"]
)
def test_an_id_that_anyone_may_have_chosen_is_not_a_name(user_id: str) -> None:
    """Given an id of an unsigned link that is not a UUID, the label is derived from it."""
    assert choose_host_label(user_id, is_trusted=False) == derive_host_label(user_id) != user_id


@pytest.mark.parametrize(
    "user_id", [UUID, "0" * 8 + "-0000" * 3 + "-" + "0" * 12, derive_user_id("p", "PID", "x")]
)
@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_uuid_is_a_name(user_id: str, is_trusted: bool) -> None:
    """Given a UUID, as front ends create it and `onePer` derives it, it is the label, signed or not."""
    assert choose_host_label(user_id, is_trusted=is_trusted) == user_id


@pytest.mark.parametrize("user_id", [UUID.replace("-", ""), UUID[:-1], UUID + "0", "g" + UUID[1:]])
def test_what_only_resembles_a_uuid_is_not_one(user_id: str) -> None:
    """Given other hexadecimal digits than those of a UUID, the label is derived."""
    assert choose_host_label(user_id, is_trusted=False) == derive_host_label(user_id)


@pytest.mark.parametrize("user_id", ["anna", "p-17", "nsmith", "ns001", "mailer", "a--b", "u-1", "logins"])
def test_a_trusted_id_is_a_name(user_id: str) -> None:
    """Given an id of a signed link, it is the label."""
    assert choose_host_label(user_id, is_trusted=True) == user_id


@pytest.mark.parametrize("user_id", [*KNOWN, ENCODED, derive_host_label("anna")])
def test_a_name_with_a_meaning_is_not_given_away(user_id: str) -> None:
    """Given a signed link with a name that means something elsewhere, the label is derived all the same."""
    assert choose_host_label(user_id, is_trusted=True) == derive_host_label(user_id)


@given(user_ids, user_ids)
def test_derived_labels_are_labels_of_one_id_each(one: str, other: str) -> None:
    """Given any two ids, their possible labels are valid in the DNS and differ, except for equal ids."""
    for user_id in (one, other):
        for label in list_host_labels(user_id):
            assert is_user_id(label)
            assert re.fullmatch("[a-z0-9-]{1,63}", label)
    assert one == other or not set(list_host_labels(one)) & set(list_host_labels(other))


def test_an_id_with_the_form_of_a_derived_label_does_not_take_anothers_name() -> None:
    """Given an id that is the derived label of another one, no label of the two is the same."""
    label = derive_host_label("anna")

    assert is_derived_label(label)
    assert list_host_labels(label) == (derive_host_label(label),)
    assert label in list_host_labels("anna")


@pytest.mark.parametrize(
    ("user_id", "stored", "wanted"),
    [
        ("anna", "anna.games.example.org", "anna"),
        ("anna", f"{derive_host_label('anna')}.games.example.org", derive_host_label("anna")),
        ("anna", "anna.elsewhere.org", "anna"),
        ("anna", "bob.games.example.org", derive_host_label("anna")),
        ("anna", f"{derive_host_label('bob')}.games.example.org", derive_host_label("anna")),
        ("anna", "x", derive_host_label("anna")),
        (UUID, "wpad.games.example.org", UUID),
    ],
)
def test_a_stored_name_only_chooses_between_the_possible_ones(user_id: str, stored: str, wanted: str) -> None:
    """Given a record with any host name, the result is one of its participant, below this stack's domain."""
    assert restore_host_name(user_id, stored, "games.example.org") == f"{wanted}.games.example.org"
