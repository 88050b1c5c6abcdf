"""Permissions of people in buckets of `ExtraBuckets`, by all of their policies together."""

import json

import pytest

from tests.permissions.judge import is_allowed
from tests.permissions.policies import RESEARCHER, STEWARD, list_statements
from tests.permissions.requests import Request

EXTRA, OWN = "extra-bucket", "DataBucket"
PUT, DELETE, DELETE_VERSION = "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"
# The policies of each, and whether they have the tag hippo-role=steward.
PEOPLE = {
    "a researcher": ((RESEARCHER,), False),
    "a steward without the tag": ((RESEARCHER, STEWARD), False),
    "a steward": ((RESEARCHER, STEWARD), True),
}
LISTS = [f"lab{end}/{name}" for end in ("", "-one") for name in ("_admission.json", "_groups.json")]
STORED = [f"lab{end}/{name}" for end in ("", "-one") for name in ("Users/u", "Trials/u/1")]
# action, keys, and the people who may
CASES = [
    (PUT, ["lab/page.html", "lab-one/_media/a.png", "lab/_keys/links"], set(PEOPLE)),
    (PUT, LISTS, {"a steward"}),
    (PUT, [*STORED, "lab/_versions/v.json", "labs/_groups.json", "labs/page.html"], set()),
    (DELETE, [*STORED, "labs/page.html", "labs/_versions/v.json"], set()),
    (DELETE, ["lab/_versions/v.json", "lab-one/_versions/v.json"], {"a steward"}),
    (DELETE_VERSION, [*STORED, *LISTS], {"a steward", "a steward without the tag"}),
    (
        DELETE_VERSION,
        ["lab/_media/a.png", "lab-one/_media/a.png"],
        {"a steward", "a steward without the tag"},
    ),
    (DELETE_VERSION, ["lab/_versions/v.json", "lab-one/_versions/_media/a", "lab/_keys/links"], set()),
    (DELETE_VERSION, ["labs/Users/u", "other/Trials/u/1", "project_master_list.json"], set()),
]


def may(who: str, action: str, bucket: str, key: str) -> bool:
    """Return whether a person whose projects begin with `lab` may do it."""
    roles, has_tag = PEOPLE[who]
    tags = {"aws:principaltag/hippo-project": "lab"}
    tags |= {"aws:principaltag/hippo-role": "steward"} if has_tag else {}
    request = Request(RESEARCHER, action, f"arn:aws:s3:::{bucket}/{key}", json.dumps(tags))
    return is_allowed(request, [one for one in list_statements() if one.role in roles])


@pytest.mark.parametrize(("action", "keys", "who"), CASES)
def test_in_an_extra_bucket(action: str, keys: list[str], who: set[str]) -> None:
    """Given an extra bucket, exactly those kinds of people that should may do an action."""
    found = {key: {one for one in PEOPLE if may(one, action, EXTRA, key)} for key in keys}

    assert found == dict.fromkeys(keys, who)


@pytest.mark.parametrize("action", [PUT, DELETE, DELETE_VERSION])
def test_in_an_unknown_bucket(action: str) -> None:
    """Given a bucket that the operator has not named, no person may do anything in it."""
    keys = ["lab/page.html", *LISTS, *STORED]

    assert [key for key in keys for one in PEOPLE if may(one, action, "another-bucket", key)] == []


def test_in_the_stacks_own_bucket() -> None:
    """Given the policies of extra buckets too, a steward with the tag withdraws participants in the
    stack's own bucket, because the denial covers keys in any bucket and requires the tag for the
    lists."""
    for who in ("a steward", "a steward without the tag"):
        assert [key for key in [*STORED, *LISTS] if not may(who, DELETE_VERSION, OWN, key)] == []
    assert {key: {one for one in PEOPLE if may(one, PUT, OWN, key)} for key in LISTS} == dict.fromkeys(
        LISTS, {"a steward"}
    )
