"""`hippo withdraw-media` deletes a published file with all of its copies and versions, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hippo_cli.connection import Connection
from hippo_cli.errors import ExitCode
from hippo_cli.operations import receipt
from hippo_cli.operations.interrupted_run import InterruptedRun
from tests.support.aws_hooks import shared_client
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, EXTRA_BUCKET, PAGES, PROJECT, REGION, StudyWorld

Run = Callable[..., Any]
SITE, SITE_URL = "hippo-site", "https://study.example.org"
ADA, CAR = "people/ada.png", "car.png"


class FakeCloudFront:
    """A distribution that keeps the paths of its invalidations; `fails` is the number of calls to fail."""

    def __init__(self) -> None:
        self.paths: list[list[str]] = []
        self.fails = 0

    def create_invalidation(self, **arguments: Any) -> None:
        """Keep the paths."""
        assert arguments["DistributionId"] == "EDFDVBD6EXAMPLE"
        if self.fails:
            self.fails -= 1
            raise OSError("the network is down")
        paths = arguments["InvalidationBatch"]["Paths"]
        assert paths["Quantity"] == len(paths["Items"])
        self.paths.append(paths["Items"])


@pytest.fixture
def cloudfront() -> FakeCloudFront:
    """Return the distribution."""
    return FakeCloudFront()


@pytest.fixture(autouse=True)
def site(
    stack_world: StudyWorld, cloudfront: FakeCloudFront, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> StudyWorld:
    """Publish a study with two pictures, one of them in two versions, in a bucket with old versions."""

    def make_client(_: Connection, service: str) -> Any:
        return cloudfront if service == "cloudfront" else shared_client(service)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Connection, "make_client", make_client)
    location: Any = {"LocationConstraint": REGION}
    stack_world.s3.create_bucket(Bucket=SITE, CreateBucketConfiguration=location)
    stack_world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    stack_world.set_environment(SITE_BUCKET=SITE, SITE_URL=SITE_URL)
    put_values(stack_world, SiteBucketName=SITE, DistributionId="EDFDVBD6EXAMPLE")
    publish(stack_world, b"Ada")
    publish(stack_world, b"Ada, smiling")
    return stack_world


def publish(world: StudyWorld, ada: bytes, **more: Any) -> None:
    """Publish a page with two pictures."""
    page = f'<img src="{ADA}"><img src="{CAR}">'
    world.publish({**PAGES, "quiz.html": page, f"_media/{ADA}": ada, f"_media/{CAR}": b"a car"}, **more)


def list_copies(world: StudyWorld) -> set[bytes]:
    """Return the contents of what the site serves."""
    keys = world.list_keys("media/", SITE)
    return {world.s3.get_object(Bucket=SITE, Key=key)["Body"].read() for key in keys}


def list_originals(world: StudyWorld, bucket: str = BUCKET) -> list[str]:
    """Return the paths of all versions and delete markers below _media/."""
    listed = world.s3.list_object_versions(Bucket=bucket, Prefix=f"{PROJECT}/_media/")
    found = [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
    return sorted(entry["Key"].removeprefix(f"{PROJECT}/_media/") for entry in found)


def name_copy(world: StudyWorld, content: bytes) -> str:
    """Return the key of the copy with this content."""
    keys = world.list_keys("media/", SITE)
    return next(k for k in keys if world.s3.get_object(Bucket=SITE, Key=k)["Body"].read() == content)


def test_every_version_of_the_file_is_gone(
    stack_world: StudyWorld, run: Run, cloudfront: FakeCloudFront
) -> None:
    """Given a file published in two versions, both copies and all originals are deleted, caches too."""
    served = {f"/{name_copy(stack_world, content)}" for content in (b"Ada", b"Ada, smiling")}

    result = run("withdraw-media", ADA, PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert list_copies(stack_world) == {b"a car"}
    assert set(list_originals(stack_world)) == {CAR}
    assert [set(paths) for paths in cloudfront.paths] == [served]
    assert "a few minutes" in result.output
    assert "up to a year" in result.output
    assert not list(Path().glob(".*"))


def test_a_file_that_was_deleted_from_the_study_is_withdrawn(stack_world: StudyWorld, run: Run) -> None:
    """Given a file that is only an old version now, its copies are found, and its marker is deleted too."""
    stack_world.s3.delete_object(Bucket=BUCKET, Key=f"{PROJECT}/_media/{ADA}")

    result = run("withdraw-media", f"StepFiles/{ADA}", PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert list_copies(stack_world) == {b"a car"}
    assert set(list_originals(stack_world)) == {CAR}


@pytest.mark.parametrize("form", [f"{SITE_URL}/{{}}", "https://d1.cloudfront.net/{}?x#t=5", "{}"])
def test_an_address_names_one_content(
    stack_world: StudyWorld, run: Run, cloudfront: FakeCloudFront, form: str
) -> None:
    """Given a published address, its copy and the originals with its content are deleted, others are kept."""
    key = name_copy(stack_world, b"Ada")

    result = run("withdraw-media", form.format(key), PROJECT, "--yes", "--json")

    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert (content["publishedCopies"], content["paths"], content["deleted"]) == ([key], [ADA], True)
    assert list_copies(stack_world) == {b"Ada, smiling", b"a car"}
    assert ADA in list_originals(stack_world)
    assert cloudfront.paths == [[f"/{key}"]]


def test_an_address_without_an_original_is_removed_from_caches(
    stack_world: StudyWorld, run: Run, cloudfront: FakeCloudFront
) -> None:
    """Given an address whose original is long gone, the copy is deleted, and a second run repeats that."""
    key = f"media/{PROJECT}/{'0' * 20}.png"
    stack_world.s3.put_object(Bucket=SITE, Key=key, Body=b"old")

    results = [run("withdraw-media", key, PROJECT, "--yes") for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert b"old" not in list_copies(stack_world)
    assert cloudfront.paths == [[f"/{key}"]] * 2


def test_the_same_content_under_another_path_is_withdrawn_too(stack_world: StudyWorld, run: Run) -> None:
    """Given the same picture under two paths, which share a copy, it is named, and both are deleted."""
    stack_world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/_media/again.png", Body=b"Ada")

    result = run("withdraw-media", ADA, PROJECT, "--yes")

    assert "The same content is stored as again.png" in result.output
    assert set(list_originals(stack_world)) == {CAR}


def test_a_media_file_in_an_extra_bucket(stack_world: StudyWorld, run: Run) -> None:
    """Given a project with its own bucket, the originals there are deleted."""
    publish(stack_world, b"Ada elsewhere", bucket=EXTRA_BUCKET)

    result = run("withdraw-media", ADA, PROJECT, "--yes")

    assert result.exit_code == 0, result.output
    assert set(list_originals(stack_world, EXTRA_BUCKET)) == {CAR}
    assert b"Ada elsewhere" not in list_copies(stack_world)


def test_nothing_is_deleted_without_consent(
    stack_world: StudyWorld, run: Run, cloudfront: FakeCloudFront
) -> None:
    """Given a dry run, a refusal, or input that is not a terminal, everything stays."""
    before = (list_copies(stack_world), list_originals(stack_world))

    codes = [
        run("withdraw-media", ADA, PROJECT, "--dry-run").exit_code,
        run("withdraw-media", ADA, PROJECT, text="n\n").exit_code,
        run("withdraw-media", ADA, PROJECT, "--json").exit_code,
    ]

    assert codes[0] == 0
    assert 0 not in codes[1:]
    assert (list_copies(stack_world), list_originals(stack_world)) == before
    assert cloudfront.paths == []


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("people/bob.png", "there is no file"),
        ("media/other_study/0123456789abcdef0123.png", "not the address"),
        ("https://example.org/people/ada.png", "not the address"),
        (f"https://d1.cloudfront.net/media/{PROJECT}/../other/0123.png", "not the address"),
    ],
)
def test_a_file_that_the_study_does_not_have(
    stack_world: StudyWorld, run: Run, cloudfront: FakeCloudFront, file: str, said: str
) -> None:
    """Given an unknown path, or the address of another study's file, nothing is deleted."""
    result = run("withdraw-media", file, PROJECT, "--yes")

    assert result.exit_code != 0
    assert said in result.output
    assert len(list_copies(stack_world)) == 3
    assert cloudfront.paths == []


