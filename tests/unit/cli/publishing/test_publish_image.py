"""Tests of `hippo publish` and the game server's image: its files, when it is built, and Docker's calls."""

import shutil
import subprocess
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from hippo_cli.errors import ExitCode, MachineError
from hippo_cli.image.build_context import make_context
from hippo_cli.image.docker import build_image
from hippo_cli.image.docker_ignore import DockerIgnore
from hippo_cli.image.dockerfile import ContextUse
from hippo_cli.study_folder import StudyFolder
from tests.support.study_world import BUCKET
from tests.unit.cli.conftest import SmallStudy
from tests.unit.cli.publishing.test_publish import IMAGE, publish
from tests.unit.cli.publishing_world import Deployment, FakeDocker

Run = Callable[..., Any]
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"


def name_certificate(study: SmallStudy, bucket: str, fullchain: str, privkey: str) -> None:
    """Write `ssl` into the config."""
    names = f"{{sslBucket: {bucket}, fullchain: {fullchain}, privkey: {privkey}}}"
    study.edit("trial:\n", f"  ssl: {names}\ntrial:\n")


def test_image_is_built_and_pushed(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given no image yet, the repository is created, and Docker builds for Fargate and pushes with a hash."""
    output = publish(run, study)

    (repository,) = deployment.ecr.describe_repositories()["repositories"]
    pinned = output["image"]["reference"]
    reference = docker.calls[-1][1]
    assert [reference.rpartition(":")[0], pinned.partition("@")[0]] == [repository["repositoryUri"]] * 2
    registry = reference.partition("/")[0]
    assert docker.calls == [
        ["build", "--platform", "linux/amd64", "--tag", reference, "--file", "Dockerfile", "-"],
        ["login", "--username", "AWS", "--password-stdin", registry],
        ["push", reference],
    ]
    assert docker.read_stdin("login")
    (found,) = deployment.definitions()
    assert found["containerDefinitions"][0]["image"] == pinned
    assert "TRIAL_CONFIG" not in str(found["containerDefinitions"][0]["environment"])


def test_files_of_the_image(deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy) -> None:
    """Given image.env and settings, the image gets both, and the folder stays unchanged."""
    study.write("image.env", "LEVEL=1\n")
    study.edit("  game: x\n", "  game: x\n  since: 2030-01-01\n  ui: {left: true, right: false}\n")
    before = sorted(study.directory.rglob("*"))

    publish(run, study)

    context = docker.read_context()
    assert context["App/server.py"] == b"print('hello')\n"
    assert context["App/.env"] == b"LEVEL=1\n"
    trial = yaml.safe_load(context["App/.trialConfig.yml"])["trial"]
    assert (trial["projectId"], trial["bucket"], trial["ui"]) == ("small", BUCKET, ["left"])
    assert str(trial["since"]) == "2030-01-01"
    assert sorted(study.directory.rglob("*")) == before


def test_certificate_that_the_image_carries(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given images that carry the certificate, it is fetched, and a renewed one leads to a new image."""
    deployment.set(GameCertificate="image")
    name_certificate(study, BUCKET, "SSL/a.pem", "SSL/b.pem")
    missing = publish(run, study)
    for key, content in (("SSL/a.pem", CERTIFICATE), ("SSL/b.pem", KEY)):
        deployment.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    first = publish(run, study)
    context = docker.read_context()
    deployment.s3.put_object(Bucket=BUCKET, Key="SSL/b.pem", Body=KEY.replace(b"MIIE", b"MIIF"))
    renewed = publish(run, study)

    assert [found["code"] for found in missing["findings"]] == ["certificate"]
    assert "NoSuchKey" in missing["findings"][0]["what"]
    assert first["findings"] == []
    assert (context["App/fullchain.pem"], context["App/privkey.pem"]) == (CERTIFICATE, KEY)
    assert not list(study.directory.rglob("*.pem"))
    assert renewed["image"]["reference"] != first["image"]["reference"]
    assert "TLS_CERTIFICATE" not in str(deployment.definitions()[-1])


@pytest.mark.parametrize(
    ("fullchain", "privkey", "reason"),
    [
        ("other/Users/u1", "SSL/privkey.pem", "other/Users/u1 is neither in SSL/ nor in small/"),
        ("SSL/fullchain.pem", "other/privkey.pem", "other/privkey.pem is neither"),
        ("SSL/../other/Users/u1", "SSL/privkey.pem", "is neither"),
        ("SSL/answers", "SSL/privkey.pem", "SSL/answers is not a certificate in PEM"),
        ("SSL/privkey.pem", "SSL/privkey.pem", "SSL/privkey.pem is not a certificate in PEM"),
        ("SSL/fullchain.pem", "SSL/fullchain.pem", "SSL/fullchain.pem is not a private key"),
    ],
)
def test_objects_that_are_not_the_certificate(
    deployment: Deployment,
    docker: FakeDocker,
    run: Run,
    study: SmallStudy,
    fullchain: str,
    privkey: str,
    reason: str,
) -> None:
    """Given `ssl` that names other objects that the publisher may read, publishing refuses."""
    deployment.set(GameCertificate="image")
    answers = b'{"answers": "of a participant"}'
    objects = {"other/Users/u1": answers, "SSL/answers": answers, "other/privkey.pem": KEY}
    for key, content in {**objects, "SSL/fullchain.pem": CERTIFICATE, "SSL/privkey.pem": KEY}.items():
        deployment.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    name_certificate(study, BUCKET, fullchain, privkey)

    result = run("publish", study.directory, "--yes", "--json")

    assert result.exit_code == ExitCode.PROBLEMS
    assert docker.calls == []
    assert reason in result.output
    assert "of a participant" not in result.output


@pytest.mark.parametrize("folder", ["", "SSL/", "SSL/2030/", "small/tls/"])
def test_places_of_the_certificate(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy, folder: str
) -> None:
    """Given the certificate where existing studies have it, only its PEM gets into the image."""
    deployment.set(GameCertificate="image")
    for name, content in (("a.pem", b"Bag Attributes: x\n" + CERTIFICATE + KEY), ("b.pem", KEY)):
        deployment.s3.put_object(Bucket=BUCKET, Key=f"{folder}{name}", Body=content)
    name_certificate(study, BUCKET, f"{folder}a.pem", f"{folder}b.pem")

    assert publish(run, study)["findings"] == []
    context = docker.read_context()
    assert (context["App/fullchain.pem"], context["App/privkey.pem"]) == (CERTIFICATE, KEY)


def test_certificate_in_another_bucket(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given a certificate in a bucket that is not the deployment's, the plan shows it."""
    deployment.set(GameCertificate="image")
    region = {"LocationConstraint": "ca-central-1"}
    deployment.s3.create_bucket(Bucket="certificates", CreateBucketConfiguration=region)
    for key, content in (("x/a.pem", CERTIFICATE), ("x/b.pem", KEY)):
        deployment.s3.put_object(Bucket="certificates", Key=key, Body=content)
    name_certificate(study, "certificates", "x/a.pem", "x/b.pem")

    shown = run("publish", study.directory, "--dry-run")
    (found,) = publish(run, study)["findings"]

    assert "s3://certificates/x/a.pem and s3://certificates/x/b.pem" in found["what"]
    assert (found["code"], found["severity"]) == ("certificate", "warning")
    assert "s3://certificates/x/b.pem" in shown.output
    assert docker.read_context()["App/privkey.pem"] == KEY


def test_certificate_in_the_folder(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given the researcher's own certificate in App, it is used unchanged, without a warning."""
    deployment.set(GameCertificate="image")
    for name in ("fullchain.pem", "privkey.pem"):
        study.write(f"App/{name}", "own")

    assert publish(run, study)["findings"] == []
    assert docker.read_context()["App/privkey.pem"] == b"own"


def test_rebuild(deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy) -> None:
    """Given an existing image, --rebuild builds another one, with a revision of its own."""
    first = publish(run, study)
    publish(run, study)
    assert len(docker.calls) == 3

    again = publish(run, study, "--rebuild")

    assert len(docker.calls) == 6
    assert docker.calls[2] == docker.calls[5]
    assert again["image"]["reference"] != first["image"]["reference"]
    assert again["version"] != first["version"]


def test_built_for_the_processor_of_the_task_definition(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy
) -> None:
    """Given a newest revision for ARM, the image and the next revision are for ARM too."""
    publish(run, study, "--image", IMAGE)
    (found,) = deployment.definitions()
    names = ("family", "cpu", "memory", "networkMode", "requiresCompatibilities", "containerDefinitions")
    platform = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    deployment.ecs.register_task_definition(**{name: found[name] for name in names}, runtimePlatform=platform)

    publish(run, study)

    build = docker.calls[0]
    assert build[build.index("--platform") + 1] == "linux/arm64"
    assert deployment.definitions()[-1]["runtimePlatform"] == platform


def test_no_docker(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a Docker that is not running or not installed, nothing is sent, and --image is suggested."""
    docker.fail("version")
    stopped = run("publish", study.directory, "--yes")
    monkeypatch.setenv("PATH", "/nowhere")
    absent = run("publish", study.directory, "--yes")

    assert (stopped.exit_code, absent.exit_code) == (ExitCode.MACHINE, ExitCode.MACHINE)
    assert "Docker is not running: Cannot connect to the Docker daemon" in stopped.stderr
    assert "Docker is not installed" in absent.stderr
    assert all("--image" in result.stderr for result in (stopped, absent))
    assert deployment.keys() == []
    assert publish(run, study, "--image", IMAGE)["published"]


@pytest.mark.parametrize("command", ["build", "login", "push"])
def test_docker_fails(
    deployment: Deployment, docker: FakeDocker, run: Run, study: SmallStudy, command: str
) -> None:
    """Given a Docker command that fails, the study is not listed, and the next run completes the work."""
    docker.fail(command)
    result = run("publish", study.directory, "--yes")
    assert result.exit_code == ExitCode.MACHINE, result.output
    assert "exit code 1" in result.stderr
    assert deployment.invocations == deployment.definitions() == []
    docker.fail("")

    output = publish(run, study)

    assert output["published"]
    assert output["files"]["changed"] == []


def test_docker_that_stops_reading(study: SmallStudy, docker: FakeDocker, tmp_path: Path) -> None:
    """Given a context larger than a pipe, and a Docker that exits early, its failure is reported."""
    study.write("App/model.bin", b"0" * 500_000)
    (tmp_path / "docker" / "docker").write_text("#!/bin/sh\nexit 3\n")

    with pytest.raises(MachineError, match="exit code 3"):
        build_image(make_context(StudyFolder(study.directory), {}), "small:1", "linux/amd64")


def test_ids_that_are_not_repository_names(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given an id with capitals, the error comes before anything is sent; an existing image works."""
    study.edit("id: small", "id: Small-Study")

    result = run("publish", study.directory, "--yes")

    assert result.exit_code == ExitCode.PROBLEMS
    assert "Small-Study cannot be the name of a repository" in result.stderr
    assert deployment.keys("Small-Study") == []
    assert publish(run, study, "--image", IMAGE)["published"]


def test_existing_image_needs_no_dockerfile(deployment: Deployment, run: Run, study: SmallStudy) -> None:
    """Given no Dockerfile, --image publishes the study, and an invalid name is refused."""
    (study.directory / "Dockerfile").unlink()

    assert publish(run, study, "--image", IMAGE)["image"] == {"reference": IMAGE, "builds": False}
    assert run("publish", study.directory, "--yes").exit_code == ExitCode.PROBLEMS
    assert run("publish", study.directory, "--image", "a b").exit_code == ExitCode.USAGE


def make_tag(study: SmallStudy) -> str:
    """Return the current tag of the study's image."""
    return make_context(StudyFolder(study.directory), {}).tag


def test_only_files_of_the_image_change_its_tag(study: SmallStudy) -> None:
    """Given changes of pages, caches and ignored files, the tag stays; a changed program changes it."""
    study.write(".dockerignore", "App/data\n**/*.log\n")
    tag = make_tag(study)
    study.page("<p>other</p>")
    for name in ("App/data/trial.json", "App/deep/x.log", "App/__pycache__/server.pyc", ".git/HEAD"):
        study.write(name, "x")
    same = make_tag(study)
    study.write("App/server.py", "print('bye')\n")
    program = make_tag(study)
    (study.directory / "App/server.py").chmod(0o755)
    mode = make_tag(study)
    study.write("Dockerfile", "FROM python:3.14\nCOPY App/ ./\nEXPOSE 5000\n")

    assert same == tag
    assert len({tag, program, mode, make_tag(study)}) == 4


def test_context_is_an_archive_of_what_is_not_ignored(study: SmallStudy) -> None:
    """Given ignored files, links and a Dockerfile in App, the archive has what Docker would read."""
    (study.directory / "Dockerfile").rename(study.directory / "App/Dockerfile")
    study.write(".dockerignore", "*\n!App\nApp/secret.txt\n")
    study.write("App/secret.txt", "x")
    (study.directory / "App/link").symlink_to("server.py")
    archive = BytesIO()

    context = make_context(StudyFolder(study.directory), {"App/.env": b"x"})
    context.write(archive)

    archive.seek(0)
    with tarfile.open(fileobj=archive) as opened:
        entries = {entry.name: (entry.mode, entry.uid, entry.mtime, entry.linkname) for entry in opened}
    assert context.dockerfile == "App/Dockerfile"
    assert entries.keys() == {"App/Dockerfile", "App/server.py", "App/link", "App/.env"}
    assert entries["App/server.py"] == (0o644, 0, 0, "")
    assert entries["App/link"][3] == "server.py"


@pytest.mark.parametrize(
    ("lines", "excluded", "kept"),
    [
        (["*", "!App"], ["config.yml", "StepFiles/a.html"], ["App/server.py", "App"]),
        (["# comment", "", "App/data/"], ["App/data/x", "App/data"], ["App/database", "data/x"]),
        (["**/*.pyc"], ["a.pyc", "App/deep/b.pyc"], ["App/b.py"]),
        (["/App/*.log"], ["App/a.log"], ["App/deep/a.log"]),
        (["App/?[0-9].txt"], ["App/a1.txt"], ["App/ab.txt", "App/aa1.txt"]),
        (["App/**", "!App/a/**/keep"], ["App/x/y"], ["App/a/b/keep", "App/a/keep"]),
        (["a+b (1).txt", "."], ["a+b (1).txt"], ["aab (1).txt"]),
    ],
)
def test_docker_ignore(lines: list[str], excluded: list[str], kept: list[str]) -> None:
    """Given patterns of a .dockerignore, exactly the matching files are left out."""
    ignore = DockerIgnore(lines)

    assert [path for path in excluded + kept if ignore.excludes(path)] == excluded


@pytest.mark.parametrize(
    ("text", "needed", "other"),
    [
        ("COPY App/ ./", ["App/a", "App"], ["StepFiles/a", "Application"]),
        ("copy --chown=me:me --chmod=755 a b/c /x/", ["a", "b/c", "b/c/d"], ["b/e"]),
        ('ADD ["my file", "/x"]', ["my file"], ["my"]),
        ("COPY \\\n  a \\\n  # why\n  b /x", ["a", "b"], ["x"]),
        ("COPY --from=build /out /x", [], ["out"]),
        ("ADD https://example.org/x /x\nCOPY <<EOF /y\nx\nEOF", [], ["x"]),
        ("COPY *.py /x", ["a.py"], ["a.txt", "deep/a.py"]),
        ("COPY . /x", ["a", "b/c"], []),
        ("COPY $WHAT /x", ["a"], []),
        ("RUN --mount=type=bind,target=/src make", ["a"], []),
        ("RUN --mount=type=cache,from=x make", [], ["a"]),
        ("RUN --mount=type=bind,target=/src --mount=type=cache,from=x make", ["a"], []),
    ],
)
def test_sources_of_a_dockerfile(text: str, needed: list[str], other: list[str]) -> None:
    """Given instructions of a Dockerfile, exactly the files that they copy can change the image."""
    use = ContextUse(f"FROM scratch\n{text}\n")

    assert [path for path in needed + other if use.needs(path)] == needed


def test_real_docker_takes_the_command_line(study: SmallStudy) -> None:
    """Given Docker's own client, where installed, it knows each option that the tool passes."""
    if not shutil.which("docker"):
        pytest.skip("Docker is not installed")
    described = {
        command: subprocess.run(["docker", *command, "--help"], capture_output=True, text=True).stdout
        for command in (("build",), ("login",), ("push",))
    }

    assert all(option in described["build",] for option in ("--platform", "--tag", "--file"))
    assert all(option in described["login",] for option in ("--username", "--password-stdin"))
    assert "push" in described["push",]
