"""S3 as a store of objects that are only written conditionally."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from hippo.aws.failures import read_code, translate
from hippo.clock import Clock
from hippo.contention import MOST_WRITE_TRIES, retry_conflicts
from hippo.errors import ConflictError

T = TypeVar("T")

# 412: the condition does not hold. 409: another conditional write is running. 404 on If-Match: it is gone.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "OperationAborted", "412", "409"}
_GONE = {"NoSuchKey", "404"}
# Without s3:ListBucket a missing key is AccessDenied. Both mean: try to create it, which shows the truth.
_MISSING = _GONE | {"AccessDenied", "403"}
_LAST = "\U0010ffff"  # the last character in the order of a listing


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The content of an object, and the ETag that a replacement must match."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An entry of a listing; `size` is in bytes."""

    key: str
    size: int
    etag: str


class ObjectStore:
    """One bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def read(self, key: str) -> StoredObject | None:
        """Return the object, or None if it does not exist."""
        with translate("s3:GetObject"):
            try:
                response = self._client.get_object(Bucket=self.bucket, Key=key)
                return StoredObject(response["Body"].read(), response["ETag"])
            except ClientError as error:
                if read_code(error) in _MISSING:
                    return None
                raise

    def create(self, key: str, body: bytes, *, tags: str = "") -> str:
        """Write a key that must not exist yet; return its ETag. Raises ConflictError if it exists."""
        return self._put(key, body, tags, IfNoneMatch="*")

    def replace(self, key: str, body: bytes, etag: str, *, tags: str = "") -> str:
        """Write a key that must be unchanged since it was read. Raises ConflictError if it is not."""
        return self._put(key, body, tags, IfMatch=etag)

    def _put(self, key: str, body: bytes, tags: str, **condition: str) -> str:
        optional = {"Tagging": tags} if tags else {}
        with translate("s3:PutObject"):
            try:
                response = self._client.put_object(
                    Bucket=self.bucket,
                    Key=key,
                    Body=body,
                    ContentType="application/json",
                    **optional,
                    **condition,
                )
                return str(response["ETag"])
            except ClientError as error:
                code = read_code(error)
                if code in _LOST or ("IfMatch" in condition and code in _GONE):
                    raise ConflictError(key) from error
                raise

    def delete(self, key: str) -> None:
        """Delete the object if it exists."""
        with translate("s3:DeleteObject"):
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        """Yield the objects directly below a prefix that ends with `/`, without those in folders."""
        return list_keys(self._client, self.bucket, prefix, Delimiter="/")

    def list_after(self, prefix: str, after: str, most: int) -> tuple[list[str], str]:
        """Return the keys of one page of objects directly below a prefix, and where the next page begins.

        `prefix` ends with `/`. The page begins after the key `after`. The second value is that key for the
        next page, or "" if this is the last one.
        """
        with translate("s3:ListObjectsV2"):
            response = self._client.list_objects_v2(
                Bucket=self.bucket, Prefix=prefix, Delimiter="/", StartAfter=after, MaxKeys=most
            )
        keys = [str(entry["Key"]) for entry in response.get("Contents", ())]
        # A folder counts as one entry. The next page must begin after all that is in it.
        folders = [str(entry["Prefix"]) + _LAST for entry in response.get("CommonPrefixes", ())]
        return keys, max([*keys, *folders], default="") if response.get("IsTruncated") else ""

    def list_tree(self, prefix: str) -> Iterator[ListedObject]:
        """Yield all objects below a prefix that ends with `/`, including those in folders."""
        return list_keys(self._client, self.bucket, prefix)


def list_keys(client: Any, bucket: str, prefix: str, **more: str) -> Iterator[ListedObject]:
    """Yield the objects whose keys begin with a prefix, read 1,000 at a time. Raises AwsError."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **more)
    with translate("s3:ListObjectsV2"):
        for page in pages:
            for entry in page.get("Contents", ()):
                yield ListedObject(entry["Key"], entry["Size"], entry["ETag"])


def write_object(store: ObjectStore, key: str, body: bytes, etag: str | None, *, tags: str = "") -> str:
    """Create (without ETag) or replace an object, and return the new ETag. Raises ConflictError."""
    return store.create(key, body, tags=tags) if etag is None else store.replace(key, body, etag, tags=tags)


def change_object(
    store: ObjectStore,
    key: str,
    clock: Clock,
    change: Callable[[bytes | None], tuple[bytes | None, T]],
    tries: int = MOST_WRITE_TRIES,
    *,
    tags: str = "",
) -> T:
    """Change an object and return the result: one read and one write, two more for each rival.

    `change` gets the content, None if there is no object yet, and returns the new content, None to leave it
    unchanged. It is repeated on what a rival has written, so it must recognise its own effect there:
    botocore may have retried a write that had succeeded. Raises TransientError when rivals keep winning.
    """

    def swap() -> T:
        stored = store.read(key)
        body, result = change(stored.body if stored else None)
        if body is not None:
            write_object(store, key, body, stored.etag if stored else None, tags=tags)
        return result

    return retry_conflicts(clock, key, swap, tries)
