"""Tests of publishing a study's media locally: changes are sent, removed files deleted, progress reported."""

from pathlib import Path

import boto3
import pytest

from hippo_local import publish
from hippo_local.errors import LocalPlatformError
from hippo_local.publish import Progress, upload_media
from tests.support.aws_hooks import AwsHooks


@pytest.fixture
def bucket(aws: AwsHooks) -> str:
    """Provide an empty bucket."""
    location = {"LocationConstraint": "ca-central-1"}
    boto3.client("s3").create_bucket(Bucket="data", CreateBucketConfiguration=location)  # type: ignore[arg-type]
    aws.reset()
    return "data"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Provide two pictures, one in a folder."""
    (tmp_path / "deep").mkdir()
    found = {"car.png": tmp_path / "car.png", "deep/b c.jpg": tmp_path / "deep" / "b c.jpg"}
    for name, path in found.items():
        path.write_text(name)
    return found


def upload(bucket: str, files: dict[str, Path]) -> list[str]:
    """Upload the files; return what is reported."""
    lines: list[str] = []
    upload_media(boto3.client("s3"), bucket, "p", files, lines.append)
    return lines


def list_keys(bucket: str) -> list[str]:
    """Return the keys of the bucket."""
    return [entry["Key"] for entry in boto3.client("s3").list_objects_v2(Bucket=bucket).get("Contents", ())]


def test_keys_are_paths(bucket: str, files: dict[str, Path]) -> None:
    """Given files in folders, each is stored under its path, and small ones report no progress."""
    assert upload(bucket, files) == []

    assert list_keys(bucket) == ["p/_media/car.png", "p/_media/deep/b c.jpg"]


def test_only_changes_are_sent_again(bucket: str, files: dict[str, Path], aws: AwsHooks) -> None:
    """Given one changed file, even of the same length, only that one is sent."""
    upload(bucket, files)
    files["car.png"].write_text("CAR.png")
    aws.reset()

    upload(bucket, files)

    assert aws.keys("PutObject") == ["p/_media/car.png"]


def test_removed_files_are_deleted(bucket: str, files: dict[str, Path]) -> None:
    """Given a file that was removed, its object is deleted, so that a page that names it gets a warning."""
    boto3.client("s3").put_object(Bucket=bucket, Key="p/quiz.html", Body=b"")
    upload(bucket, files)
    del files["car.png"]

    upload(bucket, files)

    assert list_keys(bucket) == ["p/_media/deep/b c.jpg", "p/quiz.html"]


def test_progress_of_a_large_file(
    bucket: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a film, a line is reported for each part that is sent."""
    monkeypatch.setattr(publish, "_LARGE", 1_000_000)
    files["film.mp4"] = files["car.png"].with_name("film.mp4")
    files["film.mp4"].write_bytes(bytes(3_000_000))

    lines = upload(bucket, files)

    assert lines
    assert lines[-1] == "uploading film.mp4: 3 of 3 MB"
    assert all(line.startswith("uploading film.mp4: ") for line in lines)


def test_progress_is_reported_at_each_part_and_not_for_small_files() -> None:
    """Given many small pieces, a line is reported for each 25 MB."""
    lines: list[str] = []
    large, small = Progress("film.mp4", lines.append), Progress("a.png", lines.append)
    for megabytes in range(1, 61):
        large(megabytes * 1_000_000, 60_000_000)
    small(1000, 1000)

    assert lines == ["uploading film.mp4: 25 of 60 MB", "uploading film.mp4: 50 of 60 MB"]


def test_a_refused_file_is_named(bucket: str, files: dict[str, Path], aws: AwsHooks) -> None:
    """Given a refusal by S3, the error names the file, so that the platform can report the failed edit."""
    aws.fail("PutObject", "AccessDenied", 403)

    with pytest.raises(LocalPlatformError, match=r"car\.png cannot be uploaded"):
        upload(bucket, files)
