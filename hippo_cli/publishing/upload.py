"""The upload of a study's files into its bucket. Large files are sent in parts, which are retried one by one.

Files are read piece by piece, so their size does not matter. A failed multipart upload is aborted: at once if
the credentials allow s3:AbortMultipartUpload, otherwise by the bucket's rule for abandoned uploads.
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

# Never change the part size: the ETag of a multipart upload depends on it, and names copies on the site.
_PART = 8 * 1024**2
_SETTINGS = TransferConfig(
    multipart_threshold=2 * _PART,
    multipart_chunksize=_PART,
    max_concurrency=WORKERS,
    preferred_transfer_client="classic",
)
_TYPES = {**CONTENT_TYPES, ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8"}
# Metadata key of the content's hash: an ETag is the MD5 only of an object that was sent in one piece.
HASH = "sha256"
Advance = Callable[[int, int], None]  # bytes sent, bytes in total


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of the study, and its key in the bucket."""

    key: str
    path: Path


def hash_file(path: Path, name: str) -> str:
    """Return the file's digest by an algorithm of hashlib, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()


def upload_files(client: Any, bucket: str, files: list[LocalFile], advance: Advance) -> None:
    """Send the files, several at once, and stop at the first error.

    Files that were sent completely stay, and the next run does not send them again.
    Raises CliError for a file that changed while it was sent.
    """
    listener = _Listener(sum(file.path.stat().st_size for file in files), advance)
    sending = {}
    with create_transfer_manager(client, _SETTINGS) as manager:
        for file in files:
            before = read_stamp(file.path)
            sending[_begin(manager, bucket, file, listener)] = file, before
        for _ in files:
            future = listener.ended.get()
            file, before = sending[future]
            with naming_permission("s3:PutObject", f"{bucket}/{file.key}", file.key.partition("/")[0]):
                future.result()
            if read_stamp(file.path) != before:
                raise CliError(f"{file.path} changed while it was sent", "Run the same command again.")


def _begin(manager: Any, bucket: str, file: LocalFile, listener: "_Listener") -> TransferFuture:
    extra = {
        "ContentType": _TYPES.get(read_suffix(file.key), "application/octet-stream"),
        "Metadata": {HASH: hash_file(file.path, HASH)},
    }
    future: TransferFuture = manager.upload(str(file.path), bucket, file.key, extra, [listener])
    return future


def read_stamp(path: Path) -> tuple[int, int]:
    """Return size and modification time of a file, which differ once it was written again."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


class _Listener(BaseSubscriber):
    """A listener that the threads of each transfer call."""

    def __init__(self, total: int, advance: Advance) -> None:
        self.ended: SimpleQueue[TransferFuture] = SimpleQueue()
        self._total, self._advance = total, advance
        self._sent, self._lock = 0, threading.Lock()

    def on_progress(self, future: Any, bytes_transferred: int, **_: Any) -> None:
        """Add the bytes that were sent; a negative number means that a part is sent again."""
        with self._lock:
            self._sent += bytes_transferred
            self._advance(self._sent, self._total)

    def on_done(self, future: TransferFuture, **_: Any) -> None:
        """Record that a transfer has ended, successfully or not."""
        self.ended.put(future)
