"""Tests of `hippo publish` with large files, which are sent in parts and recognized later."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from s3transfer.futures import TransferCoordinator

from hippo_cli.errors import ExitCode
from hippo_cli.publishing.upload import LocalFile, upload_files
from tests.support.study_world import BUCKET
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing.test_publish import IMAGE, publish
from tests.unit.cli.publishing_world import Deployment

Run = Callable[..., Any]
KEY = "small/_media/film.mp4"
FILM = b"\0\0\0\x18ftypisom" + b"film" * (4 * 1024**2 - 3) + b"the end"  # three parts, the last of them short


@pytest.fixture
def film(study: SmallStudy) -> Path:
    """Provide a film that the first page shows."""
    study.write("StepFiles/film.mp4", FILM)
    study.page('<video src="film.mp4"></video><input name="agree">')
    return study.directory / "StepFiles" / "film.mp4"


def list_unfinished(deployment: Deployment) -> list[Any]:
    """Return unfinished multipart uploads, which cost money and are easy to miss."""
    return deployment.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])


def test_a_film(deployment: Deployment, run: Run, study: SmallStudy, film: Path) -> None:
    """Given a film, it is sent in parts, and again only after a byte of it has changed."""
    first = publish(run, study, "--image", IMAGE)
    parts = deployment.aws.count()["UploadPart"]
    sent = deployment.s3.get_object(Bucket=BUCKET, Key=KEY)
    again = publish(run, study, "--image", IMAGE)
    film.write_bytes(FILM[:-1] + b"!")
    edited = publish(run, study, "--image", IMAGE)

    assert KEY in first["files"]["changed"]
    assert parts == 3
    assert (sent["ETag"].strip('"')[-2:], sent["ContentType"]) == ("-3", "video/mp4")
    assert sent["Body"].read() == FILM
    assert (again["files"]["changed"], again["version"]) == ([], first["version"])
    assert edited["files"]["changed"] == [KEY]


def test_a_film_that_was_sent_by_other_means(
    deployment: Deployment, run: Run, study: SmallStudy, film: Path
) -> None:
    """Given the same film in one piece, as other tools send it, it is not sent again."""
    deployment.s3.put_object(Bucket=BUCKET, Key=KEY, Body=FILM)

    assert KEY not in publish(run, study, "--image", IMAGE)["files"]["changed"]


def test_the_network_fails_during_a_film(
    deployment: Deployment, run: Run, study: SmallStudy, film: Path
) -> None:
    """Given a network that fails during a film, no part of it stays, and the next run sends it."""

    def break_network() -> None:
        raise EndpointConnectionError(endpoint_url="https://example.org")

    deployment.aws.before("UploadPart", break_network, times=9)
    result = run("publish", study.directory, "--yes", "--image", IMAGE)
    left, keys = list_unfinished(deployment), deployment.keys()
    deployment.aws.reset()

    assert result.exit_code == ExitCode.AWS, result.output
    assert (left, KEY in keys) == ([], False)
    assert KEY in publish(run, study, "--image", IMAGE)["files"]["changed"]


def test_interrupted_during_a_film(
    deployment: Deployment, run: Run, study: SmallStudy, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given Ctrl-C during a film, the command exits with 130, and no part of the film stays."""
    cancelled, plain = threading.Event(), TransferCoordinator.cancel

    def cancel(*arguments: Any) -> None:
        plain(*arguments)
        cancelled.set()

    def interrupt() -> None:
        # A signal that comes just before the main thread begins to wait does not wake it. A second one does.
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
            if cancelled.wait(10):
                return
        raise AssertionError("not cancelled")  # a fast upload might complete first

    monkeypatch.setattr(TransferCoordinator, "cancel", cancel)
    deployment.aws.before("UploadPart", interrupt)

    # Where the tests run in the background of a shell, SIGINT is ignored until now.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = run("publish", study.directory, "--yes", "--image", IMAGE)
    finally:
        signal.signal(signal.SIGINT, before)
    keys = deployment.keys()

    assert result.exit_code == ExitCode.INTERRUPTED, result.output
    assert (list_unfinished(deployment), KEY in keys) == ([], False)
    assert deployment.invocations == []


def test_no_permission_to_abort(deployment: Deployment, run: Run, study: SmallStudy, film: Path) -> None:
    """Given credentials that may not abort an upload, the reported error is that of the upload."""
    deployment.aws.fail("UploadPart", "AccessDenied", 403, times=9)
    deployment.aws.fail("AbortMultipartUpload", "AccessDenied", 403)

    result = run("publish", study.directory, "--yes", "--image", IMAGE)

    assert result.exit_code == ExitCode.AWS
    assert f"have no permission for s3:PutObject on {BUCKET}/{KEY}" in result.stderr


def test_a_file_that_changes_while_it_is_sent(
    deployment: Deployment, run: Run, study: SmallStudy, film: Path
) -> None:
    """Given a film that is still being written, the study is not published."""

    def write_on() -> None:
        film.write_bytes(FILM + b"more")

    deployment.aws.before("CompleteMultipartUpload", write_on)

    result = run("publish", study.directory, "--yes", "--image", IMAGE)

    assert result.exit_code == ExitCode.PROBLEMS
    assert "film.mp4 changed while it was sent" in result.stderr
    assert deployment.invocations == []
    assert KEY in publish(run, study, "--image", IMAGE)["files"]["changed"]


def test_progress(deployment: Deployment, study: SmallStudy, film: Path) -> None:
    """Given a film and a page, the reported progress grows to the sum of their sizes."""
    page = study.directory / "StepFiles" / "thanks.html"
    reported: list[tuple[int, int]] = []
    files = [LocalFile(KEY, film), LocalFile("small/thanks.html", page)]

    upload_files(deployment.s3, BUCKET, files, lambda done, total: reported.append((done, total)))

    total = len(FILM) + page.stat().st_size
    assert {whole for _, whole in reported} == {total}
    assert reported[-1] == (total, total)
    assert len(reported) > 10
    assert sorted(reported) == reported
