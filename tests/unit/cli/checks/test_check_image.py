"""Tests of `hippo check` on the files of the game server's image and on the game's settings."""

import io
import os
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from hippo_cli.findings import Severity
from hippo_cli.image.build_context import make_context
from hippo_cli.image.dockerfile import find_program
from hippo_cli.study_folder import StudyFolder
from tests.support.paths import EXAMPLE
from tests.unit.cli.conftest import BASE, SmallStudy

DOCKERFILE = f'FROM {BASE}\nCOPY App/ ./App/\nEXPOSE 5000\nCMD ["./App/run.sh"]\n'
CRLF = b"#!/bin/sh\r\nexec python server.py\r\n"
LF = b"#!/bin/sh\nexec python server.py\n"


def add_script(study: SmallStudy, content: bytes, mode: int = 0o755, name: str = "App/run.sh") -> None:
    """Write the script that the container starts."""
    study.write("Dockerfile", DOCKERFILE)
    study.write(name, content)
    (study.directory / name).chmod(mode)


def read_context(study: SmallStudy, name: str) -> tuple[bytes, int]:
    """Return content and mode of a file in the build context."""
    stream = io.BytesIO()
    make_context(StudyFolder(study.directory), {}).write(stream)
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue())) as archive:
        entry = archive.extractfile(name)
        assert entry is not None
        return entry.read(), archive.getmember(name).mode


def make_tag(study: SmallStudy) -> str:
    """Return the image's tag."""
    return make_context(StudyFolder(study.directory), {}).tag


@pytest.mark.parametrize("content", [CRLF, b"\xef\xbb\xbf" + LF, b"\xef\xbb\xbf" + CRLF])
def test_a_script_that_linux_cannot_start(study: SmallStudy, content: bytes) -> None:
    """Given Windows line ends or a byte order mark, the check warns, and the image gets it without them."""
    add_script(study, content)

    assert study.codes() == [("line-ends", "App/run.sh", 1)]
    assert read_context(study, "App/run.sh") == (LF, 0o755)


@pytest.mark.parametrize("name", ["App/start.sh", "App/lib.bash"])
def test_a_script_that_another_one_runs(study: SmallStudy, name: str) -> None:
    """Given Windows line ends in a script without a first line, the check warns of it, too."""
    study.write(name, "python server.py\r\n")

    assert study.codes() == [("line-ends", name, 1)]
    assert read_context(study, name)[0] == b"python server.py\n"


def test_a_python_file_with_windows_line_ends(study: SmallStudy) -> None:
    """Given a program that Python runs, there is no finding: Python accepts any line ends."""
    study.write("App/server.py", "#!/usr/bin/env python3\r\nprint(1)\r\n")

    assert study.codes() == []
    assert read_context(study, "App/server.py")[0] == b"#!/usr/bin/env python3\nprint(1)\n"


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps no such mode")
def test_a_script_that_is_not_executable(study: SmallStudy) -> None:
    """Given a script that lost its mode, the check warns, and it is executable in the image."""
    add_script(study, LF, mode=0o644)

    assert study.codes() == [("script-start", "App/run.sh", 0)]
    assert read_context(study, "App/run.sh") == (LF, 0o755)


def test_a_dockerfile_that_sets_the_mode(study: SmallStudy) -> None:
    """Given a Dockerfile with chmod, there is no finding about the mode."""
    add_script(study, LF, mode=0o644)
    study.write("Dockerfile", DOCKERFILE.replace("EXPOSE", "RUN chmod +x App/run.sh\nEXPOSE"))

    assert study.codes() == []


def test_a_script_without_a_first_line(study: SmallStudy) -> None:
    """Given a script that the container starts but that names no program, the check warns."""
    add_script(study, b"exec python server.py\n")

    assert study.codes() == [("script-start", "App/run.sh", 1)]


def test_the_tag_is_the_same_on_windows(study: SmallStudy) -> None:
    """Given the same script with other line ends and another mode, the image has the same tag."""
    add_script(study, LF)
    tag = make_tag(study)

    add_script(study, CRLF, mode=0o644)
    assert make_tag(study) == tag

    add_script(study, LF + b"# changed\n")
    assert make_tag(study) != tag


def test_an_archive_that_begins_with_a_script(study: SmallStudy) -> None:
    """Given a file that is not text after its first line, its content is sent as it is."""
    content = b"#!/bin/sh\r\nexit\r\n\0\r\n"
    add_script(study, content)

    assert read_context(study, "App/run.sh") == (content, 0o755)


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ('CMD ["./a.sh", "b"]', "./a.sh"),
        ("CMD ./a.sh b", "./a.sh"),
        ('ENTRYPOINT ["/x/e.sh"]\nCMD ["a"]', "/x/e.sh"),
        ('CMD ["old"]\nCMD [\\\n"new"]', "new"),
        ('FROM a\nENTRYPOINT ["a"]\nFROM b', None),
        ("RUN <<EOF\nCMD x\nEOF\n", None),
        ("# CMD x", None),
    ],
)
def test_the_program_of_a_dockerfile(text: str, program: str | None) -> None:
    """Given a Dockerfile, the program is that of the last stage's entry point or command."""
    assert find_program(f"FROM x\n{text}\n") == program


@pytest.mark.parametrize(
    "command",
    ["CMD ['python', 'App/server.py']", "CMD [“python”, “App/server.py”]", "ENTRYPOINT [python]", "CMD [1]"],
)
def test_a_command_that_is_no_list(study: SmallStudy, command: str) -> None:
    """Given a command whose list has other quotes than JSON's, the check says that nothing starts."""
    study.write("Dockerfile", f"FROM {BASE}\nCOPY App/ ./\nEXPOSE 5000\n{command}\n")

    (found,) = study.check()

    assert (found.severity, found.code, found.line) == (Severity.ERROR, "dockerfile-content", 4)
    assert found.key == command.split()[0]