def test_an_interrupted_run_is_finished_by_the_next(
    stack_world: StudyWorld, run: Run, cloudfront: FakeCloudFront
) -> None:
    """Given caches that could not be reached, the next run with the same path removes the file from them."""
    cloudfront.fails = 1
    first = run("withdraw-media", ADA, PROJECT, "--yes")

    second = run("withdraw-media", ADA, PROJECT, "--yes")

    assert first.exit_code != 0
    assert second.exit_code == 0, second.output
    assert len(cloudfront.paths[0]) == 2
    assert set(list_originals(stack_world)) == {CAR}


def put_state(*keys: object) -> Path:
    """Write the state of an interrupted run for ADA into the current folder."""
    path = InterruptedRun(Path(), PROJECT, f"_media/{ADA}").path
    path.write_text(json.dumps({"begun": "", "deleted": {"keys": keys}}))
    return path


@pytest.mark.parametrize(
    "key", ["*", "media/*", "media/other/0123.png", f"media/{PROJECT}/0123.mp4", "\x1b[2J", "car"]
)
def test_a_forged_state_widens_nothing(
    stack_world: StudyWorld, run: Run, cloudfront: FakeCloudFront, key: str
) -> None:
    """Given a state in the folder that names what is not the file's, nothing is deleted."""
    path = put_state(name_copy(stack_world, b"a car") if key == "car" else key)
    before = list_originals(stack_world)

    refused = run("withdraw-media", ADA, PROJECT, "--yes")

    assert refused.exit_code == ExitCode.USAGE
    assert path.name in refused.output
    assert "\x1b" not in refused.output
    assert list_originals(stack_world) == before
    assert (len(list_copies(stack_world)), cloudfront.paths) == (3, [])
    path.unlink()
    assert run("withdraw-media", ADA, PROJECT, "--yes").exit_code == 0
    assert list_copies(stack_world) == {b"a car"}


