"""Recording of what participants do: JSON lines in the study's bucket, or in a folder without a bucket."""

import json
import logging
import threading
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

LOG = logging.getLogger("recorder")
FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 1.0, 15.0


class StoreError(Exception):
    """A file could not be written; the message says where and why."""


class Store(Protocol):
    """A store of whole files, under keys like `mountain_car/Trials/<userId>/…`."""

    def write(self, key: str, data: bytes) -> None:
        """Write the file, in place of one with the same key. Raises StoreError."""


class S3Store:
    """A store in a bucket, with the credentials of the task's role."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        # ECS sends SIGKILL 30 s after SIGTERM: an attempt must end well before that.
        config = Config(connect_timeout=3, read_timeout=6, retries={"mode": "standard", "max_attempts": 2})
        self._client = boto3.client("s3", config=config)

    def write(self, key: str, data: bytes) -> None:
        """Write an object."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=data, ContentType="application/x-ndjson; charset=utf-8"
            )
        except (BotoCoreError, ClientError) as error:
            raise StoreError(f"s3://{self._bucket}/{key}: {error}") from error


class FolderStore:
    """A store in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, key: str, data: bytes) -> None:
        """Write a file, whole or not at all."""
        path = self._folder / key
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(path.name + ".part")
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            raise StoreError(f"{path}: {error}") from error


class Recorder:
    """A writer of files in its own thread, one after another, each retried until it is written.

    If a file is saved twice under one key, only the newest version is written. Files that could not be
    written by the end go to `rescue`, if there is one.
    """

    def __init__(
        self, store: Store, rescue: Store | None = None, retry_seconds: float = FIRST_RETRY_SECONDS
    ) -> None:
        self._store, self._rescue, self._retry_seconds = store, rescue, retry_seconds
        self._pending: dict[str, bytes] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._worker = threading.Thread(target=self._write_all, name="recorder", daemon=True)
        self._worker.start()

    def save(self, key: str, data: bytes) -> None:
        """Queue a file and return at once."""
        with self._changed:
            self._pending[key] = data
            self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until everything is written; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending, timeout)

    def close(self, timeout: float) -> None:
        """Write what is left for at most `timeout` seconds, then stop; the rest goes to the rescue store."""
        self.flush(timeout)
        with self._changed:
            self._closed = True
            left = dict(self._pending)
            self._changed.notify_all()
        for key, data in left.items():
            self._write_to_rescue(key, data)

    def _write_to_rescue(self, key: str, data: bytes) -> None:
        if self._rescue is None:
            LOG.error("lost: %s (%d bytes) was not written before the end", key, len(data))
            return
        try:
            self._rescue.write(key, data)
            LOG.error("%s could not be written to the bucket; it is in the data folder of this machine", key)
        except StoreError as error:
            LOG.error("lost: %s", error)

    def _write_all(self) -> None:
        wait = self._retry_seconds
        while item := self._next():
            key, data = item
            try:
                self._store.write(key, data)
            except StoreError as error:
                LOG.error("not written yet, retrying in %.0f s: %s", wait, error)
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, wait)
                wait = min(2 * wait, LAST_RETRY_SECONDS)
                continue
            wait = self._retry_seconds
            self._forget(key, data)

    def _next(self) -> tuple[str, bytes] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed)
            return None if self._closed else next(iter(self._pending.items()))

    def _forget(self, key: str, data: bytes) -> None:
        with self._changed:
            if self._pending.get(key) is data:
                del self._pending[key]
            self._changed.notify_all()


class TrialLog:
    """One participant's lines, collected in one file for each episode or for the whole trial."""

    def __init__(self, recorder: Recorder, prefix: str, started: str, data_file: str) -> None:
        """Collect lines; `prefix` is the key without the file's name, `started` a time that sorts as text."""
        self._recorder, self._prefix, self._started = recorder, prefix, started
        self._whole_trial = data_file == "trial"
        self._name = "trial"
        self._lines: list[str] = []
        self._saved = 0

    def begin_episode(self, episode: int) -> None:
        """Assign the lines from now on to this episode."""
        if not self._whole_trial:
            self._name = f"episode_{episode:03d}"
            self._lines, self._saved = [], 0

    def add(self, line: dict[str, Any]) -> None:
        """Keep a line in memory until the next `save`."""
        self._lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))

    def save(self) -> None:
        """Pass the file to the recorder if it has lines that it did not have the last time."""
        if len(self._lines) == self._saved:
            return
        self._saved = len(self._lines)
        data = "".join(f"{line}\n" for line in self._lines).encode("utf-8", "backslashreplace")
        self._recorder.save(f"{self._prefix}/{self._started}_{self._name}.jsonl", data)
