"""Tests of the configuration that is sent, and of the response of update_project_master_list."""

import datetime
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from hippo_local.errors import LocalPlatformError
from hippo_local.publish import Publication, dump_json, read_update_response


def test_step_numbers_become_text_on_the_wire() -> None:
    """Given steps with YAML's number keys, the sent keys are strings, as the existing script sends them."""
    assert json.loads(dump_json({"steps": {1: "a.html", "finalStep": "b.html"}})) == {
        "steps": {"1": "a.html", "finalStep": "b.html"}
    }


def test_a_date_in_the_configuration_becomes_text() -> None:
    """Given a value that YAML reads as a date, ISO text is sent."""
    assert json.loads(dump_json({"begins": datetime.date(2030, 1, 2)})) == {"begins": "2030-01-02"}


@pytest.mark.parametrize(
    ("body", "warnings"),
    [
        ("Warning: steps.2: odd\nWarning: no css", ["steps.2: odd", "no css"]),
        ("steps.2: odd", ["steps.2: odd"]),
        ("", []),
        (None, []),
    ],
)
def test_each_line_of_the_body_is_a_warning(body: object, warnings: list[str]) -> None:
    """Given status 200, the warnings are the lines of the body, without their prefix."""
    assert read_update_response({"statusCode": 200, "body": body}) == warnings


@pytest.mark.parametrize(
    "response",
    [
        {"statusCode": 400, "body": "steps.2: no such page"},
        {"errorMessage": "steps.2: no such page", "errorType": "KeyError"},
    ],
    ids=["refusal", "crash"],
)
def test_a_refusal_has_the_functions_own_message(response: Any) -> None:
    """Given another status, or a crash, the error contains the function's own message."""
    with pytest.raises(LocalPlatformError, match=r"steps\.2: no such page"):
        read_update_response(response)


class FakeAws:
    """The clients of S3 and Lambda, which record what publishing does, in order."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Any]] = []

    def make_client(self, _: str) -> "FakeAws":
        """Return the client of any service."""
        return self

    def put_object(self, **call: Any) -> None:
        """Record a write."""
        self.done.append((call["Key"], json.loads(call["Body"])))

    def invoke(self, **call: Any) -> dict[str, Any]:
        """Record an invocation."""
        self.done.append(("invoke", json.loads(call["Payload"])))
        return {"Payload": io.BytesIO(b'{"statusCode": 200, "body": ""}')}


def test_the_folder_decides_over_an_earlier_own_config() -> None:
    """Given a study that the tool published or paused locally, an edit replaces its own config first."""
    aws: Any = FakeAws()
    study: Any = SimpleNamespace(project_id="tree", project={"id": "tree", "live": True, "bucket": "on-aws"})

    Publication(study, aws, {"BucketName": "b", "UpdateFunctionName": "f"})._update_project_list()

    config = {"id": "tree", "live": True, "ecsTask": "tree"}
    assert aws.done == [("tree/_config.json", config), ("invoke", config)]
