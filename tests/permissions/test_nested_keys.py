"""Keys that only IAM's reading of a pattern allows: its `*` matches `/` too.

`*/Trials/*` is meant as {projectId}/Trials/{anything}, and also matches `_servers/x/Trials/y`. The keys tried
here are the patterns that statements allow, with the platform's own prefixes instead of an inner `*`.
"""

import json
import re
from collections.abc import Iterator

import pytest

from tests.permissions.judge import is_allowed
from tests.permissions.policies import RESEARCHER, STEWARD, Statement, list_statements
from tests.permissions.requests import Request

# The actions that write, delete or tag an object.
CHANGES = ("s3:Put", "s3:Delete")
# Not _keys: the platform reads one object there, and its researcher may write that one.
PARTS = ["Users", "Users/u", "Trials", "Trials/u", "_versions", "_versions/v", "_media"]
HEADS = ["_servers/x", "_slots/0001", "_sweep.json", "_newcomers/day", *(f"victim/{part}" for part in PARTS)]
TAGS = {"aws:principaltag/hippo-project": "lab", "aws:principaltag/hippo-role": "steward"}
HOLDERS = sorted({one.role for one in list_statements()} - {STEWARD})


def list_held(role: str) -> list[Statement]:
    """Return the statements of a role; a person may have those of a researcher and of a steward."""
    return [
        one
        for one in list_statements()
        if one.role in ((RESEARCHER, STEWARD) if role == RESEARCHER else (role,))
    ]


def list_patterns(statements: list[Statement]) -> Iterator[tuple[str, str]]:
    """Return each changing action with each pattern of objects that a statement allows it on."""
    for one in statements:
        for action in one.actions:
            if one.is_allow and action.startswith(CHANGES):
                yield from (
                    (action, text.replace("${aws:PrincipalTag/hippo-project}", "lab"))
                    for text in one.resources
                )


def is_meant(pattern: str, resource: str) -> bool:
    """Return whether the pattern matches although a `*` stays within one part of a key, except at its end."""
    inner, tail = (pattern[:-1], ".*") if pattern.endswith("*") else (pattern, "")
    return bool(re.fullmatch("[^/]*".join(map(re.escape, inner.split("*"))) + tail, resource))


def list_nested(pattern: str) -> Iterator[str]:
    """Return the resources that a pattern matches by a `*` that spans several parts of a key."""
    bucket, _, key = pattern.partition("/")
    before, star, after = key.partition("*")
    if star and after:
        fillings = {"": HEADS, "lab-": [f"one/{part}" for part in PARTS]}.get(before, PARTS)
        yield from (f"{bucket}/{before}{filling}{after.replace('*', 'y')}" for filling in fillings)


@pytest.mark.parametrize("role", HOLDERS)
def test_nested_keys_are_refused(role: str) -> None:
    """Given a role or a person, no object can be changed that only a spanning `*` allows."""
    statements = list_held(role)
    patterns = sorted(set(list_patterns(statements)))
    allowed = {
        f"{action} on {resource}"
        for action, pattern in patterns
        for resource in list_nested(pattern)
        if not any(is_meant(other, resource) for name, other in patterns if name == action)
        and is_allowed(Request(role, action, resource, json.dumps(TAGS)), statements)
    }

    assert allowed == set()


UPDATE_ROLE = "UpdateProjectMasterListRole"
BUCKET = "DataBucket"
OWN_CONFIG = f"arn:aws:s3:::{BUCKET}/lab-one/_config.json"
NESTED_CONFIGS = [
    f"arn:aws:s3:::{BUCKET}/{head}/_config.json"
    for head in (
        "lab-one/Trials/u",
        "lab-one/Users",
        "lab/_media/a",
        "_servers/x/Trials",
        "lab-one/_versions",
    )
]


def may(role: str, action: str, resource: str) -> bool:
    """Return whether the statements of a role, or of a person with both policies, allow a request."""
    return is_allowed(Request(role, action, resource, json.dumps(TAGS)), list_held(role))


def test_only_researchers_write_the_config_of_a_project() -> None:
    """Given a project's own config, no function and no game server may write or delete it."""
    writers = {
        (role, action)
        for role in HOLDERS
        for action in ("s3:PutObject", "s3:DeleteObject", "s3:PutObjectAcl", "s3:PutObjectTagging")
        if may(role, action, OWN_CONFIG)
    }

    assert writers == {(RESEARCHER, "s3:PutObject"), (RESEARCHER, "s3:DeleteObject")}
    assert not may(RESEARCHER, "s3:PutObject", OWN_CONFIG.replace("lab-one", "labs"))
    assert not may(RESEARCHER, "s3:PutObject", OWN_CONFIG.replace("lab-one", "victim"))


def test_the_update_function_reads_configs_one_level_below() -> None:
    """Given objects of that name at other places, where others may write, the function cannot read them."""
    assert may(UPDATE_ROLE, "s3:GetObject", OWN_CONFIG)
    assert [key for key in NESTED_CONFIGS if may(UPDATE_ROLE, "s3:GetObject", key)] == []


def test_a_steward_deletes_versions_and_a_researcher_does_not() -> None:
    """Given a frozen version, only the tag hippo-role=steward allows its deletion, and nothing its change."""
    version = f"arn:aws:s3:::{BUCKET}/lab-one/_versions/0123456789abcdef.json"
    held = list_held(RESEARCHER)
    researcher = json.dumps({"aws:principaltag/hippo-project": "lab"})

    assert may(RESEARCHER, "s3:DeleteObject", version)
    assert not is_allowed(Request(RESEARCHER, "s3:DeleteObject", version, researcher), held)
    assert not may(RESEARCHER, "s3:PutObject", version)
    assert not may(RESEARCHER, "s3:DeleteObjectVersion", version)
