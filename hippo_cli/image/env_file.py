"""The two files of variables: `.env` is for the tool on this machine, `image.env` for the game in its image.

The deployment script of existing studies copied `.env`, with AWS credentials in it, to App/.env. Publishing
never does, and leaves such copies out. The games of these studies read App/.env, so image.env goes there.
"""

import re
from collections.abc import Iterator

from hippo_cli.findings import Finding, error, warning
from hippo_cli.image.dockerfile import find_dockerfile
from hippo_cli.study_folder import APP_FOLDER, StudyFolder

TOOL_FILE = ".env"
IMAGE_FILE = "image.env"
TARGET = f"{APP_FOLDER}/.env"

_READS_ENV = re.compile(r"dotenv|(?<![\w.\])])\.env\b")
_CREDENTIALS = re.compile(r"^[ \t]*(?:export[ \t]+)?AWS_SECRET_ACCESS_KEY[ \t]*=[ \t]*\S", re.MULTILINE)
_PROGRAMS = (".py", ".sh", ".bash")
_LARGEST_PROGRAM = 1024**2  # bytes
_INSTEAD = f"Write what the game needs into {IMAGE_FILE} next to config.yml; the image gets it as {TARGET}."


def is_left_out(name: str) -> bool:
    """Return whether images never get a file of the study, by its path: `.env` of any folder, in any case."""
    return name.rpartition("/")[2].casefold() == TOOL_FILE


def prepare_env(study: StudyFolder) -> dict[str, bytes]:
    """Return image.env by the path that it has in the image; nothing if the study has none of its own."""
    path = study.directory / IMAGE_FILE
    return {TARGET: path.read_bytes()} if path.is_file() and study.may_read(path) else {}


def check_env(study: StudyFolder) -> Iterator[Finding]:
    """Yield a warning if the game reads a file of variables that its image no longer has."""
    present = _list_left_out(study)
    if not present or (study.directory / IMAGE_FILE).exists() or not _reads_env(study):
        return
    files = " or ".join(present)
    what = f"the game seems to read {TARGET}, but publishing no longer puts {files} into the image"
    fix = (
        f"{_INSTEAD} Leave AWS credentials out: the game server has a role. "
        f"An empty {IMAGE_FILE} says that the game needs nothing."
    )
    yield warning("env-file", present[0], 0, "", what, fix)


def check_credentials(study: StudyFolder, *, has_role: bool) -> list[Finding]:
    """Return an error if the game had its AWS credentials from `.env`, and would now have none."""
    path = study.directory / TOOL_FILE
    if has_role or not path.is_file() or prepare_env(study):
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    found = _CREDENTIALS.search(text)
    if found is None:
        return []
    what = (
        "the game server's task definition has no task role, and its image no longer gets these credentials"
    )
    fix = (
        "Ask the operator for a task role, and register a task definition with it. Otherwise write "
        f"credentials with the fewest permissions into {IMAGE_FILE}, and pass --allow-secret for each. "
        f"An empty {IMAGE_FILE} says that the game needs none."
    )
    return [error("env-file", TOOL_FILE, text.count("\n", 0, found.start()) + 1, "", what, fix)]


def _list_left_out(study: StudyFolder) -> list[str]:
    inside = (study.directory / APP_FOLDER).rglob("*")
    names = [path.relative_to(study.directory).as_posix() for path in sorted(inside) if path.is_file()]
    first = [TOOL_FILE] if (study.directory / TOOL_FILE).is_file() else []
    return first + [name for name in names if is_left_out(name)]


def _reads_env(study: StudyFolder) -> bool:
    dockerfile = find_dockerfile(study)
    sources = [path for path in (study.directory / APP_FOLDER).rglob("*") if path.suffix in _PROGRAMS]
    programs = [path for path in sources if path.is_file() and path.stat().st_size <= _LARGEST_PROGRAM]
    return dockerfile is not None and any(
        _READS_ENV.search(path.read_text(encoding="utf-8", errors="replace"))
        for path in [dockerfile, *programs]
    )
