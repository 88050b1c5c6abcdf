"""Tests of the wheel of hippo_game: its bytes, that it installs, and which images get it."""

import base64
import csv
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hippo_game
from hippo_cli.image.game_wheel import FILE_NAME, build_wheel, prepare_wheel, uses_wheel
from hippo_cli.study_folder import StudyFolder
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing.test_publish import publish
from tests.unit.cli.publishing_world import Deployment, FakeDocker

Run = Callable[..., Any]
WITH_WHEEL = "FROM python:3.13\nCOPY hippo_game-*.whl /tmp/\nCOPY App/ ./\nEXPOSE 5000\n"


def write_wheel(folder: Path, **environment: str) -> bytes:
    """Write the wheel with the program, in a process with this environment."""
    command = [sys.executable, "-m", "hippo_cli.image.game_wheel", str(folder)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
    return (folder / FILE_NAME).read_bytes()


def test_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    """Given other processes, time zones, build dates and an existing file, the wheel stays the same."""
    first = write_wheel(tmp_path, TZ="Asia/Tokyo", SOURCE_DATE_EPOCH="1700000000")
    second = write_wheel(tmp_path, TZ="America/Lima", PYTHONHASHSEED="7")

    assert first == second == build_wheel()


def test_wheel_installs(tmp_path: Path) -> None:
    """Given only the wheel, pip installs it without a network, and it imports without anything else."""
    (tmp_path / FILE_NAME).write_bytes(build_wheel())
    options = ["--no-index", "--no-deps", "--no-compile", "--quiet", "--target", str(tmp_path / "site")]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, str(tmp_path / FILE_NAME)],
        check=True,
        capture_output=True,
    )
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "import importlib.metadata, hippo_game.protocol as protocol\n"
        "print(protocol.__file__, importlib.metadata.version('hippo_game'))\n"
        "print(protocol.Client().read('done').messages)"
    )
    # Without site-packages: the library must not need any.
    shown = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True)

    assert shown.stdout.startswith(str(tmp_path)), shown.stderr
    assert f" {hippo_game.__version__}\n(Command(name='stop'),)" in shown.stdout


def test_record_lists_every_file_with_its_hash() -> None:
    """Given the wheel, its RECORD has the hash and the size of each other file."""
    with zipfile.ZipFile(io.BytesIO(build_wheel())) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    record = next(name for name in contents if name.endswith("/RECORD"))
    listed = {row[0]: row[1:] for row in csv.reader(contents.pop(record).decode().splitlines())}

    assert listed.pop(record) == ["", ""]
    assert listed == {
        name: [f"sha256={hash_of(content)}", str(len(content))] for name, content in contents.items()
    }
    assert {"hippo_game/py.typed", "hippo_game/protocol.py"} < contents.keys()
    assert not [name for name in contents if "__pycache__" in name]


def hash_of(content: bytes) -> str:
    """Return a hash as RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def test_image_that_installs_the_library_gets_it(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given a Dockerfile that copies the wheel, the context has it, and the folder stays unchanged."""
    study.write("Dockerfile", WITH_WHEEL)
    study.write(".dockerignore", "*\n!App\n")

    publish(run, study)

    assert docker.read_context()[FILE_NAME] == build_wheel()
    assert not (study.directory / FILE_NAME).exists()


def test_older_study_is_built_as_before(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given a Dockerfile of an older study, its context, and so its tag, have nothing new."""
    publish(run, study)

    assert [name for name in docker.read_context() if name.endswith(".whl")] == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COPY hippo_game-*.whl /tmp/", True),
        ('COPY ["hippo_game-*.whl", "/tmp/"]', True),
        (f"COPY ./{FILE_NAME} /tmp/", True),
        ("COPY --chown=player hippo_game*.whl x ./", True),
        ("COPY --from=build hippo_game-*.whl /tmp/", False),
        ("COPY *.whl /tmp/", False),
        ("COPY . .", False),
        ("# COPY hippo_game-*.whl /tmp/", False),
        ("COPY hippo_game-0.0.0-py3-none-any.whl /tmp/", False),
    ],
)
def test_which_dockerfiles_need_the_wheel(line: str, expected: bool) -> None:
    """Given a line of a Dockerfile, only one that copies this wheel by name asks for it."""
    assert uses_wheel(f"FROM x\n{line}\n") is expected


def test_wheel_in_the_folder_is_kept(study: SmallStudy) -> None:
    """Given a wheel in the study's folder, as for a build by hand, publishing adds no second one."""
    study.write("Dockerfile", WITH_WHEEL)
    assert prepare_wheel(StudyFolder(study.directory)).keys() == {FILE_NAME}
    study.write("hippo_game-0.0.9-py3-none-any.whl", "x")

    assert prepare_wheel(StudyFolder(study.directory)) == {}
