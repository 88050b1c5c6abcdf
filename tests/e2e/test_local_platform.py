"""One command runs everything, reports where it is, and leaves nothing behind however it ends."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.participant import wait_for
from tests.e2e.running_platform import REPOSITORY, RunningPlatform, wait_until_gone

pytestmark = pytest.mark.e2e

EXAMPLE = REPOSITORY / "examples" / "mountain_car"


@pytest.fixture
def own_platform(tmp_path: Path) -> Iterator[RunningPlatform]:
    """Start a platform that the test may end in its own way."""
    platform = RunningPlatform(tmp_path / "platform")
    try:
        platform.wait_until_up()
        yield platform
    finally:
        platform.stop()


def _run_refused(*options: str) -> tuple[int, str, float]:
    """Run the command to its end; return its exit code, its output and the seconds that it took."""
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "hippo_local", "--no-open", *options],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr, time.monotonic() - began


def _start_game_server(platform: RunningPlatform) -> str:
    """Run the study's task as start_server does; return its ARN once it is RUNNING."""
    ecs = platform.make_client("ecs")
    ecs.create_cluster(clusterName="by-hand")
    subnet = platform.make_client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    task = ecs.run_task(
        cluster="by-hand",
        taskDefinition=platform.outputs["projectId"],
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "ENABLED"}},
    )["tasks"][0]["taskArn"]
    deadline = time.monotonic() + 20
    while ecs.describe_tasks(cluster="by-hand", tasks=[task])["tasks"][0]["lastStatus"] != "RUNNING":
        assert time.monotonic() < deadline, "the task does not run"
        time.sleep(0.1)
    return str(task)


def test_the_outputs_name_everything(platform: dict[str, Any]) -> None:
    """Given a running platform, outputs.json holds everything that other programs need."""
    expected = {"nextUrl", "startUrl", "stopUrl", "studyUrl", "bucket", "endpointUrl", "region", "stack"}
    expected |= {"gamePort", "webPort", "projectId", "credentials"}

    assert expected <= platform.keys()
    assert platform["region"] == "ca-central-1"
    assert platform["stack"] == "hippo-local"
    assert platform["projectId"] == "mountain_car"


