"""Each sample event in events/ is served by its handler."""

from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.study_world import CONSENT, PROJECT, QUIZ, StudyWorld

EVENTS = ROOT / "events"
HTTP_SAMPLES = ("next_get", "next_post", "next_null_query", "start", "stop")


def test_all_samples_are_served_by_a_test() -> None:
    """Given a sample that no test uses, this fails, since unused samples become outdated."""
    tests = "".join(path.read_text() for path in EVENTS.parent.glob("tests/**/test_*.py"))

    assert {path.stem for path in EVENTS.glob("*.json") if f'"{path.stem}"' not in tests} == set()


def test_samples_fit_together(world: StudyWorld, load_event: Any) -> None:
    """Given the sample config published, the sample GET and POST return pages 1 and 2."""
    answers = [world.send_event(load_event(name)) for name in ("next_get", "next_post")]

    assert [answer.page for answer in answers] == [CONSENT, QUIZ]
    assert world.read_list()[0]["id"] == PROJECT


@pytest.mark.parametrize("name", HTTP_SAMPLES)
def test_http_samples_have_the_parts_of_a_proxy_event(load_event: Any, name: str) -> None:
    """Given a sample of a request, it has every part that API Gateway's REST proxy sends."""
    event = load_event(name)

    assert event.keys() == {
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "requestContext",
        "body",
        "isBase64Encoded",
    }
    assert {"requestId", "identity", "stage", "apiId", "httpMethod"} <= event["requestContext"].keys()
