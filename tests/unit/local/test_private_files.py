"""Tests that only their owner may read the platform's files."""

import os
import shlex
import subprocess
from pathlib import Path

from hippo_local.keys import AccessKeys, make_key_variables, make_keys, read_keys
from hippo_local.outputs import claim_directory, publish_outputs, write_aws_variables
from hippo_local.private_files import write_private_files


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_new_files_are_private(tmp_path: Path) -> None:
    """Given a platform, its directory, outputs.json and aws.env are readable by their owner only."""
    directory = tmp_path / "new"
    with write_private_files(), claim_directory(directory), publish_outputs(directory, {}) as outputs:
        write_aws_variables(directory, "http://127.0.0.1:1", make_keys())

        assert _mode(directory) == 0o700
        assert _mode(outputs) == _mode(directory / "aws.env") == _mode(directory / "lock") == 0o600


def test_files_of_an_earlier_platform_become_private(tmp_path: Path) -> None:
    """Given logs and data that everyone may read, only their owner may once a platform claims the
    directory, and a link in them is not followed.
    """
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "elsewhere").chmod(0o644)
    for name in ("data/bucket/p/Users/u1", "logs/emulator.log"):
        path = tmp_path / "local" / name
        path.parent.mkdir(parents=True)
        path.write_text("{}")
        path.chmod(0o644)
    (tmp_path / "local/logs/link").symlink_to(tmp_path / "elsewhere")
    for folder in ("", "data", "data/bucket", "logs"):
        (tmp_path / "local" / folder).chmod(0o755)

    with claim_directory(tmp_path / "local"):
        pass

    found = [tmp_path / "local", *(tmp_path / "local").rglob("*")]
    assert {_mode(path) for path in found if path.is_dir()} == {0o700}
    assert {_mode(path) for path in found if path.suffix == ".log" or path.name == "u1"} == {0o600}
    assert _mode(tmp_path / "elsewhere") == 0o644


def test_the_umask_is_restored() -> None:
    """Given the end of the block, files are created as before."""
    before = os.umask(0o022)
    try:
        with write_private_files():
            pass
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_a_shell_takes_the_keys_from_the_file(tmp_path: Path) -> None:
    """Given aws.env, a shell that reads it has the keys and none of the user's own profile and session."""
    keys = AccessKeys("AKIA234", "it's secret")
    write_aws_variables(tmp_path, "http://127.0.0.1:4566", keys)
    script = (
        f". {shlex.quote(str(tmp_path / 'aws.env'))}; "
        'echo "$AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_PROFILE$AWS_SESSION_TOKEN"'
    )

    printed = subprocess.run(
        ["sh", "-c", script],
        env={"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "mine"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert printed == "http://127.0.0.1:4566 AKIA234 it's secret \n"


def test_keys_are_random_and_are_not_shown() -> None:
    """Given two runs, their keys differ and have AWS's form, and a secret is not in what is printed."""
    first, second = make_keys(), make_keys()

    assert first != second
    assert first.id.startswith("AKIA")
    assert (len(first.id), len(first.secret)) == (20, 40)
    assert first.secret not in repr(first)


def test_an_emulator_without_keys_invents_its_own() -> None:
    """Given no keys or only half of them, the emulator invents all of them, and none is empty."""
    keys = make_keys()
    variables = make_key_variables(keys)

    assert read_keys(variables) == keys
    for name in variables:
        invented = read_keys({**variables, name: ""})
        assert invented.id not in ("", keys.id)
        assert invented.secret not in ("", keys.secret)
