"""A server record carries its project as an object tag, whichever function writes it."""

import pytest

from hippo.errors import ConflictError
from hippo.records.server import ServerRecord, ServerStore
from tests.fakes.world import OTHER_PROJECT, OTHER_USER, PROJECT, USER, LifecycleWorld
from tests.support.fakes import FakeObjectStore

KEY = f"_servers/{USER}.json"


def test_the_tag_follows_the_project() -> None:
    """Given a record that another project's start takes over, it carries that project's id alone."""
    store = FakeObjectStore()
    servers = ServerStore(store)
    servers.write(ServerRecord(USER, "maze-1_b", "stopped"), None)
    first = store.tags[KEY]
    found = servers.read(USER)
    assert found

    servers.write(ServerRecord(USER, "other", "starting", attempt=2), found[1])

    assert (first, store.tags[KEY]) == ("hippo-project=maze-1_b", "hippo-project=other")
    with pytest.raises(ConflictError):
        servers.write(ServerRecord(USER, "third", "starting"), found[1])
    assert store.tags[KEY] == "hippo-project=other"


def test_a_record_of_no_project_carries_no_tag() -> None:
    """Given the marker of a stop without a server, it has no tag value to match."""
    store = FakeObjectStore()

    ServerStore(store).write(ServerRecord(USER, "", "stopped"), None)

    assert store.tags[KEY] == ""


def test_start_stop_and_the_next_project_all_tag() -> None:
    """Given a start, a stop, and a start for another project, the tag is right after each of them."""
    world, tags = LifecycleWorld(), []
    world.put_participant(3)
    world.start()
    tags.append(world.store.tags[KEY])
    world.stop()
    tags.append(world.store.tags[KEY])
    world.clock.advance(60)
    world.start("second", project=OTHER_PROJECT)
    tags.append(world.store.tags[KEY])
    world.stop({"userId": OTHER_USER})

    assert tags == [f"hippo-project={project}" for project in (PROJECT, PROJECT, OTHER_PROJECT)]
    assert world.store.tags[f"_servers/{OTHER_USER}.json"] == ""
