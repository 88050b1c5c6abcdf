"""Edits of the study, the page and the handlers take effect while the platform runs."""

import os
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.participant import Participant, wait_for
from tests.e2e.running_platform import REPOSITORY, RunningPlatform
from tests.e2e.test_site import Site

pytestmark = pytest.mark.e2e

PARTS = ("functions", "layer", "web", "hippo_local", "template.yaml")
CONSENT = {"consent": "yes"}
PICTURE = re.compile(r"http://localhost:\d+/media/mountain_car/[0-9a-f]{20}\.png")
# Prepended to a handler's code: every page that it writes gets one more key.
EDITION = """import json
_dumps = json.dumps
json.dumps = lambda value, **named: _dumps(
    {**value, "edition": 2} if isinstance(value, dict) and "page" in value else value, **named
)
"""


@pytest.fixture
def edited_platform(tmp_path: Path) -> Iterator[RunningPlatform]:
    """Start a platform from a copy of the repository and of the study, both of which the test may edit."""
    repository = tmp_path / "repository"
    repository.mkdir()
    ignore = shutil.ignore_patterns("__pycache__")
    for part in PARTS:
        source = REPOSITORY / part
        copy = repository / part
        shutil.copytree(source, copy, ignore=ignore) if source.is_dir() else shutil.copy(source, copy)
    (repository / ".venv-lambda").symlink_to(REPOSITORY / ".venv-lambda")
    shutil.copytree(REPOSITORY / "examples" / "mountain_car", repository / "study", ignore=ignore)
    platform = RunningPlatform(
        tmp_path / "platform", "--study", "study", repository=repository, follow_edits=True
    )
    try:
        platform.wait_until_up()
        yield platform
    finally:
        platform.stop()


def edit(path: Path, old: str, new: str) -> None:
    """Replace text in a file in one step, as editors do."""
    text = path.read_text()
    assert old in text, f"{path.name} has no {old!r}"
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text.replace(old, new, 1))
    os.replace(draft, path)


def test_edits_are_seen_without_a_restart(edited_platform: RunningPlatform, tmp_path: Path) -> None:
    """Given edits while a platform runs, they take effect without a restart, and errors are reported."""
    # Study pages reach participants who begin later, web/ the next reload, handlers the next request.
    repository, outputs = tmp_path / "repository", edited_platform.outputs
    pages = repository / "study" / "StepFiles"
    old_quiz = (pages / "quiz.html").read_text()
    earlier = Participant(outputs, "earlier")
    earlier.begin()

    def await_report(text: str, times: int = 1) -> None:
        wait_for(text, lambda: edited_platform.read_terminal().count(text) >= times)

    edit(pages / "consent.html", "</h1>", "</h1><p>edited consent</p>")
    edit(pages / "quiz.html", "<h", "<p>edited quiz</p><h")
    await_report("published")
    edit(repository / "study" / "config.yml", "steps:", "steps: [")
    await_report("not applied, the last working version keeps running: The study folder")
    assert Participant(outputs, "undisturbed").begin()["step"] == 1

    layer = repository / "layer" / "hippo" / "groups.py"
    edit(layer, "import", "import (")
    await_report("groups.py, line ")
    assert Participant(outputs, "undisturbed-too").begin()["step"] == 1
    edit(layer, "import (", "import")
    edit(repository / "functions" / "next_step" / "app.py", "", EDITION)
    await_report("deployed: requests from now on use it")
    # New handlers read the project list at once; the old ones would have kept theirs for ten seconds.
    later = Participant(outputs, "later").begin()
    assert later["edition"] == 2
    assert "edited consent" in later["page"]
    assert PICTURE.sub("game.png", earlier.submit(CONSENT)["page"]) == old_quiz

    edit(repository / "web" / "index.html", "</title>", " (edited)</title>")
    await_report("reload the page to see it")
    with urllib.request.urlopen(outputs["studyUrl"], timeout=10) as answer:
        assert "(edited)</title>" in answer.read().decode()

    # CloudFront's copy follows at the next deployment, which also removes deleted files.
    (repository / "web" / "more.js").write_text("export {};\n")
    edit(repository / "layer" / "hippo" / "groups.py", "", "# edited\n")
    await_report("deployed: requests from now on use it", 2)
    site = Site(edited_platform)
    assert b"(edited)</title>" in site.get("/")[2]
    assert site.get("/more.js")[0] == 200
    (repository / "web" / "more.js").unlink()
    edit(repository / "layer" / "hippo" / "groups.py", "# edited\n", "")
    await_report("deployed: requests from now on use it", 3)
    assert site.get("/more.js")[0] == 403
