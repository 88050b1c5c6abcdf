"""Tests of `hippo check` on what an image is built from: base images by digest, packages by hash."""

import pytest

from hippo_cli.findings import Severity
from hippo_cli.image.dockerfile import list_images
from tests.support.paths import EXAMPLE
from tests.unit.cli.conftest import BASE, SmallStudy

HASH = f"--hash=sha256:{'0' * 64}"
INSTALLS = f"FROM {BASE}\nCOPY App/ ./\nEXPOSE 5000\nRUN pip install {{}}-r requirements.txt\n"


@pytest.mark.parametrize(
    ("text", "images"),
    [
        ("FROM a\n", ["a"]),
        ("FROM --platform=linux/amd64 a:1 AS x\nFROM x\nCOPY --from=x /a /b\nCOPY --from=0 /a /b\n", ["a:1"]),
        ("from a as X\nCOPY --chown=1 --from=tools:2 /a /b\nFROM x\n", ["a", "tools:2"]),
        ("ARG BASE=a:1\nARG TAG\nFROM ${BASE}\nFROM scratch\n", ["a:1"]),
        ("FROM a:$TAG\n", []),
    ],
)
def test_the_images_of_a_dockerfile(text: str, images: list[str]) -> None:
    """Given a Dockerfile, its images are those that it takes from a registry, without its own stages."""
    assert list(list_images(text)) == images


@pytest.mark.parametrize(
    "base", ["python:3.13", "python", "registry.example.org:5000/python:3.13@sha256:abc"]
)
def test_a_base_image_by_its_tag(study: SmallStudy, base: str) -> None:
    """Given a base image without a digest, the check warns, with a command that shows the digest."""
    study.write("Dockerfile", f"# A game\nFROM {base} AS game\nCOPY App/ ./\nEXPOSE 5000\n")

    (found,) = study.check()

    assert (found.severity, found.code, found.line) == (Severity.WARNING, "not-pinned", 2)
    assert f"docker buildx imagetools inspect {base}" in found.fix


def test_packages_without_hashes(study: SmallStudy) -> None:
    """Given a plain list of packages, as existing studies have, the check warns, without an error."""
    study.write("Dockerfile", INSTALLS.format(""))
    study.write("App/requirements.txt", "# Packages\n--no-binary x\nboto3>=1.0\nnumpy\n")

    (found,) = study.check()

    assert (found.severity, found.code, found.format_location()) == (
        Severity.WARNING,
        "not-pinned",
        "App/requirements.txt:3",
    )


@pytest.mark.parametrize(
    ("option", "packages", "expected"),
    [
        ("", f"a==1 \\\r\n    {HASH} \\\r\n    {HASH}\r\nb==2 {HASH} # why\r\n", []),
        ("", f"a==1 {HASH}\nb==2\n", [("not-pinned", "App/requirements.txt", 2)]),
        ("--require-hashes ", "a==1\n", [("not-pinned", "App/requirements.txt", 1)]),
        (
            "--require-hashes ",
            f"a==1 \\\n    {HASH}\n    # via b\n\nb==2\n",
            [("not-pinned", "App/requirements.txt", 5)],
        ),
    ],
)
def test_packages_that_pip_refuses(
    study: SmallStudy, option: str, packages: str, expected: list[tuple[str, str, int]]
) -> None:
    """Given a package without a hash where pip requires hashes, no image can be built, which is an error."""
    study.write("Dockerfile", INSTALLS.format(option))
    study.write("App/requirements.txt", packages)

    findings = study.check()

    assert [(found.code, found.file, found.line) for found in findings] == expected
    assert all(found.severity == Severity.ERROR for found in findings)


def test_a_list_that_the_image_does_not_install(study: SmallStudy) -> None:
    """Given a list of packages that the Dockerfile does not install, there is no finding."""
    study.write("App/requirements.txt", "boto3\n")

    assert study.codes() == []


def test_the_example_is_pinned() -> None:
    """Given the example, its base image has a digest, and pip accepts only the files that its lock names."""
    dockerfile = (EXAMPLE / "Dockerfile").read_text(encoding="utf-8")
    lock = (EXAMPLE / "App/requirements.txt").read_text(encoding="utf-8")
    wanted = (EXAMPLE / "App/requirements.in").read_text(encoding="utf-8")

    (base,) = list_images(dockerfile)
    names = {line.partition(">")[0] for line in wanted.splitlines() if not line.startswith("#")}

    assert base.startswith("python:3.13-slim@sha256:")
    assert "--require-hashes -r requirements.txt" in dockerfile
    assert all(f"\n{name}==" in f"\n{lock}" for name in names)
