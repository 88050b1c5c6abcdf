"""Read-only access to a bucket: listings page by page, objects whole or into a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
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

# A response that breaks off midway. botocore retries requests by itself, but not these.
_BROKEN_OFF = (ConnectionClosedError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError)
_TRIES = 3
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # a folder has no time
_CHUNK = 1024 * 1024
_MISSING = {"NoSuchKey", "404"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing shows it, with `size` in bytes."""

    key: str
    etag: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """An object's body and the ETag of exactly that body."""

    body: bytes
    etag: str


class Bucket:
    """One bucket, read with an S3 client."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def beside(self, name: str) -> "Bucket":
        """Return the bucket of this name with the same client, or this bucket if the name is empty."""
        return Bucket(self._client, name) if name else self

    def list_tree(self, prefix: str, *, flat: bool = False) -> Iterator[Listed]:
        """Yield all objects below a prefix, holding 1,000 at a time. `flat` skips the folders below it."""
        more = {"Delimiter": "/"} if flat else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, **more
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                yield Listed(entry["Key"], entry["ETag"], entry["Size"], entry["LastModified"])

    def list_level(self, prefix: str) -> Iterator[Listed]:
        """Yield the objects directly below a prefix, and the folders there as keys that end with `/`."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, Delimiter="/"
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                if entry["Key"] != prefix:  # consoles create such empty objects
                    yield Listed(entry["Key"], entry["ETag"], entry["Size"], entry["LastModified"])
            for folder in page.get("CommonPrefixes", ()):
                yield Listed(folder["Prefix"], "", 0, _NEVER)

    def holds(self, prefix: str) -> bool:
        """Return whether there is any object below a prefix, in one call."""
        response = self._client.list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=1)
        return bool(response.get("Contents"))

    def read(self, key: str) -> Stored | None:
        """Return the object, or None if it does not exist, such as after a deletion since the listing."""
        return self._get(key, lambda response: Stored(response["Body"].read(), response["ETag"]))

    def download(self, key: str, path: Path) -> Listed | None:
        """Write the object to `path` in chunks and return what was written, or None if it does not exist."""
        return self._get(key, lambda response: _write(response, key, path))

    def _get(self, key: str, read_response: Callable[[Any], T]) -> T | None:
        for left in reversed(range(_TRIES)):
            try:
                return read_response(self._client.get_object(Bucket=self.name, Key=key))
            except ClientError as error:
                if read_code(error) in _MISSING:
                    return None
                raise
            except _BROKEN_OFF as error:
                if not left:
                    raise BrokenOffError(what=f"s3://{self.name}/{key}", error=error) from error
        return None


def _write(response: Any, key: str, path: Path) -> Listed:
    size = 0
    with path.open("wb") as file:
        for chunk in response["Body"].iter_chunks(_CHUNK):
            size += len(chunk)
            file.write(chunk)
    return Listed(key, response["ETag"], size, response["LastModified"])
