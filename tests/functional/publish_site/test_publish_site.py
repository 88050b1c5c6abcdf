"""publish_site: the page is in the bucket, and CloudFormation gets a response with the result or the reason
in any case."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.aws_hooks import AwsHooks, shared_client
from tests.support.cloudformation import CloudFormation
from tests.support.fakes import FakeClock
from tests.support.study_world import FakeContext

BUCKET = "hippo-site"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the page's files."""
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "main.js").write_text("export {}")
    return tmp_path


@pytest.fixture
def function(
    aws: AwsHooks,
    clock: FakeClock,
    folder: Path,
    load_function: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
) -> ModuleType:
    """Return the function, with an empty bucket."""
    location: Any = {"LocationConstraint": "ca-central-1"}
    shared_client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    monkeypatch.setenv("SITE_BUCKET", BUCKET)
    monkeypatch.setenv("SITE_FOLDER", str(folder))
    module = load_function("publish_site")
    module.CLOCK = clock
    aws.reset()
    return module


@pytest.fixture
def send(
    function: ModuleType, cloudformation: CloudFormation, load_event: Callable[[str], dict[str, Any]]
) -> Callable[..., dict[str, str]]:
    """Send an event as CloudFormation does, and return the only response to it."""

    def send(kind: str = "Create", milliseconds: int = 120_000, **changes: Any) -> dict[str, str]:
        event = load_event("publish_site")
        event |= {"RequestType": kind, "ResponseURL": cloudformation.url, **changes}
        cloudformation.answers.clear()
        function.lambda_handler(event, FakeContext(milliseconds))
        (answer,) = cloudformation.answers
        return answer

    return send


def list_site() -> dict[str, dict[str, Any]]:
    """Return the bucket's content by key."""
    s3 = shared_client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
    return {key: s3.get_object(Bucket=BUCKET, Key=key) for key in keys}


def test_create_publishes_the_page(send: Callable[..., dict[str, str]]) -> None:
    """Given a new stack, the page and its config.json are there with their types, and revalidated each
    time."""
    answer = send()

    assert answer["Status"] == "SUCCESS"
    site = list_site()
    assert {key: stored["ContentType"] for key, stored in site.items()} == {
        "config.json": "application/json",
        "index.html": "text/html; charset=utf-8",
        "main.js": "text/javascript; charset=utf-8",
    }
    assert {stored["CacheControl"] for stored in site.values()} == {"no-cache"}
    assert json.loads(site["config.json"]["Body"].read()) == {
        "nextUrl": "https://abcdefghij.execute-api.ca-central-1.amazonaws.com/v1/next",
        "pagesUrl": None,
    }


def test_answer_repeats_what_cloudformation_asks_for(send: Callable[..., dict[str, str]]) -> None:
    """Given an event, the response has its ids, and the same physical id."""
    created, updated = send(), send("Update", PhysicalResourceId="named-before")

    assert created.keys() >= {"StackId", "RequestId", "LogicalResourceId"}
    assert created["PhysicalResourceId"] == created["LogicalResourceId"] == "SitePage"
    assert updated["PhysicalResourceId"] == "named-before"


def test_answer_has_the_content_type_of_its_signature(
    send: Callable[..., dict[str, str]], cloudformation: CloudFormation
) -> None:
    """Given the signed address, which S3 checks with an empty content type, none is sent."""
    send()

    assert cloudformation.types == [""]


def test_update_brings_changes_and_removes_what_is_gone(
    send: Callable[..., dict[str, str]], folder: Path
) -> None:
    """Given another release, new, changed and removed files are updated, and media are kept."""
    send()
    shared_client("s3").put_object(Bucket=BUCKET, Key="media/p/0123.png", Body=b"x")
    (folder / "index.html").write_text("<p>new")
    (folder / "new.js").write_text("")
    (folder / "main.js").unlink()

    assert send("Update")["Status"] == "SUCCESS"

    site = list_site()
    assert site.keys() == {"config.json", "index.html", "new.js", "media/p/0123.png"}
    assert site["index.html"]["Body"].read() == b"<p>new"


def test_delete_leaves_all(send: Callable[..., dict[str, str]], aws: AwsHooks) -> None:
    """Given the deletion of the stack, nothing is called or removed: its bucket stays."""
    send()
    before = set(list_site())
    aws.reset()

    assert send("Delete", PhysicalResourceId="SitePage")["Status"] == "SUCCESS"
    assert aws.calls == []
    assert set(list_site()) == before


@pytest.mark.parametrize(
    ("breakage", "reason"),
    [
        (
            lambda aws, _m, _f: aws.fail("PutObject", "AccessDenied", 403),
            "s3:PutObject of config.json: AccessDenied",
        ),
        (lambda _a, m, _f: m.delenv("SITE_BUCKET"), "SITE_BUCKET is missing"),
        (lambda _a, _m, f: (f / "index.html").unlink(), "does not contain index.html"),
    ],
    ids=["denied", "no variable", "no page"],
)
def test_failure_is_reported_with_its_reason(
    send: Callable[..., dict[str, str]],
    aws: AwsHooks,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    breakage: Callable[[AwsHooks, pytest.MonkeyPatch, Path], object],
    reason: str,
) -> None:
    """Given any failure, the response is FAILED with the reason: the stack rolls back instead of waiting."""
    breakage(aws, monkeypatch, folder)

    answer = send()

    assert answer["Status"] == "FAILED"
    assert reason in answer["Reason"]


def test_event_without_properties_is_answered(
    send: Callable[..., dict[str, str]],
) -> None:
    """Given properties without the API's address, the response is FAILED with its name."""
    answer = send(ResourceProperties={})

    assert answer["Status"] == "FAILED"
    assert "NextUrl" in answer["Reason"]


def test_long_reason_fits(send: Callable[..., dict[str, str]], aws: AwsHooks) -> None:
    """Given a long error, the response is within the 4096 bytes that CloudFormation accepts."""
    aws.fail("PutObject", "X" * 9000, 403)

    assert len(json.dumps(send())) < 4096


def test_refused_answer_is_sent_again(
    send: Callable[..., dict[str, str]], cloudformation: CloudFormation, clock: FakeClock
) -> None:
    """Given an address that fails twice, the response arrives after growing waits."""
    cloudformation.refusals = 2

    assert send()["Status"] == "SUCCESS"
    assert clock.slept == [0.5, 1]


def test_address_that_never_answers_ends(
    function: ModuleType, clock: FakeClock, load_event: Callable[[str], dict[str, Any]]
) -> None:
    """Given an address that does not respond, the function still ends, and the page is there."""
    event = load_event("publish_site") | {"ResponseURL": "http://127.0.0.1:9/"}

    function.lambda_handler(event, FakeContext(120_000))

    assert len(clock.slept) == 5
    assert "index.html" in list_site()


def test_timeout_is_reported_once(
    send: Callable[..., dict[str, str]], aws: AwsHooks, cloudformation: CloudFormation
) -> None:
    """Given a call that hangs until Lambda would end the function, FAILED is sent before that, and once."""
    aws.before("PutObject", lambda: wait_until(lambda: cloudformation.answers))

    answer = send(milliseconds=15_050)

    assert answer["Status"] == "FAILED"
    assert "took too long" in answer["Reason"]


def wait_until(condition: Callable[[], object]) -> None:
    """Wait in real time, for a few seconds at most."""
    waiter = threading.Event()
    for _ in range(300):
        if condition():
            return
        waiter.wait(0.01)
