"""Reads a bucket: listings page by page, objects whole or into a file. Nothing is ever written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from hippo_cli.aws_errors import BrokenOffError, read_code

# An answer that breaks off in its middle: botocore tries requests again by itself, and not this.
_BROKEN_OFF = (ConnectionClosedError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
_TRIES = 3
_CHUNK = 1024 * 1024
_GONE = {"NoSuchKey", "404"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing shows it; `size` in bytes."""

    key: str
    etag: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it was read, and the ETag of exactly that."""

    body: bytes
    etag: str


class Bucket:
    """One bucket, by a client of S3."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def beside(self, name: str) -> "Bucket":
        """Another bucket by the same client; this one if no name is given."""
        return Bucket(self._client, name) if name else self

    def list_tree(self, prefix: str, *, flat: bool = False) -> Iterator[Listed]:
        """All objects below a prefix, 1,000 held at a time; `flat` leaves out what is in folders below."""
        more = {"Delimiter": "/"} if flat else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, **more
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                yield Listed(entry["Key"], entry["ETag"], entry["Size"], entry["LastModified"])

    def holds(self, prefix: str) -> bool:
        """Whether there is anything below a prefix; one call."""
        answer = self._client.list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=1)
        return bool(answer.get("Contents"))

    def read(self, key: str) -> Stored | None:
        """The object; None if there is none, such as one that was deleted since it was listed."""
        return self._get(key, lambda answer: Stored(answer["Body"].read(), answer["ETag"]))

    def download(self, key: str, path: Path) -> Listed | None:
        """Writes the object to `path`, a piece at a time, and gives what was written; None if it is gone."""
        return self._get(key, lambda answer: _write(answer, key, path))

    def _get(self, key: str, take: Callable[[Any], T]) -> T | None:
        for left in reversed(range(_TRIES)):
            try:
                return take(self._client.get_object(Bucket=self.name, Key=key))
            except ClientError as error:
                if read_code(error) in _GONE:
                    return None
                raise
            except _BROKEN_OFF as error:
                if not left:
                    raise BrokenOffError(what=f"s3://{self.name}/{key}", error=error) from error
        return None


def _write(answer: Any, key: str, path: Path) -> Listed:
    size = 0
    with path.open("wb") as file:
        for chunk in answer["Body"].iter_chunks(_CHUNK):
            size += len(chunk)
            file.write(chunk)
    return Listed(key, answer["ETag"], size, answer["LastModified"])
