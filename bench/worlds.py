"""The functional tests' deployments in an in-memory AWS, for use outside of pytest."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.fakes import FakeClock
from tests.support.in_memory import load_event, make_loader, open_aws
from tests.support.server_world import ServerWorld
from tests.support.strict_moto import make_strict
from tests.support.study_world import StudyWorld

STEP_FILES = Path(__file__).parents[1] / "examples" / "mountain_car" / "StepFiles"
# A study that starts its server at its second step, so that its first page starts nothing.
QUIET = "late_server"


@contextmanager
def open_study_world() -> Iterator[StudyWorld]:
    """Publish the example's pages twice, as `mountain_car` and as QUIET."""
    with pytest.MonkeyPatch.context() as patch:
        hooks = open_aws(patch)
        world = StudyWorld(next(hooks), FakeClock(), make_loader(patch), load_event, patch)
        texts = [path for path in STEP_FILES.iterdir() if path.suffix in (".html", ".css")]
        pages: dict[str, str | bytes] = {path.name: path.read_text() for path in texts}
        world.publish(pages)
        world.publish(pages, id=QUIET, events={"startServerStep": 2, "stopServerStep": 4})
        yield world
        next(hooks, None)


@contextmanager
def open_server_world() -> Iterator[ServerWorld]:
    """Publish one study, with no server running; moto rejects what AWS rejects."""
    with pytest.MonkeyPatch.context() as patch:
        hooks = open_aws(patch)
        aws = next(hooks)
        strict = make_strict(patch)
        next(strict)
        yield ServerWorld(aws, make_loader(patch), load_event, patch)
        next(strict, None)
        next(hooks, None)
