"""The documents on options and security match the code."""

import re
from typing import Any

import pytest

from hippo.journey.admission import MOST_REFUSED, REASONS
from hippo.journey.request_entry import NEVER_STORED
from hippo.journey.waiting import ALMOST_THERE, QUEUED, STARTING
from hippo.studies.links import (
    LEAST_KEY_LENGTH,
    LONGEST_VALUE,
    MOST_PARAMETERS,
    OWN_PARAMETERS,
    derive_user_id,
    name_link_key,
    sign_link,
)
from hippo.studies.options import MOST_PARTICIPANTS, OPTION_KEYS
from hippo.studies.placeholders import names_no_person
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
OPTIONS = (DOCS / "reference/config.md").read_text(encoding="utf-8")
PAGES = (DOCS / "reference/study-pages.md").read_text(encoding="utf-8")
SECURITY = (DOCS / "explanation/security.md").read_text(encoding="utf-8")
SIGNING = (DOCS / "howto/sign-links.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*OPTION_KEYS, *REASONS, *OWN_PARAMETERS, QUEUED, STARTING, ALMOST_THERE])
def test_names_are_explained(name: str) -> None:
    """Given an option, a reason, an own parameter or a state of waiting, the document mentions it."""
    assert f"`{name}`" in OPTIONS or f"`{name}:" in OPTIONS


def test_limits_are_those_of_the_code() -> None:
    """Given the limits, the documents state them."""
    for number in (LONGEST_VALUE, MOST_PARAMETERS, f"{MOST_REFUSED:,}", f"{MOST_PARTICIPANTS:,}"):
        assert str(number) in OPTIONS
    assert f"at least {LEAST_KEY_LENGTH} characters" in SIGNING
    assert f"s3://<bucket>/{name_link_key('<projectId>')}" in SIGNING


def test_listed_placeholders_are_those_of_the_code() -> None:
    """Given the table of values that name no person, each of its examples is a placeholder."""
    table = PAGES.split("These values name no person.")[1].split("`assignmentId=")[0]
    listed = re.findall(r"`([^`]+)`", table.split("|---|---|")[1])

    assert len(listed) > 25
    assert [value for value in listed if not names_no_person("PID", value)] == []


@pytest.mark.parametrize("header", sorted(NEVER_STORED))
def test_headers_that_are_never_stored_are_named(header: str) -> None:
    """Given a header that holds a credential, the document says that it is not kept."""
    assert f"`{header}`" in SECURITY.lower()


def test_example_signs_as_the_platform_does() -> None:
    """Given the document's Python, its signatures and ids are the platform's when it runs."""
    names: dict[str, Any] = {}
    exec(SIGNING.split("```python\n")[1].split("```")[0], names)  # noqa: S102
    key = b"0123456789abcdef0123456789abcdef"
    derived = derive_user_id("p", "PROLIFIC_PID", "5f1b2c é")

    assert names["derive_user_id"]("p", "PROLIFIC_PID", "5f1b2c é") == derived
    assert names["sign"](key + b"\n", "p", derived.upper()) == sign_link(key, "p", derived)
