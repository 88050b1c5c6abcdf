"""The proof that a participant has finished."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippo.studies.completion import Completion, check_url, fill_completion

URL = "https://recruiter.example/done?cc={code}"


def test_placeholders_are_filled_in_and_encoded() -> None:
    """Given a code, the user id and recorded parameters, each is percent-encoded in the URL."""
    completion = Completion(
        "A B&c", "https://r.example/{STUDY_ID}/done?cc={code}&u={userId}&p={PROLIFIC_PID}"
    )

    filled = fill_completion(completion, "ada", {"PROLIFIC_PID": "a/b?é#", "STUDY_ID": "S 1"})

    assert filled == {
        "code": "A B&c",
        "url": "https://r.example/S%201/done?cc=A%20B%26c&u=ada&p=a%2Fb%3F%C3%A9%23",
    }


def test_what_was_not_recorded_becomes_empty() -> None:
    """Given a placeholder without a value, it is replaced by nothing."""
    assert fill_completion(Completion(None, URL + "&p={PID}"), "ada", {}) == {
        "url": "https://recruiter.example/done?cc=&p="
    }


def test_recorded_value_is_not_filled_in_again() -> None:
    """Given a parameter whose value looks like a placeholder, it is text."""
    filled = fill_completion(Completion("secret", "https://r.example/?p={PID}"), "ada", {"PID": "{code}"})

    assert filled["url"] == "https://r.example/?p=%7Bcode%7D"


def test_link_cannot_replace_code_and_user_id() -> None:
    """Given recorded parameters of those names, the platform's own values are used."""
    filled = fill_completion(Completion("C", URL + "&u={userId}"), "ada", {"code": "forged", "userId": "x"})

    assert filled["url"] == "https://recruiter.example/done?cc=C&u=ada"


@pytest.mark.parametrize(("completion", "filled"), [(None, {}), (Completion("C"), {"code": "C"})])
def test_absent_parts_are_left_out(completion: Completion | None, filled: dict[str, str]) -> None:
    """Given a config without URL, or without completion, the response has none."""
    assert fill_completion(completion, "ada", {}) == filled


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://recruiter.example",
        "https://recruiter.example:8443/{a.b-c_D}#x",
        "http://localhost:8000/?a={userId}",
    ],
)
def test_valid_urls(url: str) -> None:
    """Given https, or http for localhost, with placeholders after the host, the URL is accepted."""
    assert check_url(url) == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://recruiter.example/", "must begin with https://"),
        ("http://localhost.evil.example/", "must begin with https://"),
        ("javascript:alert(1)", "must have a host"),
        ("recruiter.example/done", "must have a host"),
        ("https:///done", "must have a host"),
        ("https://{HOST}/done", "without a placeholder"),
        ("https://r.example{PATH}/done", "without a placeholder"),
        ("{URL}", "must have a host"),
        ("https://r.example/?a={code", "may have only the placeholders"),
        ("https://r.example/?a=code}", "may have only the placeholders"),
        ("https://r.example/?a={{code}}", "may have only the placeholders"),
        ("https://r.example/?a={}", "may have only the placeholders"),
        ("https://r.example/?a={two words}", "without spaces"),
        ("https://r.example/?a=two words", "without spaces"),
        ("https://r.example\\@evil.example/", "without spaces"),
        ("https://r.example:port/", "a URL with a host"),
        ("https://[r.example/", "a URL with a host"),
        ("https://r.example/\n", "without spaces"),
        (5, "without spaces"),
    ],
)
def test_bad_urls(url: object, reason: str) -> None:
    """Given anything else, an error says what is wrong."""
    with pytest.raises(ValueError, match=reason):
        check_url(url)


@given(st.text(), st.text(), st.text())
def test_values_stay_within_their_placeholder(code: str, user_id: str, value: str) -> None:
    """Given any values, the URL has no other parts than the config's."""
    filled = fill_completion(Completion(code or None, URL + "&u={userId}&p={P}"), user_id, {"P": value})

    head, *rest = filled["url"].split("&")
    assert head.startswith("https://recruiter.example/done?cc=")
    assert len(rest) == 2
    assert not set(filled["url"]) & set("#<>\"' \\")
