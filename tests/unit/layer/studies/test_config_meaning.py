"""Values of a config that can be read but do not mean what their author meant."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hippo.studies.config_check import check_options

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DONE = "https://app.prolific.com/submissions/complete?cc="
SONA = "https://lab.sona-systems.com/webstudy_credit.aspx?experiment_id=1&survey_code="


def check(**config: Any) -> tuple[list[str], list[str]]:
    """Return the errors and warnings of options, at a fixed time."""
    return check_options(config, NOW)


@pytest.mark.parametrize("completion", [{"code": None}, {"code": ""}, {}])
def test_a_link_without_its_code(completion: dict[str, Any]) -> None:
    """Given {code} in the URL and a code that is missing or empty, publishing is refused."""
    errors, warnings = check(completion={**completion, "url": f"{DONE}{{code}}"})

    assert len(errors) == 1
    assert errors[0].startswith("completion.code: missing or empty, but completion.url has {code}. ")
    assert warnings == []


@pytest.mark.parametrize("code", [None, ""])
@pytest.mark.parametrize("url", [{}, {"url": f"{DONE}C1AB2"}])
def test_an_empty_code_that_no_link_needs(code: Any, url: dict[str, str]) -> None:
    """Given an empty code that the URL does not name, there is a warning."""
    assert check(completion={"code": code, **url}) == (
        [],
        ["completion.code: empty, so participants see no code"],
    )


@pytest.mark.parametrize("code", ["“C1AB2”", "„C1AB2“", "C1AB2”", "«C1AB2»", "‘C1AB2’"])
def test_a_code_in_typographic_quotes(code: str) -> None:
    """Given typographic quotes around a code, publishing is refused, because participants would copy them."""
    errors, _ = check(completion={"code": code})

    assert len(errors) == 1
    assert "typographic" in errors[0]


@pytest.mark.parametrize(
    "code", [" C1AB2", "C1AB2\u00a0", "C1\u200bAB2", "\u202aC1AB2", "C1\u200dAB2", "a\tb"]
)
def test_a_code_with_characters_that_cannot_be_seen(code: str) -> None:
    """Given a space at an end or an invisible character, publishing is refused: the code would not match."""
    errors, _ = check(completion={"code": code})

    assert len(errors) == 1
    assert "cannot be seen" in errors[0]


@pytest.mark.parametrize("code", ["XXXX", "xxx", "%CODE%", "{code}", "[code]", "<code>", "${code}", "$CODE"])
def test_a_code_that_is_a_placeholder(code: str) -> None:
    """Given a code that is still a placeholder, publishing is refused."""
    errors, _ = check(completion={"code": code})

    assert len(errors) == 1
    assert "placeholder" in errors[0]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"{SONA}%SURVEY_CODE%", "write {id} here"),
        (f"{SONA}XXXX", "XXXX is a placeholder"),
        (f"{DONE}XXXXXXXX", "is a placeholder"),
        (f"{DONE}xxxx&a=1", "is a placeholder"),
        ("https://a.example/s/XXXX/done", "is a placeholder"),
        (f"{DONE}[CODE]", "is a placeholder"),
        (f"{DONE}%5BCODE%5D", "is a placeholder"),
        (f"{DONE}<code>", "is a placeholder"),
        (f"{DONE}$CODE", "is a placeholder"),
        (f"{DONE}100%", "%25"),
        (f"{DONE}%7Bcode%7D", "Write {code}"),
        (f"{DONE}%7bPROLIFIC_PID%7d", "Write {PROLIFIC_PID}"),
        (f"{DONE}C1AB2&amp;a=1", "Write &"),
    ],
)
def test_a_url_with_something_to_fill_in(url: str, said: str) -> None:
    """Given a URL in which the researcher still has to fill something in, publishing is refused."""
    errors, warnings = check(completion={"url": url})

    assert len(errors) == 1
    assert errors[0].startswith("completion.url: ")
    assert said in errors[0]
    assert warnings == []


@pytest.mark.parametrize("name", ["survey_code", "CODE", "completion_code", "Code"])
def test_a_placeholder_that_resembles_the_code(name: str) -> None:
    """Given a placeholder that is a parameter of the link but resembles {code}, there is a warning."""
    errors, warnings = check(completion={"url": f"{SONA}{{{name}}}", "code": "C1AB2"})

    assert errors == []
    assert len(warnings) == 1
    assert f"{{{name}}} is empty unless" in warnings[0]
    assert "{code}" in warnings[0]


def test_a_placeholder_that_resembles_the_user_id() -> None:
    """Given {user_id}, the warning names {userId}."""
    _, (warning,) = check(completion={"url": f"{SONA}{{user_id}}"})

    assert "Write {userId}" in warning


@pytest.mark.parametrize(
    "completion",
    [
        {"code": "C1AB2", "url": f"{DONE}{{code}}"},
        {"code": "A-1_x", "url": f"{DONE}{{code}}&u={{userId}}&p={{PROLIFIC_PID}}"},
        {"code": 123},
        {"code": "قبول\u200cشده"},
        {"url": f"{SONA}{{id}}"},
        {"url": f"{DONE}CXXX12"},
        {"url": f"{DONE}a%20b%C3%A9"},
        {"url": "https://xxx.example/done?a=#top"},
    ],
)
def test_completions_that_work(completion: dict[str, Any]) -> None:
    """Given a code and URL that are complete, there is no finding."""
    assert check(completion=completion) == ([], [])


def test_a_placeholder_that_onePer_records() -> None:  # noqa: N802 - the option's name
    """Given a placeholder that every participant's link has, there is no warning."""
    assert check(onePer="survey_code", completion={"url": f"{SONA}{{survey_code}}"}) == ([], [])


