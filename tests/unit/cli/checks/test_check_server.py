"""Tests of `hippo check` on the game server: its image, its size and its cost."""

import pytest

from hippo_cli.checks.server import find_cost
from hippo_cli.image.game_wheel import FILE_NAME
from hippo_cli.prices import ADDRESS_HOUR, GB_HOUR, MEMORY_BY_CPU, VCPU_HOUR, list_sizes
from hippo_cli.study_folder import StudyFolder
from tests.support.paths import ROOT
from tests.unit.cli.conftest import BASE, SmallStudy

COSTS = (ROOT / "docs/reference/costs.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("cpu", "memory", "line", "advice"),
    [
        ("3", "8", 19, "0.25, 0.5, 1, 2, 4, 8, 16"),
        ("1", "16", 20, "2 to 8"),
        ("8", "18", 20, "in steps of 4"),
        ("one", "2", 19, "cpu: 1"),
        ("1", "2 GB", 20, "memory: 2"),
        ("true", "2", 19, "cpu: 1"),
    ],
)
def test_sizes_that_fargate_does_not_have(
    study: SmallStudy, cpu: str, memory: str, line: int, advice: str
) -> None:
    """Given a pair of cpu and memory that Fargate does not have, the error names the valid ones."""
    study.edit("    cpu: 1\n    memory: 2\n", f"    cpu: {cpu}\n    memory: {memory}\n")

    (found,) = study.check()

    assert (found.code, found.line) == ("server-size", line)
    assert advice in found.fix
    assert find_cost(StudyFolder(study.directory)) is None


def test_every_size_has_a_description() -> None:
    """Given each number of vCPUs, its memory sizes are described as ranges, and unknown numbers as empty."""
    assert [list_sizes(cpu) for cpu in MEMORY_BY_CPU] == [
        "0.5, 1, 2",
        "1, 2, 3, 4",
        "2 to 8",
        "4 to 16",
        "8 to 30",
        "16 to 60 in steps of 4",
        "32 to 120 in steps of 8",
    ]
    assert list_sizes(3) == ""


def test_cost_is_that_of_the_docs(study: SmallStudy) -> None:
    """Given 1 vCPU, 2 GB and 30 minutes, the cost is that of docs/reference/costs.md."""
    cost = find_cost(StudyFolder(study.directory))

    assert cost
    assert f"{cost.dollars:.3f}" == "0.027"
    assert "| 0.0247 |" in COSTS
    assert "| 0.0025 |" in COSTS
    assert all(str(price) in COSTS for price in (VCPU_HOUR, GB_HOUR, ADDRESS_HOUR))


def test_a_study_without_a_game_needs_no_server(study: SmallStudy) -> None:
    """Given no game, the check needs no Dockerfile, and the cost is None."""
    study.edit("    2: game\n", "    2: consent.html\n")
    (study.directory / "Dockerfile").unlink()

    assert study.check() == []
    assert find_cost(StudyFolder(study.directory)) is None


@pytest.mark.parametrize(
    ("dockerfile", "program", "expected"),
    [
        (None, "", [("dockerfile-missing", "Dockerfile", 0)]),
        ("FROM x\nEXPOSE 8080\n", "", [("port", "Dockerfile", 0)]),
        ("FROM x\n", "listen(5000)", []),
        ("FROM x\nEXPOSE 80 5000/tcp\n", "", []),
        ("FROM x\nEXPOSE 5000\nCOPY App/none.txt ./\n", "", [("dockerfile-copy", "Dockerfile", 3)]),
        (f"FROM x\nEXPOSE 5000\nCOPY hippo_game-*.whl {FILE_NAME} /x/\n", "", []),
        ("FROM x\nEXPOSE 5000\nCOPY --from=build /a /b\nADD https://x.org/a ./\nCOPY *.txt $X ./\n", "", []),
        ("FROM x\nEXPOSE 5000\nCOPY <<EOF /x\nCOPY none /y\nEOF\nADD git@github.com:a/b.git /x\n", "", []),
        (
            "FROM x\nEXPOSE 5000\nRUN <<'END' bash\nCOPY none /y\nEND\nCOPY \"App\" 'App/s?rver.py' /x\n",
            "",
            [],
        ),
        (f"FROM x\nEXPOSE 5000\nCOPY {'x' * 300} /x\n", "", [("dockerfile-copy", "Dockerfile", 3)]),
        ('FROM x\nEXPOSE 5000\nCOPY ["none", "/x"]\n', "", [("dockerfile-copy", "Dockerfile", 3)]),
        ("FROM x\nEXPOSE 5000\nCOPY App \\\n  none /x\n", "", [("dockerfile-copy", "Dockerfile", 4)]),
    ],
)
def test_image(
    study: SmallStudy, dockerfile: str | None, program: str, expected: list[tuple[str, str, int]]
) -> None:
    """Given a Dockerfile that is missing, names no port or copies a missing file, the check reports it."""
    (study.directory / "Dockerfile").unlink()
    if dockerfile is not None:
        study.write("Dockerfile", dockerfile.replace("FROM x", f"FROM {BASE} AS build"))
    study.write("App/server.py", program)

    assert study.codes() == expected


def test_a_game_without_settings(study: SmallStudy) -> None:
    """Given a game without trial settings, and useAWS false, the check warns about each."""
    study.edit("trial:\n  game: x\n", "trial:\n")
    study.edit("useAWS: true", "useAWS: false")

    assert study.codes() == [("use-aws", "config.yml", 16), ("trial", "config.yml", 22)]
