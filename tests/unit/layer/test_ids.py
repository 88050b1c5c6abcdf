"""Ids: which text may become a key, a host name, a file or the name of a resource."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.errors import BadRequestError
from hippo.ids import (
    is_file_name,
    is_project_id,
    name_resources,
    parse_project_id,
    parse_resource_name,
    parse_user_id,
)

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.ASCII)


@given(st.text(max_size=60))
def test_whatever_is_accepted_is_a_lower_case_host_name_label(text: str) -> None:
    """Given any text, it is refused, or is ASCII and becomes a label of at most 48 characters."""
    try:
        user_id = parse_user_id(text)
    except BadRequestError:
        return

    assert text.isascii()
    assert user_id == text.lower()
    assert LABEL.fullmatch(user_id)
    assert len(user_id) <= 48


@given(st.from_regex(r"\A[A-Za-z0-9](?:[A-Za-z0-9-]{0,46}[A-Za-z0-9])?\Z"))
def test_every_label_is_accepted_and_stays_what_it_is(text: str) -> None:
    """Given letters, digits and inner hyphens, the id is accepted, and parsing it again changes nothing."""
    assert parse_user_id(parse_user_id(text)) == text.lower()


@pytest.mark.parametrize("value", [None, "", 5, ["a"], "-a", "a-", "a_b", "a.b", "a" * 49, "a\n", " a", "é"])
def test_other_user_ids_are_refused(value: object) -> None:
    """Given any other text, the error says what it must be."""
    with pytest.raises(BadRequestError, match="userId: must be 1 to 48 letters, digits or inner hyphens"):
        parse_user_id(value)


@pytest.mark.parametrize("value", ["www", "WWW", "ns1", "ns", "NS2", "ns0", "ns99", "db-1"])
def test_reserved_labels_are_refused_in_any_spelling(value: str) -> None:
    """Given a label that matches a reserved pattern, the error says so."""
    with pytest.raises(BadRequestError, match="reserved"):
        parse_user_id(value, ("www", "ns*", "db-*"))


@pytest.mark.parametrize("value", ["nsmith", "NS001", "nsa-2", "ns-1", "ns100", "ns01", "ns1a"])
def test_ids_that_only_begin_like_a_name_server_are_accepted(value: str) -> None:
    """Given an id that begins with ns but is not the name of a name server, `ns*` does not reserve it."""
    assert parse_user_id(value, ("www", "ns*")) == value.lower()


def test_label_that_only_holds_a_reserved_one_is_accepted() -> None:
    """Given `awww` or `www1` while `www` is reserved, they are ordinary ids."""
    assert [parse_user_id(value, ("www",)) for value in ("awww", "www1")] == ["awww", "www1"]


@pytest.mark.parametrize("value", ["a", "-", "A_b-9", "a_", "a" * 64])
def test_project_ids(value: str) -> None:
    """Given letters, digits, - and _, the project id is accepted as it is."""
    assert is_project_id(value)
    assert parse_project_id(value) == value


@pytest.mark.parametrize("value", [None, "", 5, "_a", "a/b", "a.b", "a" * 65, "a\n", "é", "a b"])
def test_other_project_ids_are_refused(value: object) -> None:
    """Given any other text, including ids that begin with _, the project id is refused."""
    assert not is_project_id(value)
    with pytest.raises(BadRequestError, match="projectId"):
        parse_project_id(value)


@pytest.mark.parametrize(
    "name",
    [
        "a.html",
        "consent form (2).html",
        "Fragebogen_ä.html",
        "a-0.html",
        "a..html",
        "पृष्ठ.html",
        "क्\u200dष-0.html",
        "رضایت\u200cنامه.html",
        "👩\u200d🔬.html",
    ],
)
def test_plain_file_names(name: str) -> None:
    """Given a plain name with the ending, it can be a step file, unless it contains `..`."""
    assert is_file_name(name, ".html") is (".." not in name)


@pytest.mark.parametrize(
    "name",
    [
        None,
        5,
        "",
        ".html",
        "a.css",
        "a/b.html",
        "../a.html",
        "_versions.html",
        "a\\b.html",
        " a.html",
        "a.HTML",
        "\u200ca.html",
        "a\u200cb.html",
        "a\u200bb.html",
        "é\u202e.html",
        "a`b.html",
    ],
)
def test_other_file_names_are_refused(name: object) -> None:
    """Given a folder, a hidden or reserved beginning, or another ending, the name is refused."""
    assert not is_file_name(name, ".html")


def test_resources_are_named_by_prefix_attempt_and_user() -> None:
    """Given an ordinary id, the resource name shows participant and attempt."""
    assert name_resources("hippo", 2, "player-1") == "hippo-2-player-1"


@given(st.integers(1, 10_000), st.from_regex(r"\A[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?\Z"))
def test_resource_names_fit_and_keep_their_beginning(attempt: int, user_id: str) -> None:
    """Given any id and the longest prefix, the name has at most 64 characters with prefix and attempt."""
    name = name_resources("a" * 12, attempt, user_id)

    assert len(name) <= 64
    assert name.startswith(f"{'a' * 12}-{attempt}-")


def test_long_names_differ_by_user() -> None:
    """Given ids so long that the name is hashed, two of them do not share a name."""
    names = {name_resources("a" * 20, 1, "b" * 47 + end) for end in "xyz"}

    assert len(names) == 3
    assert {len(name) for name in names} == {64}


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("hippo-1-ada", (1, "ada")),
        ("hippo-12-3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c", (12, "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c")),
        ("hippo-1-2-3", (1, "2-3")),
        ("hippo-0-ada", None),
        ("hippo-01-ada", None),
        ("hippo--1-ada", None),
        ("hippo-ada", None),
        ("hippo-1-", None),
        ("hippo-1-Ada", None),
        ("hippo-1-a.b", None),
        ("hippo-SweepRule-1A2B3C", None),
        ("other-1-ada", None),
        ("hippox-1-ada", None),
        ("hippo-1-" + "x" * 49, None),
    ],
)
def test_names_show_their_owner(name: str, owner: tuple[int, str] | None) -> None:
    """Given a name, it gives attempt and user id if it has our format, and None otherwise."""
    assert parse_resource_name("hippo", name) == owner


def test_hashed_name_has_no_owner() -> None:
    """Given a name with a hash that looks like a user id, it does not count as one."""
    name = name_resources("abcdefghijkl", 1_000, "x" * 48)

    assert parse_resource_name("abcdefghijkl", name) is None
