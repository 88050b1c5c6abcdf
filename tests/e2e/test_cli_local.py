"""The command line tool on a real platform: a new study runs, and the stack is found from outside."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running_platform import RunningPlatform

pytestmark = pytest.mark.e2e

HIPPO = str(Path(sys.executable).with_name("hippo"))
_START_SECONDS = 120


def run(*words: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command as a researcher types it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "HIPPO_"))}
    return subprocess.run(
        [HIPPO, *words], cwd=directory, env=kept | environment, capture_output=True, text=True, timeout=60
    )


def make_variables(outputs: dict[str, Any]) -> dict[str, str]:
    """Return the environment variables that direct the AWS libraries to a local platform."""
    credentials = outputs["credentials"]
    return {
        "AWS_ENDPOINT_URL": outputs["endpointUrl"],
        "AWS_ACCESS_KEY_ID": credentials["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["secretAccessKey"],
        "AWS_REGION": outputs["region"],
    }


def test_stack_is_found_from_outside(running_platform: RunningPlatform, tmp_path: Path) -> None:
    """Given a platform, its stack is found by default, by prefix and by name, but not in another region."""
    variables = make_variables(running_platform.outputs)
    answers = [
        run("stack", "--json", *flags, directory=tmp_path, **variables)
        for flags in ([], ["--stack", "hippo"], ["--stack", running_platform.outputs["stack"]])
    ]
    elsewhere = run("stack", "--region", "eu-west-1", directory=tmp_path, **variables)

    assert [answer.returncode for answer in answers] == [0, 0, 0], [answer.stderr for answer in answers]
    buckets = {json.loads(answer.stdout)["values"]["BucketName"] for answer in answers}
    assert buckets == {running_platform.outputs["bucket"]}
    assert elsewhere.returncode == 3
    assert "no HIPPO Gym stack was found in eu-west-1" in elsewhere.stderr


def test_new_study_runs(tmp_path: Path) -> None:
    """Given a new study, `hippo local` publishes it, serves its pages, and exits with 0 on Ctrl-C."""
    made = run("new", "tree", "--yes", "--researcher", "Ada", directory=tmp_path)
    assert made.returncode == 0, made.stderr
    data, log = tmp_path / "data", tmp_path / "log"
    words = ["--port", "0", "--web-port", "0", "--game-port", "0", "--no-open", "--no-follow"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [HIPPO, "local", "tree", *words, "--directory", str(data)],
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not (data / "outputs.json").exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        outputs = json.loads((data / "outputs.json").read_text())
        with urllib.request.urlopen(f"{outputs['nextUrl']}?projectId=tree&userId=ada") as answer:
            page = json.load(answer)
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(30)
    assert outputs["projectId"] == "tree"
    assert (page["step"], page["title"]) == (1, "Tree")
    assert "Your consent" in page["page"]
    assert code == 0, log.read_text()