@pytest.mark.parametrize("code", [{}, {"code": "C1AB2"}])
@pytest.mark.parametrize("url", [DONE, f"{DONE}&a=1", f"{SONA}#top"])
def test_a_parameter_that_waits_for_the_code(url: str, code: dict[str, str]) -> None:
    """Given a URL as recruiters show it, with nothing after cc=, a warning says what to write."""
    errors, (warning,) = check(completion={**code, "url": url})

    assert errors == []
    assert "={code}" in warning


def test_a_placeholder_in_other_case_than_onePer() -> None:  # noqa: N802 - the option's name
    """Given a placeholder whose case differs from the recorded parameter, a warning names that one."""
    _, (warning,) = check(onePer="PROLIFIC_PID", completion={"url": f"{DONE}{{prolific_pid}}"})

    assert "Write {PROLIFIC_PID}" in warning


@pytest.mark.parametrize("language", ["French", "english", "Deutsch", "francais", "Francais-CA"])
def test_the_name_of_a_language(language: str) -> None:
    """Given a name instead of a code, publishing is refused: the page would stay English."""
    (error,), warnings = check(language=language)

    assert error.startswith(f"language: {language} is not the code of a language")
    assert warnings == []


@pytest.mark.parametrize(("language", "code"), [("fra", "fr"), ("jp", "ja"), ("eng", "en"), ("xx", "fr-CA")])
def test_a_code_that_is_not_a_language(language: str, code: str) -> None:
    """Given the code of a country, or one with a shorter form, a warning names the right one."""
    errors, (warning,) = check(language=language)

    assert errors == []
    assert f'"{code}"' in warning


@pytest.mark.parametrize("language", ["en", "fr-CA", "DE", "zh-Hant-TW", "gsw", "uk", "no"])
def test_codes_of_languages(language: str) -> None:
    """Given the code of a language, there is no finding."""
    assert check(language=language) == ([], [])


@pytest.mark.parametrize("closes_at", ["2020-12-01T12:00:00+01:00", "2026-06-01T12:00:00Z"])
def test_a_study_that_has_closed(closes_at: str) -> None:
    """Given a closing time that has passed, there is a warning that no newcomer is admitted."""
    errors, (warning,) = check(closesAt=closes_at)

    assert errors == []
    assert warning.startswith("closesAt: 20")
    assert "in the past" in warning
    assert warning.endswith("Write a later time, or remove it")


def test_a_study_that_closes_later() -> None:
    """Given a closing time to come, there is no finding."""
    assert check(closesAt="2026-06-01T12:00:01Z") == ([], [])


def test_names_that_anyone_may_choose() -> None:
    """Given `userIds: any` with unsigned links, there is a warning that strangers choose names."""
    errors, (warning,) = check(userIds="any")

    assert errors == []
    assert warning.startswith("userIds: any")
    assert "Sign the links" in warning


@pytest.mark.parametrize("config", [{"signedLinks": True}, {"onePer": "PID"}])
def test_names_that_nobody_may_choose(config: dict[str, object]) -> None:
    """Given `userIds: any` with signed links, or with ids that are derived, there is no finding."""
    assert check(userIds="any", **config) == ([], [])


def test_names_by_default() -> None:
    """Given `userIds: uuid`, the default, there is no finding."""
    assert check(userIds="uuid") == ([], [])
