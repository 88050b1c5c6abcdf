"""Tests of S3: who learns that an object is missing, and who may tag one."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gaps.emulators import REGION, Emulator
from tests.gaps.iam.test_authorization import allow, is_denied


def make_bucket(emulator: Emulator, name: str) -> str:
    emulator.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def status_of(error: Any) -> int:
    return int(error.value.response["ResponseMetadata"]["HTTPStatusCode"])


@pytest.mark.parametrize(("may_list", "status"), [(True, 404), (False, 403)])
def test_a_missing_object_is_hidden_from_callers_who_may_not_list(
    emulator: Emulator, may_list: bool, status: int
) -> None:
    """Given a missing object, the response is 404 with s3:ListBucket and 403 without (S3 API reference,
    GetObject, "Permissions").
    """
    bucket = make_bucket(emulator, f"missing-{status}")
    statements = [allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")]
    statements += [allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")] if may_list else []
    s3 = emulator.client("s3", emulator.assume(*statements))

    with pytest.raises(ClientError) as got:
        s3.get_object(Bucket=bucket, Key="nothing")
    with pytest.raises(ClientError) as headed:
        s3.head_object(Bucket=bucket, Key="nothing")

    assert (status_of(got), status_of(headed)) == (status, status)


def test_an_existing_object_is_read_without_the_permission_to_list(emulator: Emulator) -> None:
    """Given an existing object, s3:GetObject is enough to read it (S3 API reference, GetObject,
    "Permissions").
    """
    bucket = make_bucket(emulator, "present")
    emulator.client("s3").put_object(Bucket=bucket, Key="a", Body=b"x")
    s3 = emulator.client("s3", emulator.assume(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")))

    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_an_object_with_tags_needs_the_permission_to_tag(emulator: Emulator) -> None:
    """Given an upload with tags, s3:PutObjectTagging is needed besides s3:PutObject (S3 API reference,
    PutObject, "Permissions").
    """
    objects = f"arn:aws:s3:::{make_bucket(emulator, 'tagged')}/*"
    without = emulator.client("s3", emulator.assume(allow("s3:PutObject", objects)))
    given = emulator.client("s3", emulator.assume(allow(["s3:PutObject", "s3:PutObjectTagging"], objects)))
    arguments = {"Bucket": "tagged", "Key": "a", "Body": b"x", "Tagging": "kind=participant"}

    assert not is_denied(without.put_object, Bucket="tagged", Key="plain", Body=b"x")
    assert is_denied(without.put_object, **arguments)
    assert not is_denied(given.put_object, **arguments)
