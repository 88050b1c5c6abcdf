"""Conditional writes: the fake, moto and the emulator have to agree about them."""

import pytest

from hippo.errors import ConflictError
from tests.contract.conftest import Backend


def test_a_missing_object_is_none(backend: Backend) -> None:
    """Nothing is raised for a key that is not there."""
    assert backend.store.read("missing") is None


def test_an_object_is_created_once(backend: Backend) -> None:
    """The second create loses, and changes nothing."""
    backend.store.create("key", b"first")

    with pytest.raises(ConflictError):
        backend.store.create("key", b"second")

    stored = backend.store.read("key")
    assert stored
    assert stored.body == b"first"


def test_an_object_is_replaced_by_whoever_read_it_last(backend: Backend) -> None:
    """The ETag of an older version loses."""
    old = backend.store.create("key", b"first")
    new = backend.store.replace("key", b"second", old)

    with pytest.raises(ConflictError):
        backend.store.replace("key", b"third", old)

    stored = backend.store.read("key")
    assert stored
    assert (stored.body, stored.etag) == (b"second", new)


def test_an_object_that_is_not_there_is_not_replaced(backend: Backend) -> None:
    """It is gone: somebody else was first."""
    etag = backend.store.create("other", b"content")

    with pytest.raises(ConflictError):
        backend.store.replace("missing", b"content", etag)


def test_an_object_may_be_empty(backend: Backend) -> None:
    """A slot that is free again."""
    etag = backend.store.create("_slots/0000", b"taken")

    backend.store.replace("_slots/0000", b"", etag)

    assert [(entry.key, entry.size) for entry in backend.store.list_objects("_slots/")] == [
        ("_slots/0000", 0)
    ]


def test_an_object_has_the_tags_of_its_last_write(backend: Backend) -> None:
    """Conditional writes give tags; one that lost changes none, and one without takes them away."""
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
    """Only what lies directly under the prefix."""
    for key in ("a/1", "a/2", "a/deep/3", "ab/4", "a"):
        backend.store.create(key, b"content")

    assert [entry.key for entry in backend.store.list_objects("a/")] == ["a/1", "a/2"]
