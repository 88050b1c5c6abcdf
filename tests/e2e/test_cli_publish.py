"""`hippo publish` on a real platform, by a researcher with no more than the stack's policy."""

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.account_view import AccountView
from tests.e2e.participant import Participant, play, wait_for
from tests.e2e.principals import Principals
from tests.e2e.running_platform import RunningPlatform
from tests.e2e.test_cli_local import HIPPO, make_variables, run
from tests.unit.cli.publishing_world import FakeDocker

pytestmark = pytest.mark.e2e

PROJECT = "cli-tree"
# Any registry works: the platform runs the image that local.yml gives this name.
IMAGE = "local/mountain_car"


class Researcher:
    """A researcher with a study folder and the credentials that the operator gave them."""

    def __init__(self, account: AccountView, tag: str, directory: Path) -> None:
        person = Principals(account).make_researcher(tag)
        keys = {"accessKeyId": "AccessKeyId", "secretAccessKey": "SecretAccessKey"}
        credentials = {name: person._credentials[key] for name, key in keys.items()}
        self._variables = make_variables({**account.outputs, "credentials": credentials})
        self._directory = directory
        self.study = directory / "tree"
        made = self.run("new", "tree", "--yes", "--id", PROJECT, "--researcher", "Ada")
        assert made.returncode == 0, made.stderr

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command in the folder that holds the study's folder."""
        return run(*words, directory=self._directory, **self._variables, **environment)

    def publish(self, *words: str, **environment: str) -> dict[str, Any]:
        """Publish the study; return the command's parsed output."""
        done = self.run("publish", "tree", "--yes", "--json", *words, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def account(running_platform: RunningPlatform) -> AccountView:
    """Return the operator's view of the account that the platform runs in."""
    return AccountView(running_platform)


@pytest.fixture(scope="module")
def researcher(account: AccountView, tmp_path_factory: pytest.TempPathFactory) -> Researcher:
    """Return a researcher whose tag allows the project, with its study."""
    return Researcher(account, "cli", tmp_path_factory.mktemp("researcher"))


def find_newcomers_version(account: AccountView) -> str:
    """Return the version that a participant who begins now gets."""
    user_id = f"newcomer-{uuid.uuid4().hex[:8]}"
    Participant(account.outputs, user_id, PROJECT).begin()
    version: str = account.read_participant(user_id, PROJECT)["version"]
    return version


def test_from_a_folder_to_a_game(account: AccountView, researcher: Researcher) -> None:
    """Given a new study, a participant plays it, and a change reaches only those who begin after it."""
    first = researcher.publish("--image", IMAGE)
    ada = Participant(account.outputs, "ada-cli", PROJECT)
    ada.begin()
    ada.submit({"consent": "yes"})

    page = researcher.study / "StepFiles" / "quiz.html"
    page.write_text(f"<h1>A new quiz</h1>{page.read_text()}")
    second = researcher.publish("--image", IMAGE)
    ada.submit({"quiz": "done"})
    ada.await_game()
    with ada.connect() as socket:
        play(socket)
    ada.finish_game()

    assert first["link"] == f"{account.outputs['stackOutputs']['SiteUrl']}/?projectId={PROJECT}"
    assert (len(second["files"]["changed"]), second["taskDefinition"]["registers"]) == (1, False)
    wait_for("a trial", lambda: account.list_keys(f"{PROJECT}/Trials/ada-cli/"))
    began = account.read_participant("ada-cli", PROJECT)["version"]
    frozen = account.read_json(f"{PROJECT}/_versions/{began}.json") or {}
    assert began == first["version"] != second["version"]
    assert "A new quiz" not in frozen["files"]["quiz.html"]
    # The list is read again every ten seconds.
    wait_for("the new version", lambda: find_newcomers_version(account) == second["version"])


def test_image_by_the_researchers_policy(
    account: AccountView, researcher: Researcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given Docker, the policy allows the repository, the login and the task definition."""
    docker = FakeDocker(tmp_path / "docker", monkeypatch)

    said = researcher.publish(PATH=os.environ["PATH"])

    assert [call[0] for call in docker.calls] == ["build", "login", "push"]
    repositories = account.client("ecr").describe_repositories(repositoryNames=[PROJECT])["repositories"]
    assert said["image"]["reference"].startswith(f"{repositories[0]['repositoryUri']}:")
    found = account.client("ecs").describe_task_definition(taskDefinition=PROJECT)["taskDefinition"]
    assert found["containerDefinitions"][0]["image"] == said["image"]["reference"]


def test_secrets_are_refused(
    account: AccountView, researcher: Researcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a secret in the game or a page, publishing names file and line, and neither sends nor builds."""
    docker = FakeDocker(tmp_path / "docker", monkeypatch)
    token = "ghp_" + "x7Kq2Mn9Zr4Tw8Lb1Vc6Sd3Fg5Hj0PyQeRuT"
    before = account.list_keys(f"{PROJECT}/")
    files = [researcher.study / name for name in ("App/upload.py", "StepFiles/notes.txt")]
    for file in files:
        file.write_text(f'\ntoken = "{token}"\n')

    done = researcher.run("publish", "tree", "--yes", PATH=os.environ["PATH"])
    for file in files:
        file.unlink()

    assert done.returncode == 1
    assert "App/upload.py:2: error" in done.stdout
    assert "StepFiles/notes.txt:2: error" in done.stdout
    assert token not in done.stdout + done.stderr
    assert docker.calls == []
    assert account.list_keys(f"{PROJECT}/") == before


def test_credentials_of_the_tool_stay_here(
    account: AccountView, researcher: Researcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given AWS credentials in .env, and image.env for the game, the image gets only the latter."""
    docker = FakeDocker(tmp_path / "docker", monkeypatch)
    files = {".env": "AWS_SECRET_ACCESS_KEY=of-the-tool\n", "image.env": "LEVEL=1\n"}
    for name, content in files.items():
        (researcher.study / name).write_text(content)

    researcher.publish("--rebuild", PATH=os.environ["PATH"])
    for name in files:
        (researcher.study / name).unlink()

    context = docker.read_context()
    assert context["App/.env"] == b"LEVEL=1\n"
    assert not [name for name, content in context.items() if b"of-the-tool" in content]


def test_a_film_by_the_researchers_policy(account: AccountView, researcher: Researcher) -> None:
    """Given a film, the policy allows a multipart upload, and the page holds the address of its copy."""
    content = b"\0\0\0\x18ftypisom" + b"film" * (4 * 1024**2 - 3) + b"the end"
    (researcher.study / "StepFiles" / "film.mp4").write_bytes(content)
    page = researcher.study / "StepFiles" / "thanks.html"
    page.write_text(f'<video src="film.mp4"></video>{page.read_text()}')

    first, again = researcher.publish("--image", IMAGE), researcher.publish("--image", IMAGE)

    film = account.client("s3").head_object(
        Bucket=account.outputs["bucket"], Key=f"{PROJECT}/_media/film.mp4"
    )
    frozen = account.read_json(f"{PROJECT}/_versions/{first['version']}.json") or {}
    assert film["ETag"].strip('"').endswith("-3")
    assert "film.mp4" not in frozen["files"]["thanks.html"]
    assert f"/media/{PROJECT}/" in frozen["files"]["thanks.html"]
    assert (again["files"]["changed"], again["version"]) == ([], first["version"])


def test_another_researchers_project(account: AccountView, tmp_path: Path) -> None:
    """Given a tag that does not allow the project, publishing is refused and the required tag is named."""
    stranger = Researcher(account, "other", tmp_path)
    listed = account.read_json("project_master_list.json")

    done = stranger.run("publish", "tree", "--yes", "--image", IMAGE)

    assert done.returncode == 3
    assert "have no permission for s3:ListBucket" in done.stderr
    assert f"hippo-project={PROJECT}" in done.stderr
    assert account.read_json("project_master_list.json") == listed


def test_by_the_name_that_researchers_know(account: AccountView, researcher: Researcher) -> None:
    """Given a study folder, updateProject.py run inside it publishes the same version."""
    before = researcher.publish("--image", IMAGE)["version"]
    program = Path(HIPPO).with_name("updateProject.py")

    done = subprocess.run(
        [str(program), "--yes", "--image", IMAGE],
        cwd=researcher.study,
        env={**os.environ, **researcher._variables},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{PROJECT} is published, version {before}" in done.stdout
    assert (researcher.study / "App" / ".trialConfig.yml").is_file()
