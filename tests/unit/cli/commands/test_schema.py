"""Tests of the JSON Schema, which matches the code and agrees with the rules of publishing."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from hippo.studies.config_check import check_config
from hippo.studies.config_keys import KEYS
from hippo.studies.options import ACCESS_KEYS, PAGE_KEYS
from hippo_cli.schema import FILE_NAME, make_schema
from tests.support.paths import ROOT

EXAMPLE = ROOT / "examples" / "mountain_car"
VALIDATOR = Draft7Validator(make_schema())
GOOD: dict[str, Any] = json.loads((ROOT / "events" / "update.json").read_text(encoding="utf-8"))
OPTION_PATHS = {key.path for key in (*ACCESS_KEYS, *PAGE_KEYS)}


def is_valid(project: dict[str, Any]) -> bool:
    """Return whether an editor accepts the project."""
    return VALIDATOR.is_valid({"project": project})


def find_errors(project: dict[str, Any]) -> list[str]:
    """Return the errors of publishing."""
    bucket = project.get("bucket")
    return check_config(project, (bucket,) if isinstance(bucket, str) else ())[0]


def set_value(project: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of the project with one value changed."""
    changed = copy.deepcopy(project)
    *outer, name = path.split(".")
    inner = changed
    for part in outer:
        inner = inner.setdefault(part, {})
    inner[name] = value
    return changed


def test_published_schema_is_up_to_date(run: Callable[..., Any]) -> None:
    """Given docs/reference/study.schema.json, it equals the output of `hippo schema`."""
    assert (ROOT / "docs/reference" / FILE_NAME).read_text(encoding="utf-8") == run("schema").stdout
    Draft7Validator.check_schema(make_schema())


def test_example_names_the_schema_and_is_valid() -> None:
    """Given the example, its first line leads editors to the schema, and it is valid."""
    text = (EXAMPLE / "config.yml").read_text(encoding="utf-8")
    path = text.splitlines()[0].partition("$schema=")[2]

    assert (EXAMPLE / path).resolve() == ROOT / "docs/reference" / FILE_NAME
    assert is_valid(json.loads(json.dumps(yaml.safe_load(text)["project"])))


def test_every_option_has_a_key_and_every_example_is_good() -> None:
    """Given the table of keys, it has every checked option, and its examples pass schema and publishing."""
    assert {key.path for key in KEYS} >= OPTION_PATHS
    for key in KEYS:
        if key.example and not key.path.startswith("steps"):
            # The example of completion.url needs a code.
            complete = set_value(GOOD, "completion", {"code": "C1AB2"})
            project = set_value(complete, key.path, yaml.safe_load(key.example))
            assert is_valid(project), key.path
            assert find_errors(project) == [], key.path


BAD = [
    ("id", "_x"),
    ("id", 5),
    ("id", ""),
    ("name", 5),
    ("name", ""),
    ("steps", ["a.html"]),
    ("steps", {"1": "a.html"}),
    ("steps.1", "a.txt"),
    ("steps.1", "a/b.html"),
    ("steps.finalStep", "game"),
    ("events", {"startServerStep": 1}),
    ("events.startServerStep", "first"),
    ("events.stopServerStep", 0),
    ("maxRuntime", 0),
    ("maxRuntime", "half an hour"),
    ("maxRuntime", None),
    ("live", "yes"),
    ("css", "style.scss"),
    ("language", False),
    ("language", "e"),
    ("completion", "C1"),
    ("completion.code", ["C1"]),
    ("completion.url", "app.prolific.com"),
    ("consentStep", -1),
    ("onePer", "a b"),
    ("signedLinks", "true"),
    ("maxParticipants", 0),
    ("maxParticipants", 100_001),
    ("maxServers", 301),
    ("closesAt", 20301201),
    ("screen", [1]),
    ("screen.mobile", "no"),
    ("screen.minWidth", 0),
    ("linkOrigins", "https://survey.example.org"),
    ("linkOrigins", ["survey.example.org"]),
    ("linkOrigins", ["https://a.example"] * 21),
]


@pytest.mark.parametrize(("path", "value"), BAD)
def test_what_the_schema_refuses_publishing_refuses(path: str, value: Any) -> None:
    """Given a value that the schema refuses, publishing reports an error for its key."""
    project = set_value(GOOD, path, value)

    assert not is_valid(project)
    assert any(text.startswith(path.partition(".")[0]) for text in find_errors(project))


VALUES = st.one_of(
    st.integers(-2, 1_000_000),
    st.booleans(),
    st.none(),
    st.sampled_from(
        ["", "game", "a.html", "a.css", "12", "en", "C1", "https://x.org/?c={code}", "2030-01-01T00:00Z"]
    ),
    st.text(max_size=8).filter(bool),
    st.just([1]),
    st.just({"x": 1}),
)


@given(path=st.sampled_from(sorted(key.path for key in KEYS)), value=VALUES)
def test_the_schema_accepts_what_publishing_accepts(path: str, value: Any) -> None:
    """Given any value for any key that publishing accepts (except empty ones), the schema accepts it."""
    if not value and path in ("css", "bucket"):
        return  # counts as absent
    project = set_value(
        {key: part for key, part in GOOD.items() if key not in ("awsSetup", "ssl")}, path, value
    )

    if find_errors(project) == [] and path.partition(".")[0] not in ("awsSetup", "ssl"):
        assert is_valid(project)
