"""S3: the meaning of its responses."""

import io
from collections.abc import Callable

import pytest
from botocore.response import StreamingBody

from hippo.aws.s3 import ObjectStore
from hippo.errors import AwsError, ConflictError
from tests.unit.layer.aws.calls import CLIENTS


@pytest.mark.parametrize(
    ("code", "status"), [("NoSuchKey", 404), ("404", 404), ("AccessDenied", 403), ("403", 403)]
)
def test_a_key_that_cannot_be_seen_is_missing(stub: Callable[..., None], code: str, status: int) -> None:
    """Given a missing key without s3:ListBucket, a 403 means that it is missing: creating it may work."""
    stub("s3", "get_object", code, status)

    assert ObjectStore(CLIENTS["s3"], "bucket").read("key") is None


def test_a_body_that_breaks_off_may_pass(stub: Callable[..., None]) -> None:
    """Given a body that breaks off, the error may pass: an object is read whole or not at all."""
    body = StreamingBody(io.BytesIO(b"half"), content_length=8)
    stub("s3", "get_object", {"Body": body, "ETag": '"e"'})

    with pytest.raises(AwsError, match="IncompleteRead"):
        ObjectStore(CLIENTS["s3"], "bucket").read("key")


@pytest.mark.parametrize(
    ("code", "status"),
    [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409), ("OperationAborted", 409)],
)
def test_a_lost_condition_is_a_conflict(stub: Callable[..., None], code: str, status: int) -> None:
    """Given a condition that does not hold, creating and replacing raise ConflictError."""
    store = ObjectStore(CLIENTS["s3"], "bucket")
    stub("s3", "put_object", code, status)
    stub("s3", "put_object", code, status)

    with pytest.raises(ConflictError):
        store.create("key", b"")
    with pytest.raises(ConflictError):
        store.replace("key", b"", '"e"')


def test_replacing_what_is_gone_is_a_conflict(stub: Callable[..., None]) -> None:
    """Given If-Match on a missing key, its 404 is a conflict."""
    stub("s3", "put_object", "NoSuchKey", 404)

    with pytest.raises(ConflictError):
        ObjectStore(CLIENTS["s3"], "bucket").replace("key", b"", '"e"')
