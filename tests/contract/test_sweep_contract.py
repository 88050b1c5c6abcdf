"""Contract tests of what sweep and queue read, on which the fakes, moto and the emulator must agree."""

from datetime import timedelta

import pytest

from tests.contract.conftest import Backend

TAGS = {"hippo:stack": "hippo", "hippo:user": "ada"}


def test_clusters_are_listed_by_prefix(backend: Backend) -> None:
    """Given clusters with other prefixes, only those with the prefix are listed, in order."""
    name = backend.new_name()
    for cluster in (f"{name}-2-ada", f"{name}-1-ada", f"other-{name}"):
        backend.containers.create_cluster(cluster, TAGS)

    assert backend.containers.list_clusters(f"{name}-") == [f"{name}-1-ada", f"{name}-2-ada"]


def test_a_deleted_cluster_is_not_active(backend: Backend) -> None:
    """Given a deleted cluster, it is no longer listed, or described as INACTIVE."""
    name = backend.new_name()
    backend.containers.create_cluster(name, TAGS)
    backend.containers.delete_cluster(name)

    found = backend.containers.describe_clusters(backend.containers.list_clusters(name))
    assert [cluster.name for cluster in found if cluster.status != "INACTIVE"] == []


def test_a_cluster_shows_its_tags_and_tasks(backend: Backend) -> None:
    """Given a new cluster, it is described with its tags and no tasks, and a missing cluster is omitted."""
    name = backend.new_name()
    backend.containers.create_cluster(name, TAGS)

    [cluster] = backend.containers.describe_clusters([name, f"{name}-missing"])

    assert (cluster.name, cluster.tasks, cluster.tags) == (name, 0, TAGS)
    assert cluster.status != "INACTIVE"


def test_rules_are_listed_by_prefix(backend: Backend) -> None:
    """Given rules with other prefixes, only those with the prefix are listed."""
    name, moment = backend.new_name(), backend.clock.now() + timedelta(minutes=50)
    for rule in (f"{name}-1", f"{name}-2", f"other-{name}"):
        backend.rules.arm(rule, moment, {"userId": "ada"})

    assert backend.rules.list_names(f"{name}-") == {f"{name}-1", f"{name}-2"}


def test_the_zone_is_listed_a_page_at_a_time(backend: Backend) -> None:
    """Given pages of any size, every A record is returned once, and nothing follows the last one."""
    wanted = {f"user{number}.{backend.root_domain}": f"203.0.113.{number}" for number in range(5)}
    for name, address in wanted.items():
        backend.host_names.create(name, address)

    found, first = {}, ""
    while True:
        records, first = backend.host_names.list_page(first)
        found |= {record.name: record.addresses[0] for record in records}
        if not first:
            break

    assert found == wanted


def test_objects_are_listed_after_a_key(backend: Backend) -> None:
    """Given a key and a size, the page begins with the next key and has that many objects."""
    for name in ("b", "a", "d", "c"):
        backend.store.create(f"list/{name}", b"content")

    assert backend.store.list_after("list/", "", 3) == (["list/a", "list/b", "list/c"], "list/c")
    assert backend.store.list_after("list/", "list/c", 3) == (["list/d"], "")


def test_objects_in_folders_are_not_listed(backend: Backend) -> None:
    """Given folders with many objects, each counts as one entry, and the next page begins after all of it."""
    for name in ("a", "b/1", "b/2", "b/3", "c/1", "d"):
        backend.store.create(f"nested/{name}", b"content")

    keys, following = backend.store.list_after("nested/", "", 3)

    assert keys == ["nested/a"]
    assert backend.store.list_after("nested/", following, 3) == (["nested/d"], "")


@pytest.mark.parametrize("times", [1, 2])
def test_an_object_is_deleted(backend: Backend, times: int) -> None:
    """Given an object, deleting it twice succeeds."""
    backend.store.create("deleted", b"content")

    for _ in range(times):
        backend.store.delete("deleted")

    assert backend.store.read("deleted") is None
