"""A link's parameters, and the ids derived from them."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.ids import parse_user_id
from hippo.studies.links import (
    MOST_PARAMETERS,
    OWN_PARAMETERS,
    collect_parameters,
    derive_user_id,
    is_parameter_name,
    read_recruiter_id,
)


def test_derived_id_is_pinned() -> None:
    """Given these three, the id never changes: records are stored under it, and links are signed for it."""
    assert (
        derive_user_id("mountain_car", "PROLIFIC_PID", "5f1b2c3d4e5f6a7b8c9d0e1f")
        == "abea735d-c89f-8a28-9bb5-1e67368f5590"
    )


@given(st.text(max_size=512))
def test_derived_id_is_a_uuid_and_a_user_id(value: str) -> None:
    """Given any value, the id is a UUID of version 8 and valid as a user id."""
    user_id = derive_user_id("p", "PID", value)

    assert parse_user_id(user_id) == str(uuid.UUID(user_id)) == user_id
    assert (uuid.UUID(user_id).version, uuid.UUID(user_id).variant) == (8, uuid.RFC_4122)


def test_each_project_parameter_and_value_has_an_id_of_its_own() -> None:
    """Given other projects, parameters or values, however divided, the ids differ."""
    triples = [
        ("p", "a", "b"),
        ("p", "a", "B"),
        ("q", "a", "b"),
        ("p", "ab", ""),
        ("p", "", "ab"),
        ("pa", "b", ""),
    ]

    assert len({derive_user_id(*triple) for triple in triples}) == len(triples)


def test_recruiters_parameters_are_collected() -> None:
    """Given a link with both kinds, the platform's own are left out."""
    own = dict.fromkeys(OWN_PARAMETERS, "x")

    assert collect_parameters({**own, "PROLIFIC_PID": "1", "a.b-c_D": "", "Step": "2"}) == {
        "PROLIFIC_PID": "1",
        "a.b-c_D": "",
        "Step": "2",
    }


@pytest.mark.parametrize("name", ["", "a" * 65, "a b", "a\n", "é", "a[0]", "<b>"])
def test_odd_names_are_left_out(name: str) -> None:
    """Given an invalid name, it is not recorded and cannot be `onePer`."""
    assert collect_parameters({name: "x"}) == {}
    assert not is_parameter_name(name)


def test_values_and_number_are_bounded() -> None:
    """Given a long value and many parameters, 512 characters and 50 parameters are kept, none truncated."""
    assert collect_parameters({"a": "x" * 513, "b": "x" * 512}) == {"b": "x" * 512}
    assert len(collect_parameters({f"p{n}": "x" for n in range(200)})) == MOST_PARAMETERS == 50


@pytest.mark.parametrize(
    ("query", "value"),
    [({"PID": "1"}, "1"), ({"PID": ""}, None), ({}, None), ({"pid": "1"}, None), ({"PID": "x" * 513}, None)],
)
def test_recruiters_id(query: dict[str, str], value: str | None) -> None:
    """Given a link, its id is returned, and None if it is empty or too long."""
    assert read_recruiter_id(query, "PID") == value
