"""Tests of the example study's own files: complete, consistent, and suitable for every front end."""

from html.parser import HTMLParser

import pytest
import yaml

from hippo_cli.image.docker_ignore import DockerIgnore
from hippo_cli.image.game_wheel import FILE_NAME, uses_wheel
from tests.support.paths import EXAMPLE

STUDY = EXAMPLE
PAGES = sorted((STUDY / "StepFiles").glob("*.html"))
CONTROLS = {"input", "select", "textarea"}
# vCPU to the least and the most GB that Fargate sells with it.
FARGATE_SIZES = {1: (2, 8), 2: (4, 16), 4: (8, 30), 8: (16, 60), 16: (32, 120)}


class Page(HTMLParser):
    """A parser of a page's tags and their attributes, which checks that each tag is closed."""

    VOID = {"input", "br", "hr", "img", "meta", "link"}

    def __init__(self, path):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        """Record the tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Close the tag that was opened last."""
        assert self.open.pop() == tag

    def all(self, *names):
        """Return the attributes of all tags with these names."""
        return [attrs for tag, attrs in self.tags if tag in names]


@pytest.fixture
def config():
    """Read config.yml."""
    return yaml.safe_load((STUDY / "config.yml").read_text(encoding="utf-8"))


@pytest.fixture(params=PAGES, ids=lambda path: path.name)
def page(request):
    """Parse each step file in turn."""
    return Page(request.param)


def test_page_leaves_form_and_button_to_the_front_end(page):
    """Given a step file, it has no form, button or script, as front ends add form and button."""
    assert not page.all("form", "button", "script")
    assert not [
        attrs for attrs in page.all("input") if attrs.get("type") in ("submit", "button", "image", "reset")
    ]


def test_every_control_has_a_name_and_a_label(page):
    """Given a step file, each control has a name, its own id, and a label for it."""
    controls = page.all(*CONTROLS)
    labels = [attrs["for"] for attrs in page.all("label")]

    assert all(attrs.get("name") for attrs in controls)
    assert sorted(labels) == sorted(attrs["id"] for attrs in controls)
    assert len(set(labels)) == len(labels)


def test_choices_work_in_every_front_end(page):
    """Given a step file, a single choice is a select, as the React front end of v1.1.0 reports the last
    radio button of a group.
    """
    assert not [attrs for attrs in page.all("input") if attrs.get("type") == "radio"]


def test_every_group_of_questions_has_a_legend(page):
    """Given a step file, each fieldset has a legend, and the page has one heading of the first level."""
    assert len(page.all("legend")) == len(page.all("fieldset"))
    assert len(page.all("h1")) == 1


def test_every_tag_is_closed(page):
    """Given a step file, no tag is left open."""
    assert page.open == []


def test_every_picture_exists_is_small_and_described(page):
    """Given a step file, each of its pictures is in its folder, loads quickly, and has an alternative
    text.
    """
    for attrs in page.all("img"):
        picture = STUDY / "StepFiles" / attrs["src"]
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 30_000
        assert attrs["alt"]
        assert {"width", "height"} <= attrs.keys()


def test_names_are_different_within_a_page(page):
    """Given a step file, no answer overwrites another."""
    names = [attrs["name"] for attrs in page.all(*CONTROLS)]

    assert len(set(names)) == len(names)


def test_each_step_has_its_file(config):
    """Given the steps, each is a file, or has numbered variants, or is the game."""
    files = {path.name for path in PAGES}
    wanted = set()
    for step in config["project"]["steps"].values():
        stem = step.removesuffix(".html")
        variants = {f"{stem}-0.html", f"{stem}-1.html"}
        wanted |= set() if step == "game" else {step} if step in files else variants

    assert files == wanted


