"""Brings a study's pictures and films into its bucket: what has changed, and nothing that has gone."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig

from hippo_local.errors import LocalPlatformError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_MEGABYTE = 1_000_000
# Files from here on have their progress told, at each so many more bytes.
_LARGE = 25 * _MEGABYTE
# In one piece, so that S3's ETag is the MD5 of the file and tells whether it has changed.
_IN_ONE_PIECE = TransferConfig(multipart_threshold=5 * 1024**3, use_threads=False)


def upload_media(
    s3: "S3Client", bucket: str, folder: str, files: Mapping[str, Path], report: Callable[[str], None]
) -> None:
    """Makes what lies below `folder` (a prefix that ends with /) be `files`, by their paths in it.

    `report` is told how far a large file is. Raises LocalPlatformError for a file that cannot be sent.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
    there = {entry["Key"]: entry["ETag"].strip('"') for page in pages for entry in page.get("Contents", ())}
    for name, path in files.items():
        if there.pop(folder + name, None) != _hash(path):
            progress = Progress(name, path.stat().st_size, report)
            try:
                s3.upload_file(str(path), bucket, folder + name, Callback=progress, Config=_IN_ONE_PIECE)
            except S3UploadFailedError as error:
                raise LocalPlatformError(f"{path} cannot be uploaded: {error}") from error
    for key in there:
        s3.delete_object(Bucket=bucket, Key=key)


class Progress:
    """Tells how much of a large file has been sent; boto3 calls it with each number of bytes more."""

    def __init__(self, name: str, size: int, report: Callable[[str], None]) -> None:
        self._name, self._size, self._report = name, size, report
        self._sent = 0

    def __call__(self, count: int) -> None:
        """Counts, and tells at each further part."""
        before, self._sent = self._sent, self._sent + count
        if self._size >= _LARGE and before // _LARGE != self._sent // _LARGE:
            done, whole = (round(value / _MEGABYTE) for value in (self._sent, self._size))
            self._report(f"uploading {self._name}: {done} of {whole} MB")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
