"""The optional keys of a config: refused when published, absent in a list edited by hand."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.studies.completion import Completion
from hippo.studies.config_check import check_config, check_options
from hippo.studies.options import (
    OPTION_KEYS,
    AccessOptions,
    PageOptions,
    read_access,
    read_page_options,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ALL = {
    "completion": {"code": "C1", "url": "https://r.example/?c={code}"},
    "onePer": "PROLIFIC_PID",
    "signedLinks": True,
    "maxParticipants": 30,
    "closesAt": "2030-01-01T12:00:00+00:00",
    "screen": {"mobile": False, "minWidth": 800},
    "userIds": "any",
    "consentStep": 1,
    "language": "fr-CA",
    "groups": "balanced",
    "groupsCutoff": 90,
    "offerLeavingAfter": 300,
    "width": 1200,
    "linkOrigins": ["https://Survey.example.org/", "wss://games.example.org:5000", "ws://localhost:5000"],
}


def test_all_options_are_read() -> None:
    """Given every option, each value is the config's."""
    origins = ("https://survey.example.org", "wss://games.example.org:5000", "ws://localhost:5000")
    access = AccessOptions(
        "PROLIFIC_PID", True, 30, NOON, False, 800, link_origins=origins, names_any_user=True
    )
    assert read_access(ALL) == access
    assert read_page_options(ALL) == PageOptions(
        Completion("C1", ALL["completion"]["url"]), 1, "fr-CA", True, 90, "mark", 300, 1200
    )


@pytest.mark.parametrize("config", [{}, dict.fromkeys(OPTION_KEYS), dict.fromkeys(OPTION_KEYS, "")])
def test_absent_options(config: dict[str, Any]) -> None:
    """Given none of them, or empty ones, everyone is admitted, the language is English, and nothing is
    wrong."""
    assert read_access(config) == AccessOptions()
    assert read_page_options(config) == PageOptions(None, None, "en")
    assert check_options(config) == ([], [])


def test_numbers_may_be_text() -> None:
    """Given numbers as text, they count as numbers and can be published."""
    config = {"maxParticipants": "30", "screen": {"minWidth": "800"}, "consentStep": "1"}

    assert (read_access(config).max_participants, read_access(config).min_width) == (30, 800)
    assert read_page_options(config).consent_step == 1
    assert check_options(config) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        "2030-01-01T12:00:00+00:00",
        "2030-01-01 12:00:00+00:00",
        "2030-01-01T12:00:00Z",
        "2030-01-01T14:00+02:00",
    ],
)
def test_times_of_every_writing(text: str) -> None:
    """Given a time as people write it, or as YAML leaves it, the moment is the same."""
    assert read_access({"closesAt": text}).closes_at == NOON
    assert check_options({"closesAt": text}) == ([], [])