def test_survey_has_two_variants_and_no_plain_file():
    """Given the survey, its variants ask for the same number of answers, and no plain file adds a third."""
    first, second = (Page(STUDY / "StepFiles" / f"survey-{number}.html") for number in (0, 1))

    assert not (STUDY / "StepFiles" / "survey.html").exists()
    assert len(first.all(*CONTROLS)) == len(second.all(*CONTROLS))
    assert PAGES.count(STUDY / "StepFiles" / "survey-2.html") == 0


def test_steps_are_numbered_without_gaps(config):
    """Given the steps, they count from 1, and a final one follows."""
    steps = list(config["project"]["steps"])

    assert steps == [*range(1, len(steps)), "finalStep"]


def test_server_runs_while_the_game_is_on(config):
    """Given the events, the server starts before the game and stops after it."""
    project = config["project"]
    (game,) = (number for number, step in project["steps"].items() if step == "game")

    assert project["events"]["startServerStep"] < game < project["events"]["stopServerStep"]


def test_names_that_must_be_equal_are(config):
    """Given the names that the deployment script sets to the id, they equal the id already."""
    project = config["project"]
    setup = project["awsSetup"]

    assert {project["ecsTask"], setup["repository"], setup["containerName"]} == {project["id"]}
    assert project["bucket"] == setup["bucket"]


def test_size_is_one_that_fargate_has(config):
    """Given cpu and memory, Fargate offers the pair."""
    setup = config["project"]["awsSetup"]
    least, most = FARGATE_SIZES[setup["cpu"]]

    assert least <= setup["memory"] <= most


def test_style_is_a_step_file(config):
    """Given the css key, its file exists."""
    assert (STUDY / "StepFiles" / config["project"]["css"]).is_file()


def test_thanks_page_has_the_mark_for_the_code():
    """Given the last page, it has the mark that front ends replace with the completion code."""
    assert {"class": "MTURK_CODE"} in Page(STUDY / "StepFiles" / "thanks.html").all("span")


def test_every_key_has_a_comment():
    """Given config.yml, each key with a value has a comment on its line or above it."""
    lines = (STUDY / "config.yml").read_text(encoding="utf-8").splitlines()
    keys = [line for line in lines if ": " in line and not line.lstrip().startswith(("#", "-"))]
    plain = [line.split(":")[0].strip() for line in keys if "#" not in line]
    pages_and_buttons = {
        "1",
        "2",
        "3",
        "4",
        "left",
        "right",
        "up",
        "down",
        "start",
        "pause",
        "fpsUp",
        "fpsDown",
    }

    assert set(plain) - pages_and_buttons == set()


def test_game_accepts_the_trial_settings(config, tmp_path):
    """Given the trial part, the game server can be built from it."""
    import json

    from environment import Environment
    from settings import read_settings

    settings = read_settings({"TRIAL_CONFIG": json.dumps(config["trial"])}, app=tmp_path)

    assert Environment(settings.trial).max_steps == config["trial"]["maxSteps"]


def test_image_listens_where_the_task_definition_says():
    """Given the Dockerfile, it exposes port 5000, does not run as root, and runs the server."""
    text = (STUDY / "Dockerfile").read_text(encoding="utf-8")

    assert "EXPOSE 5000" in text
    assert "USER player" in text
    assert 'CMD ["python", "server.py"]' in text


def test_image_installs_the_library_that_publishing_adds():
    """Given the Dockerfile and .dockerignore, hippo_game is copied, installed and not ignored."""
    text = (STUDY / "Dockerfile").read_text(encoding="utf-8")
    rules = (STUDY / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert uses_wheel(text)
    assert "pip install --no-cache-dir --no-deps /tmp/hippo_game-*.whl" in text
    assert not DockerIgnore(rules).excludes(FILE_NAME)


def test_laptop_runs_the_same_server(config):
    """Given local.yml, the study's image is replaced by the server's file."""
    images = yaml.safe_load((STUDY / "local.yml").read_text(encoding="utf-8"))["images"]

    command = images[config["project"]["id"]]
    assert command[0] == "python"
    assert (STUDY / command[1]).is_file()