def test_a_state_whose_originals_are_gone(
    stack_world: StudyWorld, run: Run, cloudfront: FakeCloudFront
) -> None:
    """Given a run that was interrupted after the originals were deleted, the next one finishes it."""
    keys = [name_copy(stack_world, content) for content in (b"Ada", b"Ada, smiling")]
    assert run("withdraw-media", ADA, PROJECT, "--yes").exit_code == 0
    path = put_state(*keys)
    cloudfront.paths.clear()

    again = run("withdraw-media", ADA, PROJECT, "--yes")

    assert again.exit_code == 0, again.output
    assert keys[0] in again.output
    assert cloudfront.paths == [sorted(f"/{key}" for key in keys)]
    assert not path.exists()


def test_the_state_is_not_written_through_a_link(run: Run, tmp_path: Path) -> None:
    """Given a link under the name of the state's draft, the file that it names stays as it is."""
    other = tmp_path / "other"
    other.write_text("mine")
    state = InterruptedRun(Path(), PROJECT, f"_media/{ADA}").path
    state.with_name(f"{state.name}.part").symlink_to(other)

    assert run("withdraw-media", ADA, PROJECT, "--yes").exit_code == 0
    assert other.read_text() == "mine"


def test_a_publication_at_the_same_time_leaves_no_copy(
    stack_world: StudyWorld, run: Run, cloudfront: FakeCloudFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a publication that copies the file again before its originals are gone, that copy goes too."""
    plain = cloudfront.create_invalidation

    def publish_meanwhile(**arguments: Any) -> None:
        plain(**arguments)
        if len(cloudfront.paths) == 1:
            stack_world.update(stack_world.config)

    monkeypatch.setattr(cloudfront, "create_invalidation", publish_meanwhile)

    assert run("withdraw-media", ADA, PROJECT, "--yes").exit_code == 0
    assert list_copies(stack_world) == {b"a car"}
    assert len(cloudfront.paths) == 2


def test_the_receipt_of_a_withdrawal_names_the_command() -> None:
    """Given a withdrawn participant, the receipt says that media stay, and which command deletes them."""
    assert any("withdraw-media" in line for line in receipt.STILL_THERE)
