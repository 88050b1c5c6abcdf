"""The in-memory bucket behaves as the real adapter does: the same cases run against both."""

from typing import Any

import boto3
import pytest

from hippo.aws.s3 import ObjectStore
from hippo.errors import ConflictError
from tests.support.fakes import FakeObjectStore


@pytest.fixture(params=["fake", "s3"])
def store(request: pytest.FixtureRequest) -> Any:
    """Return an empty bucket: the fake, and the adapter in front of S3 in memory."""
    if request.param == "fake":
        return FakeObjectStore("a-bucket")
    request.getfixturevalue("aws")
    client = boto3.client("s3")
    location = {"LocationConstraint": "ca-central-1"}
    client.create_bucket(Bucket="a-bucket", CreateBucketConfiguration=location)
    return ObjectStore(client, "a-bucket")


def test_missing_key_is_none(store: Any) -> None:
    """Given no object, reading returns None."""
    assert store.read("key") is None


def test_created_object_is_read_with_its_etag(store: Any) -> None:
    """Given an object that was created, it is read with the ETag that creating it returned."""
    etag = store.create("key", b"1", tags="kind=participant")

    stored = store.read("key")

    assert (stored.body, stored.etag) == (b"1", etag)


def test_key_that_exists_is_not_created(store: Any) -> None:
    """Given an object, creating it again is a conflict and leaves it as it is."""
    store.create("key", b"1")

    with pytest.raises(ConflictError):
        store.create("key", b"2")
    assert store.read("key").body == b"1"


def test_object_is_replaced_by_its_etag(store: Any) -> None:
    """Given the ETag that was read, the object is replaced and has another."""
    store.create("key", b"1")

    etag = store.replace("key", b"2", store.read("key").etag)

    assert (store.read("key").body, store.read("key").etag) == (b"2", etag)


def test_object_that_has_changed_is_not_replaced(store: Any) -> None:
    """Given an old ETag, replacing is a conflict and leaves the rival's object."""
    old = store.create("key", b"1")
    store.replace("key", b"2", old)

    with pytest.raises(ConflictError):
        store.replace("key", b"3", old)
    assert store.read("key").body == b"2"


def test_object_that_is_gone_is_not_replaced(store: Any) -> None:
    """Given a missing object, replacing it is a conflict and does not create it."""
    with pytest.raises(ConflictError):
        store.replace("key", b"1", '"0123"')
    assert store.read("key") is None


def test_listing_shows_what_lies_directly_below(store: Any) -> None:
    """Given keys in folders and next to them, only those directly below the prefix are listed, in order."""
    for key in ("a/2", "a/1", "a/b/3", "ab/4", "a-5"):
        store.create(key, b"12")

    assert [(entry.key, entry.size) for entry in store.list_objects("a/")] == [("a/1", 2), ("a/2", 2)]
    assert list(store.list_objects("none/")) == []


def test_listing_of_a_tree_shows_what_lies_in_folders_too(store: Any) -> None:
    """Given keys in folders, all below the prefix are listed, in order."""
    for key in ("a/2", "a/b/3", "a/b/c/4", "ab/5"):
        store.create(key, b"12")

    assert [(entry.key, entry.size) for entry in store.list_tree("a/")] == [
        ("a/2", 2),
        ("a/b/3", 2),
        ("a/b/c/4", 2),
    ]
    assert next(iter(store.list_tree("a/b/"))).etag == store.read("a/b/3").etag
