"""The check of a project's config."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.studies.config_check import check_config

BUCKETS = ("data", "lab")
NOT_ALLOWED = (
    "is not a bucket of this deployment (data, lab). "
    "Remove it, or ask the operator to add it to ExtraBuckets."
)


@pytest.fixture
def config(load_event: Any) -> dict[str, Any]:
    """Return the sample config, which is valid."""
    return load_event("update")


def test_sample_config_has_no_fault(config: dict[str, Any]) -> None:
    """Given the sample, there are no errors and no warnings."""
    assert check_config(config, BUCKETS) == ([], [])


@pytest.mark.parametrize("key", ["id", "name", "ecsTask", "steps", "events", "maxRuntime"])
@pytest.mark.parametrize("value", ["absent", None, "", {}])
def test_required_keys(config: dict[str, Any], key: str, value: Any) -> None:
    """Given a required key that is absent or empty, that is the only error."""
    config[key] = value
    if value == "absent":
        del config[key]

    errors, _ = check_config(config, BUCKETS)

    assert errors == [f"{key}: missing"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"id": "_a"}, "id: must be 1 to 64 letters, digits, - or _, and not begin with _"),
        ({"id": 5}, "id: must be 1 to 64 letters, digits, - or _, and not begin with _"),
        ({"id": "SSL"}, "id: must not be SSL, the folder of the game servers' certificate"),
        ({"bucket": "other"}, f"bucket: 'other' {NOT_ALLOWED}"),
        ({"bucket": ["data"]}, f"bucket: ['data'] {NOT_ALLOWED}"),
        ({"css": "a.html"}, "css: must be the name of a .css file without a folder; it is 'a.html'"),
        ({"css": "../a.css"}, "css: must be the name of a .css file without a folder; it is '../a.css'"),
        ({"maxRuntime": 0}, "maxRuntime: must be a whole number of minutes from 1 to 999999"),
        ({"maxRuntime": True}, "maxRuntime: must be a whole number of minutes from 1 to 999999"),
        ({"maxRuntime": 1.5}, "maxRuntime: must be a whole number of minutes from 1 to 999999"),
        ({"maxRuntime": "²"}, "maxRuntime: must be a whole number of minutes from 1 to 999999"),
        ({"steps": ["a.html"]}, "steps: must map 1, 2, 3 … and finalStep to step files"),
        ({"events": "1, 4"}, "events: must be a mapping with startServerStep and stopServerStep"),
    ],
)
def test_faults_name_their_path(config: dict[str, Any], change: dict[str, Any], error: str) -> None:
    """Given one mistake, one error says where and what it is."""
    errors, _ = check_config(config | change, BUCKETS)

    assert errors == [error]


@pytest.mark.parametrize(
    ("steps", "errors"),
    [
        ({"finalStep": "c.html"}, ["steps.1: missing"]),
        ({"1": "a.html"}, ["steps.finalStep: missing"]),
        ({"1": "a.html", "finalStep": "game"}, ["steps.finalStep: must be a page, not the game"]),
        (
            {"0": "a.html", "finalStep": "c.html"},
            ["steps.1: missing", "steps.0: must be one of 1, 2, 3 … without gaps"],
        ),
        (
            {"01": "a.html", "finalStep": "c.html"},
            ["steps.1: missing", "steps.01: must be one of 1, 2, 3 … without gaps"],
        ),
        ({"1": "", "finalStep": "c.html"}, ["steps.1: empty"]),
        (
            {"1": ["a"], "finalStep": "c.html"},
            ["steps.1: must be the name of an .html file without a folder, or game; it is ['a']"],
        ),
        (
            {"1": "a.txt", "finalStep": "c.html"},
            ["steps.1: must be the name of an .html file without a folder, or game; it is 'a.txt'"],
        ),
    ],
)
def test_steps(config: dict[str, Any], steps: dict[str, Any], errors: list[str]) -> None:
    """Given steps with a mistake, the error names the step."""
    events = {"startServerStep": 1, "stopServerStep": 1}

    assert check_config(config | {"steps": steps, "events": events}, BUCKETS)[0] == errors


def test_numbers_of_ten_and_more_are_in_order(config: dict[str, Any]) -> None:
    """Given twelve steps, they are valid: steps are compared as numbers, not as texts."""
    steps = {str(number): "a.html" for number in range(1, 13)} | {"finalStep": "c.html"}

    assert check_config(config | {"steps": steps}, BUCKETS) == ([], [])


@pytest.mark.parametrize(
    ("key", "effect"),
    [("startServerStep", "no server is started"), ("stopServerStep", "servers run until maxRuntime")],
)
@pytest.mark.parametrize(
    ("value", "error", "warning"),
    [
        ("absent", "missing; leave it empty if there is no such step", None),
        (None, None, "empty, so {effect}"),
        ("", None, "empty, so {effect}"),
        (4, None, None),
        ("4", None, None),
        (5, None, "5 is beyond the last step (4)"),
        (0, "must be the number of a step from 1 to 999999", None),
        ("one", "must be the number of a step from 1 to 999999", None),
        (True, "must be the number of a step from 1 to 999999", None),
        ("²", "must be the number of a step from 1 to 999999", None),
    ],
)
def test_events(
    config: dict[str, Any], key: str, effect: str, value: Any, error: str | None, warning: str | None
) -> None:
    """Given an event key absent, empty, beyond the last step or not a step, it is an error or a warning."""
    config["events"][key] = value
    if value == "absent":
        del config["events"][key]

    errors, warnings = check_config(config, BUCKETS)

    assert errors == ([f"events.{key}: {error}"] if error else [])
    own = [text for text in warnings if text.startswith("events.")]
    assert len(own) == (1 if warning else 0)
    assert own == ([f"events.{key}: {warning.format(effect=effect)}"] if warning else [])


@pytest.mark.parametrize(
    ("start", "stop", "warned"), [(1, 4, False), (3, 3, True), (4, 2, True), (4, None, False)]
)
def test_server_that_is_stopped_before_it_is_started_is_a_warning(
    config: dict[str, Any], start: int, stop: int | None, warned: bool
) -> None:
    """Given a stop step that is not after the start step, a warning says so."""
    config["events"] = {"startServerStep": start, "stopServerStep": stop}

    _, warnings = check_config(config, BUCKETS)

    text = (
        f"events: the server is started at step {start} but stopped at step {stop}; the stop must come later"
    )
    assert (text in warnings) == warned


@pytest.mark.parametrize(
    ("start", "stop", "warning"),
    [
        (1, 4, None),
        (1, 3, "events: the server is stopped at step 3, but step 3 is a game"),
        (None, 4, "events: no server is started by step 3, which is a game"),
        (4, 5, "events: no server is started by step 3, which is a game"),
    ],
)
def test_server_missing_at_the_game_is_a_warning(
    config: dict[str, Any], start: int | None, stop: int, warning: str | None
) -> None:
    """Given a page inserted before the game and an outdated step number, a warning says so."""
    config["events"] = {"startServerStep": start, "stopServerStep": stop}

    _, warnings = check_config(config, BUCKETS)

    assert [text for text in warnings if text.startswith("events: ")] == ([warning] if warning else [])


@pytest.mark.parametrize("live", ["false", "no", "true", 1.5, []])
def test_live_is_true_or_false(config: dict[str, Any], live: Any) -> None:
    """Given text for it, it is an error: `live: "false"` must not open a study."""
    errors, _ = check_config(config | {"live": live}, BUCKETS)

    assert errors == ["live: must be true or false"]


@pytest.mark.parametrize("key", ["name", "ecsTask"])
def test_names_are_text(config: dict[str, Any], key: str) -> None:
    """Given a mapping or a list for a name, it is an error at publication, not when a server starts."""
    errors, _ = check_config(config | {key: {"a": 1}}, BUCKETS)

    assert errors == [f"{key}: must be text"]


def test_version_of_an_earlier_publication_is_known(config: dict[str, Any]) -> None:
    """Given an entry copied from the list, with its version, there is no warning."""
    assert check_config(config | {"version": "abc"}, BUCKETS) == ([], [])


@pytest.mark.parametrize("live", [False, None, "absent"])
def test_study_that_is_not_live_is_a_warning(config: dict[str, Any], live: Any) -> None:
    """Given a study that is not open, a warning says that it is closed."""
    config["live"] = live
    if live == "absent":
        del config["live"]

    assert check_config(config, BUCKETS)[1] == ["live: not true, so the study is closed"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "id",
    "name",
    "ecsTask",
    "steps",
    "events",
    "maxRuntime",
    "live",
    "css",
    "bucket",
    "steps.1",
    "events.startServerStep",
]


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), ANYTHING, max_size=4), st.booleans())
def test_no_config_makes_it_fail(changes: dict[str, Any], complete: bool) -> None:
    """Given any JSON in any part, the results are lists of texts and there is no exception."""
    steps, events = {"1": "a.html", "finalStep": "b.html"}, {"startServerStep": 1, "stopServerStep": 1}
    base = {"id": "p", "name": "P", "ecsTask": "p", "maxRuntime": 1, "steps": steps, "events": events}
    config = copy.deepcopy(base) if complete else {}
    for key, value in changes.items():
        part, _, inner = key.partition(".")
        if inner and isinstance(config.get(part), dict):
            config[part][inner] = value
        else:
            config[key] = value

    errors, warnings = check_config(config, BUCKETS)

    assert all(isinstance(text, str) for text in errors + warnings)
