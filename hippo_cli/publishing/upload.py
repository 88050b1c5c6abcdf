"""Sends files of a study into its bucket: large ones in parts, each of which is tried again by itself.

A file is read a piece at a time, however large it is. What ends an upload also ends what was sent of a file
in parts: S3 forgets it at once where the credentials may do s3:AbortMultipartUpload, else by the bucket's
own rule for abandoned uploads.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from boto3.s3.transfer import TransferConfig, create_transfer_manager
from s3transfer.futures import TransferFuture
from s3transfer.subscribers import BaseSubscriber

from hippo.studies.media import CONTENT_TYPES, read_suffix
from hippo_cli.aws_errors import naming_permission
from hippo_cli.data.pool import WORKERS
from hippo_cli.errors import CliError

# The same part size for ever: S3's ETag of a file in parts depends on it, and names copies on the site.
_PART = 8 * 1024**2
_SETTINGS = TransferConfig(
    multipart_threshold=2 * _PART,
    multipart_chunksize=_PART,
    max_concurrency=WORKERS,
    preferred_transfer_client="classic",
)
_TYPES = {**CONTENT_TYPES, ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8"}
# The content's own, in the object's metadata: an ETag is its MD5 only where it was sent in one piece.
HASH = "sha256"
Advance = Callable[[int, int], None]  # how many bytes are sent, of how many


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of the study, and where it belongs in the bucket."""

    key: str
    path: Path


def hash_file(path: Path, name: str) -> str:
    """The file's digest by an algorithm of hashlib, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()


def upload_files(client: Any, bucket: str, files: list[LocalFile], advance: Advance) -> None:
    """Sends the files, several at once; the first error ends it.

    What was sent whole before that stays, and is not sent again. Raises CliError for a file that was changed
    meanwhile.
    """
    listener = _Listener(sum(file.path.stat().st_size for file in files), advance)
    sending = {}
    with create_transfer_manager(client, _SETTINGS) as manager:
        for file in files:
            before = look_at(file.path)
            sending[_begin(manager, bucket, file, listener)] = file, before
        for _ in files:
            future = listener.ended.get()
            file, before = sending[future]
            with naming_permission("s3:PutObject", f"{bucket}/{file.key}", file.key.partition("/")[0]):
                future.result()
            if look_at(file.path) != before:
                raise CliError(f"{file.path} was changed while it was sent", "Run the same command again.")


def _begin(manager: Any, bucket: str, file: LocalFile, listener: "_Listener") -> TransferFuture:
    extra = {
        "ContentType": _TYPES.get(read_suffix(file.key), "application/octet-stream"),
        "Metadata": {HASH: hash_file(file.path, HASH)},
    }
    future: TransferFuture = manager.upload(str(file.path), bucket, file.key, extra, [listener])
    return future


def look_at(path: Path) -> tuple[int, int]:
    """Size and time of a file: other ones when it was written."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


class _Listener(BaseSubscriber):
    """Told of each transfer, in its threads."""

    def __init__(self, total: int, advance: Advance) -> None:
        self.ended: SimpleQueue[TransferFuture] = SimpleQueue()
        self._total, self._advance = total, advance
        self._sent, self._lock = 0, threading.Lock()

    def on_progress(self, future: Any, bytes_transferred: int, **_: Any) -> None:
        """So many bytes more; fewer than none where a part is sent again."""
        with self._lock:
            self._sent += bytes_transferred
            self._advance(self._sent, self._total)

    def on_done(self, future: TransferFuture, **_: Any) -> None:
        """It is over, in whatever way."""
        self.ended.put(future)