NUMBER = "must be a whole number from 1 to 100000"
TIME = 'must be date, time and zone, such as "2026-12-01T12:00:00+00:00"'
FLAG = "must be true or false"
PARAMETER = "must be the name of a link's parameter that the platform does not use itself"
LANGUAGE = 'must be a language tag such as "en" or "fr-CA", in quotes (YAML reads an unquoted no as false)'


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"maxParticipants": 0}, f"maxParticipants: {NUMBER}"),
        ({"maxParticipants": 100_001}, f"maxParticipants: {NUMBER}"),
        ({"maxParticipants": 2.5}, f"maxParticipants: {NUMBER}"),
        ({"maxParticipants": True}, f"maxParticipants: {NUMBER}"),
        ({"maxParticipants": [30]}, f"maxParticipants: {NUMBER}"),
        ({"maxServers": 0}, "maxServers: must be a whole number from 1 to 300"),
        ({"maxServers": 301}, "maxServers: must be a whole number from 1 to 300"),
        ({"maxServers": "all"}, "maxServers: must be a whole number from 1 to 300"),
        ({"closesAt": "2030-01-01T12:00:00"}, f"closesAt: {TIME}"),
        ({"closesAt": "2030-01-01"}, f"closesAt: {TIME}"),
        ({"closesAt": "tomorrow"}, f"closesAt: {TIME}"),
        ({"closesAt": 1893499200}, f"closesAt: {TIME}"),
        ({"closesAt": "0001-01-01T00:00:00+14:00"}, f"closesAt: {TIME}"),
        ({"signedLinks": "false"}, f"signedLinks: {FLAG}"),
        ({"signedLinks": 1}, f"signedLinks: {FLAG}"),
        ({"groups": "even"}, "groups: must be hash or balanced"),
        ({"groups": True}, "groups: must be hash or balanced"),
        ({"groups": ["balanced"]}, "groups: must be hash or balanced"),
        ({"groupsCutoff": 0}, f"groupsCutoff: {NUMBER}"),
        ({"offerLeavingAfter": -1}, "offerLeavingAfter: must be a whole number from 0 to 86400"),
        ({"offerLeavingAfter": "never"}, "offerLeavingAfter: must be a whole number from 0 to 86400"),
        ({"width": 319}, "width: must be a whole number of CSS pixels from 320 to 4000"),
        ({"width": "100%"}, "width: must be a whole number of CSS pixels from 320 to 4000"),
        ({"width": "60rem"}, "width: must be a whole number of CSS pixels from 320 to 4000"),
        ({"screen": {"mobile": "no"}}, f"screen.mobile: {FLAG}"),
        ({"screen": {"minWidth": "wide"}}, f"screen.minWidth: {NUMBER}"),
        ({"screen": "big"}, "screen: must be a mapping"),
        ({"onePer": "userId"}, f"onePer: {PARAMETER}"),
        ({"onePer": "signature"}, f"onePer: {PARAMETER}"),
        ({"onePer": "two words"}, f"onePer: {PARAMETER}"),
        ({"onePer": ["PID"]}, f"onePer: {PARAMETER}"),
        ({"language": False}, f"language: {LANGUAGE}"),
        ({"language": "English (UK)"}, f"language: {LANGUAGE}"),
        ({"language": "en_GB"}, f"language: {LANGUAGE}"),
        ({"completion": "CODE"}, "completion: must be a mapping"),
        ({"completion": {"code": ["C"]}}, "completion.code: must be text of at most 256 characters"),
        (
            {"completion": {"url": "http://r.example"}},
            "completion.url: must begin with https:// (http:// for localhost only)",
        ),
        ({"consentStep": "one"}, "consentStep: must be the number of a step from 1 to 999999"),
        ({"consentStep": 0}, "consentStep: must be the number of a step from 1 to 999999"),
        (
            {"consentStep": 3},
            "consentStep: step 3 is not a page of this study. Name the step of the consent page.",
        ),
        (
            {"consentStep": "5"},
            "consentStep: step 5 is not a page of this study. Name the step of the consent page.",
        ),
    ],
)
def test_unreadable_option_is_refused_with_its_path(
    load_event: Any, change: dict[str, Any], error: str
) -> None:
    """Given one invalid option, the only error of the whole config says where and what it is."""
    assert check_config(load_event("update") | change, ("data",)) == ([error], [])


def test_whole_config_with_options_is_valid(load_event: Any) -> None:
    """Given the sample with every option, there are no errors and no warnings of unknown keys."""
    assert check_config(load_event("update") | ALL, ("data",)) == ([], [])


def test_unknown_parts_are_warned_about() -> None:
    """Given an unknown key within `screen` or `completion`, a warning has its path."""
    config = {"screen": {"minHeight": 600}, "completion": {"text": "thanks"}}
    unknown = "unknown key; it is stored but has no effect. Check its spelling."

    assert check_options(config) == (
        [],
        [f"screen.minHeight: {unknown}", f"completion.text: {unknown}"],
    )


