"""S3: conditional writes, strongly consistent reads, and tags that each write sets again.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
`If-None-Match: *` creates (412 where the key exists), `If-Match` replaces (412 where the ETag differs, 404
where the key is gone); two conditional writes at the very same time give one of them 409.
"""

import hashlib
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from tests.simulation.boundary import Boundary, Listing, operation
from tests.simulation.refusals import refuse


class SimulatedS3:
    """All buckets in one; `wrote` receives each write: key, body before (None: new), body."""

    def __init__(self, boundary: Boundary) -> None:
        self.boundary = boundary
        self.objects: dict[str, bytes] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.wrote: list[Callable[[str, bytes | None, bytes], None]] = []
        self.conflicts = 0  # so many of the next writes meet another one under way

    @operation("s3:GetObject")
    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803  # as botocore has it
        """Return the object, or raise NoSuchKey."""
        if Key not in self.objects:
            raise refuse("s3:GetObject", "NoSuchKey", status=404)
        body = self.objects[Key]
        return {"Body": io.BytesIO(body), "ETag": _etag(body)}

    @operation("s3:PutObject")
    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803  # as botocore has it
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        Tagging: str = "",  # noqa: N803
        **named: Any,
    ) -> dict[str, Any]:
        """Write conditionally; an unconditional write is refused, because our code must never do so."""
        before = self.objects.get(Key)
        if self.conflicts:
            self.conflicts -= 1
            raise refuse("s3:PutObject", "ConditionalRequestConflict", status=409)
        if "IfNoneMatch" in named:
            if before is not None:
                raise refuse("s3:PutObject", "PreconditionFailed", status=412)
        elif "IfMatch" in named:
            if before is None:
                raise refuse("s3:PutObject", "NoSuchKey", status=404)
            if _etag(before) != named["IfMatch"]:
                raise refuse("s3:PutObject", "PreconditionFailed", status=412)
        self.objects[Key], self.tags[Key] = Body, dict(parse_qsl(Tagging, strict_parsing=bool(Tagging)))
        for tell in self.wrote:
            tell(Key, before, Body)
        return {"ETag": _etag(Body)}

    @operation("s3:DeleteObject")
    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803  # as botocore has it
        """Delete the object if it exists."""
        self.objects.pop(Key, None)
        self.tags.pop(Key, None)
        return {}

    def get_paginator(self, name: str) -> Listing:
        """Return the paginator of `list_objects_v2`."""
        return Listing({"list_objects_v2": self.list_objects_v2}[name])

    @operation("s3:ListObjectsV2")
    def list_objects_v2(
        self,
        *,
        Prefix: str,  # noqa: N803  # as botocore has it
        Delimiter: str = "",  # noqa: N803
        StartAfter: str = "",  # noqa: N803
        MaxKeys: int = 1000,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        """Return a page of the objects below a prefix; with a delimiter those directly below it."""
        entries: dict[str, bool] = {}  # key or folder, and whether it is a folder
        for key in sorted(key for key in self.objects if key > StartAfter and key.startswith(Prefix)):
            head, folder, _ = key[len(Prefix) :].partition(Delimiter) if Delimiter else (key, "", "")
            entries[Prefix + head + folder if folder else key] = bool(folder)
        page = dict(list(entries.items())[:MaxKeys])
        contents = [self._describe(key) for key, is_folder in page.items() if not is_folder]
        prefixes = [{"Prefix": key} for key, is_folder in page.items() if is_folder]
        return {
            "Contents": contents,
            "CommonPrefixes": prefixes,
            "IsTruncated": len(entries) > MaxKeys,
        }

    def _describe(self, key: str) -> dict[str, Any]:
        body = self.objects[key]
        return {"Key": key, "Size": len(body), "ETag": _etag(body)}


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'