def test_the_page_and_its_configuration_are_served(platform: dict[str, Any]) -> None:
    """Given the page's address, its configuration names the API, which knows the study."""
    config_url = platform["studyUrl"].partition("?")[0] + "config.json"
    with urllib.request.urlopen(config_url, timeout=10) as answer:
        next_url = json.load(answer)["nextUrl"]
    with urllib.request.urlopen(
        f"{next_url}?projectId=mountain_car&userId=e2e-outputs", timeout=20
    ) as answer:
        step = json.load(answer)

    assert next_url == platform["nextUrl"]
    assert step["step"] == 1
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_browser_may_post_to_the_api_from_the_page(platform: dict[str, Any]) -> None:
    """Given the preflight request that a browser sends before a POST of JSON, the API allows it."""
    headers = {"Origin": platform["studyUrl"], "Access-Control-Request-Method": "POST"}
    request = urllib.request.Request(platform["nextUrl"], method="OPTIONS", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()


def test_the_study_is_published_through_the_function(running_platform: RunningPlatform) -> None:
    """Given the example study, its entry in the project list, its pages and its task definition exist."""
    s3 = running_platform.make_client("s3")
    bucket = running_platform.outputs["bucket"]
    listed = json.load(s3.get_object(Bucket=bucket, Key="project_master_list.json")["Body"])["projects"]
    definition = running_platform.make_client("ecs").describe_task_definition(taskDefinition="mountain_car")

    assert "mountain_car" in [project["id"] for project in listed]
    assert s3.get_object(Bucket=bucket, Key="mountain_car/consent.html")["Body"].read()
    [container] = definition["taskDefinition"]["containerDefinitions"]
    variables = {entry["name"]: entry["value"] for entry in container["environment"]}
    assert variables["BUCKET"] == bucket
    assert variables["PROJECT_ID"] == "mountain_car"
    assert "TRIAL_CONFIG" in variables


def test_answers_can_be_read_with_the_command_that_is_printed(running_platform: RunningPlatform) -> None:
    """Given a participant who has opened the study, the printed command lists and shows their record."""
    url = f"{running_platform.outputs['nextUrl']}?projectId=mountain_car&userId=e2e-answers"
    urllib.request.urlopen(url, timeout=20).close()
    command = [sys.executable, "-m", "hippo_local", "answers", "--directory", str(running_platform.directory)]

    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    shown = subprocess.run(
        [*command, "e2e-answers"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )

    assert "e2e-answers  created 20" in listed
    assert json.loads(shown.stdout)["nextStep"] == 2


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_listens_but_on_loopback(running_platform: RunningPlatform) -> None:
    """Given a platform with a game server, its processes listen on 127.x.y.z only."""
    _start_game_server(running_platform)
    ports = {running_platform.outputs[name] for name in ("webPort", "gamePort")}

    def list_all() -> set[tuple[str, int]] | None:
        found = running_platform.list_listeners()
        return found if ports | {5000} <= {port for _, port in found} else None

    listeners = wait_for("the game server to listen", list_all)
    assert [address for address, _ in listeners if not address.startswith("127.")] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_stop_leaves_no_process(own_platform: RunningPlatform, number: int) -> None:
    """Given a platform with a game server, a stop ends all of it and removes outputs.json."""
    _start_game_server(own_platform)
    processes = own_platform.list_processes()
    assert any("App/server.py" in command for command in processes.values())

    own_platform.send(number)

    assert own_platform.wait_until_ended() == 0, own_platform.read_terminal()
    assert wait_until_gone(processes, seconds=0) == {}
    assert own_platform.list_processes() == {}
    assert not (own_platform.directory / "outputs.json").exists()


def test_a_killed_platform_leaves_no_process(own_platform: RunningPlatform) -> None:
    """Given a runner that gets SIGKILL and cannot clean up, all its processes end by themselves."""
    _start_game_server(own_platform)
    processes = own_platform.list_processes()

    own_platform.send(signal.SIGKILL)
    own_platform.wait_until_ended()

    assert wait_until_gone(processes) == {}
    assert own_platform.list_processes() == {}


def test_a_crash_of_the_emulator_is_reported_and_leaves_no_process(own_platform: RunningPlatform) -> None:
    """Given an emulator that gets SIGKILL, the runner reports it, removes outputs.json and exits."""
    _start_game_server(own_platform)
    processes = own_platform.list_processes()
    [emulator] = [
        pid
        for pid, command in processes.items()
        if "-m hippo_local.emulator " in command and "guard" not in command
    ]

    os.kill(emulator, signal.SIGKILL)

    assert own_platform.wait_until_ended() == 1
    assert "The emulator exited" in own_platform.read_terminal()
    assert "Traceback" not in own_platform.read_terminal()
    assert wait_until_gone(processes) == {}
    assert own_platform.list_processes() == {}
    assert not (own_platform.directory / "outputs.json").exists()


def test_a_stop_while_it_starts_leaves_no_process(tmp_path: Path) -> None:
    """Given Ctrl-C while the SAM CLI runs, its processes end too."""
    platform = RunningPlatform(tmp_path / "platform")
    try:
        deadline = time.monotonic() + 60
        while not any("bin/sam " in command for command in platform.list_processes().values()):
            assert time.monotonic() < deadline, platform.read_terminal()
            time.sleep(0.05)
        processes = platform.list_processes()
        platform.send(signal.SIGINT)
        code = platform.wait_until_ended()
    finally:
        platform.stop()

    assert code == 128 + signal.SIGINT
    assert "stopped before the platform was ready" in platform.read_terminal()
    assert wait_until_gone(processes, seconds=0) == {}


def test_another_study_runs_by_its_path(tmp_path: Path) -> None:
    """Given a copy of the study with another id, STUDY=path runs the copy."""
    study = shutil.copytree(EXAMPLE, tmp_path / "study")
    for name in ("config.yml", "local.yml"):
        path = study / name
        path.write_text(path.read_text().replace("mountain_car", "another-study"))
    platform = RunningPlatform(tmp_path / "platform", environment={"STUDY": str(study)})
    try:
        outputs = platform.wait_until_up()
        url = f"{outputs['nextUrl']}?projectId=another-study&userId=u1"
        with urllib.request.urlopen(url, timeout=20) as answer:
            assert json.load(answer)["step"] == 1
    finally:
        platform.stop()

    assert outputs["projectId"] == "another-study"
    assert "another-study" in outputs["studyUrl"]


def test_a_bad_study_folder_is_reported_before_anything_starts(tmp_path: Path) -> None:
    """Given a study that lacks one of its pages, the message names the page, and nothing is created."""
    study = shutil.copytree(EXAMPLE, tmp_path / "study")
    (study / "StepFiles" / "quiz.html").unlink()

    code, text, _ = _run_refused("--study", str(study), "--directory", str(tmp_path / "platform"))

    assert code == 1
    assert "StepFiles/quiz.html is missing" in text
    assert "Traceback" not in text
    assert not (tmp_path / "platform").exists()


@pytest.mark.parametrize("flag", ["--port", "--web-port", "--game-port"])
def test_a_taken_port_is_reported_with_its_option(tmp_path: Path, flag: str) -> None:
    """Given another program on one of the ports, the message names the port and the option."""
    options = {"--port": "0", "--web-port": "0", "--game-port": "0"}
    with socket.create_server(("127.0.0.1", 0)) as other:
        options[flag] = str(other.getsockname()[1])
        arguments = [word for option in options.items() for word in option]
        code, text, seconds = _run_refused(*arguments, "--directory", str(tmp_path))

    assert code == 1
    assert f"Port {options[flag]} " in text
    assert f"{flag} N" in text
    assert "Traceback" not in text
    assert seconds < 20


def test_a_second_platform_in_one_directory_is_refused(running_platform: RunningPlatform) -> None:
    """Given a running platform, a second one in its directory is refused, and the first keeps running."""
    code, text, _ = _run_refused("--directory", str(running_platform.directory))

    assert code == 1
    assert "already running" in text
    assert (running_platform.directory / "outputs.json").exists()
