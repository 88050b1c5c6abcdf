"""Tests of where episodes are stored, and of what happens when writing fails."""

import logging

import boto3
import pytest
from moto import mock_aws
from recorder import FolderStore, S3Store, StoreError, TrialLog


@pytest.fixture
def aws(monkeypatch):
    """Open an in-memory AWS with one bucket."""
    for name, value in {
        "ACCESS_KEY_ID": "x",
        "SECRET_ACCESS_KEY": "x",
        "DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="study")
        yield client


def test_object_in_the_bucket(aws):
    """Given a bucket, the file is stored unchanged under its key."""
    S3Store("study").write("p/Trials/u/a.jsonl", b'{"a":1}\n')

    assert aws.get_object(Bucket="study", Key="p/Trials/u/a.jsonl")["Body"].read() == b'{"a":1}\n'


def test_missing_bucket_is_a_store_error(aws):
    """Given a bucket that does not exist, the error names the file's destination."""
    with pytest.raises(StoreError, match="s3://other/key"):
        S3Store("other").write("key", b"x")


def test_file_in_the_folder(tmp_path):
    """Given a folder, the file is stored there and nothing else is left in it."""
    FolderStore(tmp_path).write("p/Trials/u/a.jsonl", b"x")

    assert [path.name for path in (tmp_path / "p/Trials/u").iterdir()] == ["a.jsonl"]


def test_folder_that_cannot_be_written(tmp_path):
    """Given a file in place of the folder, the error is a store error."""
    (tmp_path / "p").write_text("in the way")

    with pytest.raises(StoreError):
        FolderStore(tmp_path).write("p/a.jsonl", b"x")


def test_failed_write_is_retried(make_store, make_recorder):
    """Given a store that fails twice, the third attempt succeeds and nothing is left in the queue."""
    store = make_store(failures=2)
    recorder = make_recorder(store)
    recorder.save("key", b"x")

    assert recorder.flush(10)
    assert (store.files, store.tries) == ({"key": b"x"}, 3)


def test_newest_version_of_a_file_wins(make_store, make_recorder):
    """Given a file saved again while the first write fails, the newest version is written."""
    store = make_store(failures=3)
    recorder = make_recorder(store)
    recorder.save("key", b"old")
    recorder.save("key", b"new")

    assert recorder.flush(10)
    assert store.files == {"key": b"new"}


def test_flush_reports_what_is_not_written(make_store, make_recorder):
    """Given a store that always fails, flush gives up after its timeout and reports it."""
    recorder = make_recorder(make_store(failures=10**9))
    recorder.save("key", b"x")

    assert not recorder.flush(0.05)


def test_rest_goes_to_the_rescue_store(make_store, make_recorder, store):
    """Given a bucket that fails until the end, the file is kept in the rescue store."""
    recorder = make_recorder(make_store(failures=10**9), rescue=store)
    recorder.save("key", b"x")
    recorder.close(0.05)

    assert store.files == {"key": b"x"}


def test_loss_is_logged(make_store, make_recorder, caplog):
    """Given no rescue store, the log names the file that was lost."""
    recorder = make_recorder(make_store(failures=10**9))
    recorder.save("key", b"x")
    with caplog.at_level(logging.ERROR):
        recorder.close(0.05)

    assert "lost: key" in caplog.text


def test_file_without_new_lines_is_not_written_again(make_recorder, store):
    """Given two saves without a line between them, the file is written once."""
    recorder = make_recorder(store)
    log = TrialLog(recorder, "p/Trials/u", "t", "episode")
    log.begin_episode(1)
    log.add({"a": 1})
    for _ in range(2):
        log.save()
        assert recorder.flush(10)

    assert (store.files, store.tries) == ({"p/Trials/u/t_episode_001.jsonl": b'{"a":1}\n'}, 1)
