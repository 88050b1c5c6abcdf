"""The labels below the root domain that game servers get: the user id, or a label derived from it.

Anyone who has a study's link may choose a user id, and some names mean something to other software: browsers
look for `wpad`, mail programs for `autodiscover`. So an id becomes a name only if it is a UUID, as front ends
create them, or if a researcher or an operator chose it.
"""

import hashlib
import re

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DERIVED = re.compile(r"u-[0-9a-f]{40}")
# Names that software or people look for below a domain. Servers never get them, even if the link is signed.
_WELL_KNOWN = re.compile(
    # mailboxes and services: RFC 2142
    "abuse|ftp|hostmaster|news|noc|postmaster|security|support|usenet|uucp|webmaster"
    # finding settings and keys: wpad, isatap (RFC 5214), mta-sts (RFC 8461), vendors' protocols
    "|autoconfig|autodiscover|enterpriseenrollment|enterpriseregistration|isatap|lyncdiscover|mta-sts|openpgpkey|wpad"
    # this machine: RFC 6761, and entries of hosts files
    "|broadcasthost|localdomain|localhost"
    # servers, and places to log in
    "|admin|administrator|api|auth|cpanel|imap|login|pop3?|relay|root|secure|sftp|sip|ssh|sso|vpn|webmail"
    "|(?:dns|mail|mx|ns|smtp|www)[0-9]{0,2}"
)
_ENCODED = re.compile("..--.*")  # RFC 5890 reserves such labels: xn--… is shown as other characters


def is_uuid(user_id: str) -> bool:
    """Return whether a user id has the form of a UUID; such an id is always a host label."""
    return _UUID.fullmatch(user_id) is not None


def choose_host_label(user_id: str, *, is_trusted: bool) -> str:
    """Return the host label of a new server: the user id, or the label derived from it.

    `is_trusted` says whether a researcher or an operator chose the id. Even then, a name that means something
    elsewhere is not given away.
    """
    if is_uuid(user_id) or (is_trusted and not _is_special(user_id)):
        return user_id
    return derive_host_label(user_id)


def derive_host_label(user_id: str) -> str:
    """Return the label for an id that must not be one: no word, no UUID, and another one for each id."""
    return f"u-{hashlib.sha256(user_id.encode()).hexdigest()[:40]}"


def is_derived_label(label: str) -> bool:
    """Return whether a label has the form of a derived one. Ids of this form never become labels."""
    return _DERIVED.fullmatch(label) is not None


def list_host_labels(user_id: str) -> tuple[str, ...]:
    """Return every label that a server of this participant may have."""
    if is_uuid(user_id):
        return (user_id,)
    derived = derive_host_label(user_id)
    return (derived,) if is_derived_label(user_id) else (user_id, derived)


def restore_host_name(user_id: str, stored: str, root_domain: str) -> str:
    """Return the host name that a stored one means; it only decides between the possible labels."""
    label, labels = stored.partition(".")[0], list_host_labels(user_id)
    return f"{label if label in labels else labels[-1]}.{root_domain}"


def list_host_names(user_id: str, known: str) -> tuple[str, ...]:
    """Return every host name that a server of this participant may have, given one of them."""
    root_domain = known.partition(".")[2]
    return tuple(f"{label}.{root_domain}" for label in list_host_labels(user_id))


def _is_special(label: str) -> bool:
    return any(form.fullmatch(label) is not None for form in (_WELL_KNOWN, _ENCODED, _DERIVED))