@pytest.mark.parametrize("content", [b"", "FROM x\nEXPOSE 5000\n".encode("utf-16"), b"EXPOSE 5000\n"])
def test_a_dockerfile_that_builds_nothing(study: SmallStudy, content: bytes) -> None:
    """Given a Dockerfile without FROM, or in UTF-16 as Windows's editor saves it, the check says so."""
    study.write("Dockerfile", content)

    assert ("dockerfile-content", "Dockerfile", 1) in study.codes()


def test_a_dockerfile_as_windows_saves_it(study: SmallStudy) -> None:
    """Given a byte order mark and Windows line ends, which Docker accepts, the check has no findings."""
    study.write("Dockerfile", f'\ufeffFROM {BASE}\r\nEXPOSE 5000\r\nCMD ["a","b"]\r\n')

    assert study.codes() == []


def test_a_pointer_among_the_games_files(study: SmallStudy) -> None:
    """Given a pointer of Git LFS in place of a model, the check warns before the image is built."""
    study.write("App/model.pt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")

    (found,) = study.check()

    assert (found.severity, found.code, found.file) == (Severity.WARNING, "pointer", "App/model.pt")


def test_a_program_that_python_cannot_read(study: SmallStudy) -> None:
    """Given a syntax error in the game, the check warns with its line."""
    study.write("App/game.py", "x = 1\nif x\n    pass\n")

    assert study.codes() == [("syntax", "App/game.py", 2)]


def test_files_that_do_not_reach_the_image(study: SmallStudy) -> None:
    """Given files that the Dockerfile does not copy or that are ignored, there is no finding."""
    study.write("tools/run.sh", CRLF)
    study.write("App/tests/run.sh", CRLF)
    study.write(".dockerignore", "App/tests\n")

    assert study.codes() == []


@pytest.mark.parametrize("pattern", ["[z-a]"])
def test_a_pattern_that_docker_does_not_accept(study: SmallStudy, pattern: str) -> None:
    """Given a pattern that cannot be read, the check reports it and raises no exception."""
    study.write(".dockerignore", f"{pattern}\n")

    assert [found.code for found in study.check()] == ["dockerfile-pattern"]


@pytest.mark.parametrize(
    ("value", "severity", "said"),
    [
        ("", Severity.ERROR, "empty"),
        ("[]", Severity.ERROR, "empty"),
        ("{left: false}", Severity.ERROR, "empty"),
        ("left", Severity.ERROR, "list"),
        ("[1, 2]", Severity.WARNING, "not text"),
        ("[left, right]\n  defaultAction: noop", Severity.WARNING, "'noop' is not in actionSpace"),
    ],
)
def test_actions_of_any_game(study: SmallStudy, value: str, severity: Severity, said: str) -> None:
    """Given a list of actions with which no game can be played, there is a finding at its line."""
    study.edit("  game: x\n", f"  game: x\n  actionSpace: {value}\n")

    (found,) = study.check()

    assert (found.severity, found.line) == (severity, 24 + ("\n" in value))
    assert said in found.what


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Return a copy of the example study."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "example"))


def edit_trial(folder: Path, **changes: Any) -> SmallStudy:
    """Change settings of the example's game."""
    content = yaml.safe_load((folder / "config.yml").read_text(encoding="utf-8"))
    content["trial"] |= changes
    (folder / "config.yml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    study = SmallStudy.__new__(SmallStudy)
    study.directory = folder
    return study


@pytest.mark.parametrize(
    ("changes", "key", "said"),
    [
        ({"actionSpace": []}, "actionSpace", "empty"),
        ({"actionSpace": [False, "left"]}, "actionSpace", "not a list of words"),
        ({"defaultAction": "jump"}, "defaultAction", "not in actionSpace"),
        ({"game": ""}, "game", "missing"),
        ({"maxEpisodes": 0}, "maxEpisodes", "not a whole number"),
        ({"dataFile": "both"}, "dataFile", "neither"),
        ({"s3upload": "yes"}, "s3upload", "neither true nor false"),
    ],
)
def test_settings_with_which_the_example_does_not_start(
    example: Path, changes: dict[str, Any], key: str, said: str
) -> None:
    """Given a study with the example's program, the program's own rules are checked before publishing."""
    study = edit_trial(example, **changes)

    (found,) = [found for found in study.check() if found.severity is Severity.ERROR]

    assert found.key == f"trial.{key}"
    assert found.line
    assert found.what.startswith("the game server does not start: ")
    assert said in found.what
    assert found.fix


@pytest.mark.parametrize("ui", [{"left": True, "start": False}, ["left", "pause"]])
def test_a_game_without_a_button_to_begin(example: Path, ui: Any) -> None:
    """Given the example's program without the button start, the check warns: no participant can begin."""
    study = edit_trial(example, ui=ui)

    (found,) = [found for found in study.check() if found.key.startswith("trial")]

    assert (found.severity, found.key) == (Severity.WARNING, "trial.ui")
    assert found.line


def test_the_rules_of_a_changed_program_are_not_guessed(example: Path) -> None:
    """Given a study with its own settings.py, only its actions are checked, and its code does not run."""
    (example / "App/settings.py").write_text("raise SystemExit('executed')\n")
    study = edit_trial(example, maxEpisodes=0)

    assert [found for found in study.check() if found.severity is Severity.ERROR] == []


def test_the_example_has_no_errors(example: Path) -> None:
    """Given the example as it is, only its placeholders are reported."""
    study = edit_trial(example)

    assert {found.code for found in study.check()} <= {"placeholder"}