def test_unreadable_option_of_a_list_is_absent_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Given a list edited by hand, unreadable options are absent, and the log names their paths."""
    config = {"id": "p", "maxParticipants": "many", "closesAt": "soon", "screen": {"mobile": "no"}}

    with caplog.at_level(logging.ERROR):
        options = read_access(config)

    assert options == AccessOptions()
    logged = [(vars(r)["projectId"], vars(r)["option"]) for r in caplog.records]
    assert logged == [("p", "maxParticipants"), ("p", "closesAt"), ("p", "screen.mobile")]


@pytest.mark.parametrize(
    ("value", "signed"), [("false", True), ("yes", True), (1, True), (0, False), ([], False)]
)
def test_signed_links_as_text_fail_closed(value: Any, signed: bool) -> None:
    """Given something other than true or false, any value that is true in Python requires signatures."""
    assert read_access({"signedLinks": value}).signed_links == signed


def test_half_of_a_completion_is_used() -> None:
    """Given an invalid URL, the code is still shown."""
    options = read_page_options({"completion": {"code": "C1", "url": "javascript:x"}})

    assert options.completion == Completion("C1")


@pytest.mark.parametrize(
    ("config", "warning"),
    [
        ({"groups": "balanced", "maxRuntime": 120}, None),
        ({"groups": "hash", "maxRuntime": 500}, None),
        ({"groups": "balanced", "maxRuntime": "121"}, "120 is less than maxRuntime (121)"),
        ({"groups": "balanced", "groupsCutoff": 30, "maxRuntime": 31}, "30 is less than maxRuntime (31)"),
        ({"groupsCutoff": 30}, "no effect without groups: balanced"),
    ],
)
def test_cutoff_that_cannot_be_meant_is_warned_about(config: dict[str, Any], warning: str | None) -> None:
    """Given a cut-off shorter than a game may take, or one without effect, there is a warning and no
    error."""
    errors, warnings = check_options(config)

    assert errors == []
    assert [warning in text for text in warnings if warning] == [True] * bool(warning)
    assert len(warnings) == bool(warning)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([*OPTION_KEYS, "steps", "id"]), ANYTHING, max_size=4),
    st.dictionaries(st.sampled_from(["code", "url", "mobile", "minWidth"]), ANYTHING, max_size=3),
)
def test_no_option_makes_it_fail(config: dict[str, Any], inner: dict[str, Any]) -> None:
    """Given any JSON in any option, the results are options and lists of texts, and there is no exception."""
    for changed in (config, {**config, "completion": inner, "screen": inner}):
        assert isinstance(read_access(changed), AccessOptions)
        assert isinstance(read_page_options(changed), PageOptions)
        errors, warnings = check_options(changed)
        assert all(isinstance(text, str) for text in errors + warnings)
        check_config(changed, ())


@pytest.mark.parametrize(
    "origin",
    [
        "http://survey.example.org",
        "https://survey.example.org/path",
        "https://survey.example.org?a=b",
        "https://user@survey.example.org",
        "https://*.example.org",
        "https://survey.example.org:port",
        "https://",
        "//survey.example.org",
        "javascript:alert(1)",
        "https://a.example\\@b.example",
        "https://a .example",
        7,
    ],
)
def test_origins_name_one_host_each(origin: object) -> None:
    """Given anything but an origin, it is refused, and an unreadable list allows nothing."""
    errors, _ = check_options({"linkOrigins": [origin]})

    assert errors[0].startswith("linkOrigins: must be an origin: https:// or wss:// and a host")
    assert read_access({"linkOrigins": [origin]}).link_origins == ()


@pytest.mark.parametrize(
    ("config", "is_trusted"),
    [
        ({}, False),
        ({"userIds": "uuid"}, False),
        ({"userIds": "any"}, True),
        ({"userIds": ["any"]}, False),
        ({"userIds": True}, False),
        ({"signedLinks": True}, True),
        ({"signedLinks": True, "userIds": "uuid"}, True),
    ],
    ids=str,
)
def test_whose_ids_become_names(config: dict[str, Any], is_trusted: bool) -> None:
    """Given signed links or exactly `any`, all user ids may become names of servers; otherwise only UUIDs."""
    assert read_access(config).trusts_user_ids is is_trusted


@pytest.mark.parametrize("value", ["all", True, ["any"], "ANY"])
def test_other_words_for_whose_ids_are_refused(value: object) -> None:
    """Given any other value, publishing refuses it."""
    (error,), _ = check_options({"userIds": value})
    assert error == "userIds: must be uuid or any"
