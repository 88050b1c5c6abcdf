"""Contract tests of conditional writes, on which the fake, moto and the emulator must agree."""

import pytest

from hippo.errors import ConflictError
from tests.contract.conftest import Backend


def test_a_missing_object_is_none(backend: Backend) -> None:
    """Given a key without an object, reading returns None instead of an error."""
    assert backend.store.read("missing") is None


def test_an_object_is_created_once(backend: Backend) -> None:
    """Given an object that exists, a second create fails and changes nothing."""
    backend.store.create("key", b"first")

    with pytest.raises(ConflictError):
        backend.store.create("key", b"second")

    stored = backend.store.read("key")
    assert stored
    assert stored.body == b"first"


def test_an_object_is_replaced_with_its_latest_etag_only(backend: Backend) -> None:
    """Given the ETag of an older version, the replacement fails."""
    old = backend.store.create("key", b"first")
    new = backend.store.replace("key", b"second", old)

    with pytest.raises(ConflictError):
        backend.store.replace("key", b"third", old)

    stored = backend.store.read("key")
    assert stored
    assert (stored.body, stored.etag) == (b"second", new)


def test_a_missing_object_is_not_replaced(backend: Backend) -> None:
    """Given an object that was deleted in the meantime, it is not replaced."""
    etag = backend.store.create("other", b"content")

    with pytest.raises(ConflictError):
        backend.store.replace("missing", b"content", etag)


def test_an_object_may_be_empty(backend: Backend) -> None:
    """Given an empty body, as in a free slot, the object is stored."""
    etag = backend.store.create("_slots/0000", b"taken")

    backend.store.replace("_slots/0000", b"", etag)

    assert [(entry.key, entry.size) for entry in backend.store.list_objects("_slots/")] == [
        ("_slots/0000", 0)
    ]


def test_an_object_has_the_tags_of_its_last_write(backend: Backend) -> None:
    """Given conditional writes with tags, an object has those of its last successful write, or none if that
    had none.
    """
    first = backend.store.create("tagged", b"1", tags="hippo-project=maze-1_b")
    with pytest.raises(ConflictError):
        backend.store.create("tagged", b"2", tags="hippo-project=other")
    tags = [backend.read_tags("tagged")]
    second = backend.store.replace("tagged", b"2", first, tags="hippo-project=other")
    tags.append(backend.read_tags("tagged"))
    backend.store.replace("tagged", b"3", second)

    assert tags == [{"hippo-project": "maze-1_b"}, {"hippo-project": "other"}]
    assert backend.read_tags("tagged") == {}


def test_a_listing_leaves_out_neighbours_and_folders(backend: Backend) -> None:
    """Given neighbours and folders, a listing returns only the objects directly under the prefix."""
    for key in ("a/1", "a/2", "a/deep/3", "ab/4", "a"):
        backend.store.create(key, b"content")

    assert [entry.key for entry in backend.store.list_objects("a/")] == ["a/1", "a/2"]
