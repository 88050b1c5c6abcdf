"""The checks of the game server: its image, its size, its settings, and its cost."""

import os
import re
from collections.abc import Iterator, Mapping

from hippo.studies.study import GAME, read_number
from hippo.studies.task_rules import DEFAULT_CPU, DEFAULT_MEMORY, read_setup_size
from hippo_cli.checks.image import check_image_files
from hippo_cli.checks.trial import check_trial
from hippo_cli.findings import Finding, error, warning
from hippo_cli.image.dockerfile import find_dockerfile, list_sources
from hippo_cli.image.env_file import TARGET, check_env, prepare_env
from hippo_cli.image.game_wheel import is_wheel
from hippo_cli.image.registry import is_repository_name
from hippo_cli.prices import MEMORY_BY_CPU, ServerCost, list_sizes
from hippo_cli.similar_names import advise_similar
from hippo_cli.study_folder import APP_FOLDER, CONFIG_FILE, StudyFolder

PORT = 5000
_EXPOSE = re.compile(rf"^[^\S\n]*EXPOSE\b[^\n#]*\b{PORT}\b", re.IGNORECASE | re.MULTILINE)
_IS_PATTERN = re.compile(r"[$*?\\[]")
_PORT_IN_PROGRAM = re.compile(rf"\b{PORT}\b")
_LARGEST_SOURCE = 1_000_000


def check_server(study: StudyFolder) -> list[Finding]:
    """Return the findings about the game server; none for a study without a game."""
    if not has_game(study):
        return []
    return [
        *_check_size(study),
        *_check_image(study),
        *_check_settings(study),
        *check_trial(study),
        *_check_name(study),
    ]


def has_game(study: StudyFolder) -> bool:
    """Return whether one of the study's steps is the game."""
    steps = study.project.get("steps")
    return isinstance(steps, Mapping) and GAME in steps.values()


def find_cost(study: StudyFolder) -> ServerCost | None:
    """Return a server's maximum cost; None without a game, or if size or maxRuntime is not valid."""
    minutes = read_number(study.project.get("maxRuntime"))
    setup = study.project.get("awsSetup")
    cpu, memory = read_setup_size(setup, "cpu", DEFAULT_CPU), read_setup_size(setup, "memory", DEFAULT_MEMORY)
    if not has_game(study) or not minutes or cpu is None or memory not in MEMORY_BY_CPU.get(cpu, ()):
        return None
    return ServerCost(cpu, memory, minutes)


def _check_size(study: StudyFolder) -> Iterator[Finding]:
    setup = study.project.get("awsSetup")
    cpu, memory = read_setup_size(setup, "cpu", DEFAULT_CPU), read_setup_size(setup, "memory", DEFAULT_MEMORY)
    for key, value, unit in (("cpu", cpu, "vCPUs"), ("memory", memory, "GB")):
        if value is None:
            what = f"it must be a number of {unit}, without a unit"
            yield _report_size(study, key, what, f"For example `{key}: {'1' if key == 'cpu' else '2'}`.")
    if cpu is None or memory is None:
        return
    if cpu not in MEMORY_BY_CPU:
        known = ", ".join(f"{size:g}" for size in MEMORY_BY_CPU)
        what = f"Fargate has no servers with {cpu:g} vCPU"
        yield _report_size(study, "cpu", what, f"Choose one of {known}.")
    elif memory not in MEMORY_BY_CPU[cpu]:
        what = f"Fargate has no server with {cpu:g} vCPU and {memory:g} GB"
        yield _report_size(study, "memory", what, f"With {cpu:g} vCPU, choose from {list_sizes(cpu)} GB.")


def _report_size(study: StudyFolder, key: str, what: str, fix: str) -> Finding:
    line = study.config_file.find_line(("project", "awsSetup", key))
    return error("server-size", CONFIG_FILE, line, f"project.awsSetup.{key}", what, fix)


def _check_image(study: StudyFolder) -> Iterator[Finding]:
    path = find_dockerfile(study)
    if path is None:
        what = "the study has a game, but no Dockerfile that builds its server"
        names = [path.name for path in study.directory.iterdir()]
        fix = "Copy the example's (`hippo new`), or pass an existing image when you publish (--image)."
        fix = advise_similar("Dockerfile", names, renames=True) or fix
        yield error("dockerfile-missing", "Dockerfile", 0, "", what, fix)
        return
    name = path.relative_to(study.directory).as_posix()
    text = path.read_text(encoding="utf-8", errors="replace")
    if not _EXPOSE.search(text) and not _names_port(study, text):
        what = f"neither Dockerfile nor {APP_FOLDER}/ mentions port {PORT}, to which participants connect"
        yield warning(
            "port", name, 0, f"EXPOSE {PORT}", what, f"Listen on that port, and add `EXPOSE {PORT}`."
        )
    # `docker build .` runs in the folder of config.yml, even if the Dockerfile is in App/.
    for source in list_sources(text):
        is_prepared = source.lstrip("/") == TARGET and prepare_env(study)
        if _IS_PATTERN.search(source) or is_wheel(source) or is_prepared:
            continue
        if not os.path.exists(study.directory / source.lstrip("/")):
            line = text.count("\n", 0, text.find(source)) + 1
            fix = "Add the file, or correct the line: paths are relative to the folder of config.yml."
            yield warning(
                "dockerfile-copy", name, line, source, f"{source} is copied, but does not exist", fix
            )
    yield from check_image_files(study)
    yield from check_env(study)


def _names_port(study: StudyFolder, dockerfile: str) -> bool:
    if _PORT_IN_PROGRAM.search(dockerfile):
        return True
    sources = (path for path in sorted((study.directory / APP_FOLDER).rglob("*")) if path.is_file())
    programs = (
        path for path in sources if path.suffix in (".py", ".sh") and path.stat().st_size < _LARGEST_SOURCE
    )
    return any(
        _PORT_IN_PROGRAM.search(path.read_text(encoding="utf-8", errors="replace")) for path in programs
    )


def _check_name(study: StudyFolder) -> Iterator[Finding]:
    """Yield a warning if the id cannot be the name of the study's image repository."""
    name = str(study.project.get("id") or "")
    if study.project.get("useAWS", True) and name and not is_repository_name(name):
        line = study.config_file.find_line(("project", "id"))
        what = f"{name} cannot be the name of an image repository, which needs lower-case letters and digits"
        fix = "Change the id, or publish with an image from another repository (--image)."
        yield warning("image-name", CONFIG_FILE, line, "project.id", what, fix)


def _check_settings(study: StudyFolder) -> Iterator[Finding]:
    if not isinstance(uses := study.project.get("useAWS"), bool | None):
        line = study.config_file.find_line(("project", "useAWS"))
        what = f"{uses!r} is not true or false, and counts as true"
        yield warning(
            "use-aws", CONFIG_FILE, line, "project.useAWS", what, "Write true or false without quotes."
        )
    if not study.project.get("useAWS", True):
        line = study.config_file.find_line(("project", "useAWS"))
        what = "the study has a game, but useAWS is not true, so its server is not published"
        yield warning("use-aws", CONFIG_FILE, line, "project.useAWS", what, "Set it to true.")
    if not study.trial:
        line = study.config_file.find_line(("trial",))
        what = "the study has a game, but no settings for it"
        yield warning(
            "trial", CONFIG_FILE, line, "trial", what, "Write the game server's settings under `trial:`."
        )
