"""The check that nothing that is published holds a secret: config, step files, and the files of the image."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from hippo_cli.checks.secret_detection import search_file
from hippo_cli.errors import CliError, UsageError
from hippo_cli.findings import Finding, error, warning
from hippo_cli.image.build_context import PROJECT_FILE, make_context
from hippo_cli.image.certificate import PEM_FILES
from hippo_cli.image.dockerfile import ContextUse, find_dockerfile
from hippo_cli.image.env_file import IMAGE_FILE
from hippo_cli.image.image_files import TRIAL_FILE
from hippo_cli.study_folder import CONFIG_FILE, STEP_FOLDER, StudyFolder

PUBLISHED = "secret"
IN_IMAGE = "secret-image"  # irrelevant where an existing image is used
CODES = {PUBLISHED, IN_IMAGE}

# Publishing writes or replaces these, from config.yml.
_WRITTEN = {PROJECT_FILE, TRIAL_FILE}
_REACH = {
    PUBLISHED: "it is stored with the study, which others can read",
    IN_IMAGE: "all who can pull the image can read it",
}


def check_secrets(study: StudyFolder, *, has_image: bool) -> list[Finding]:
    """Return a finding for each line with a secret. The finding does not say what the secret is."""
    return [
        found
        for name, (path, code) in _list_files(study, has_image).items()
        for found in _check(name, path, code)
    ]


def allow_secrets(findings: Iterable[Finding], allowed: Iterable[str]) -> list[Finding]:
    """Return the findings without the secrets that `allowed` names by FILE:LINE.

    Raises UsageError if one of these names none: the line has moved, or the secret is gone.
    """
    findings = list(findings)
    places = {place.replace("\\", "/").removeprefix("./"): place for place in allowed}
    known = {found.format_location() for found in findings if found.code in CODES}
    if unknown := [place for location, place in places.items() if location not in known]:
        raise UsageError(
            f"--allow-secret {unknown[0]} names no finding of a secret",
            "Write FILE:LINE as `hippo check` does.",
        )
    return [found for found in findings if not (found.code in CODES and found.format_location() in places)]


def _list_files(study: StudyFolder, has_image: bool) -> dict[str, tuple[Path, str]]:
    """Return path and code of each file, by its name in the study."""
    files = {CONFIG_FILE: study.directory / CONFIG_FILE}
    files |= {
        f"{STEP_FOLDER}/{name}": path for name, path in {**study.step_files, **study.media_files}.items()
    }
    in_image = dict(_list_image_files(study)) if has_image else {}
    return {name: (path, IN_IMAGE) for name, path in in_image.items()} | {
        name: (path, PUBLISHED) for name, path in files.items()
    }


def _list_image_files(study: StudyFolder) -> Iterator[tuple[str, Path]]:
    """Yield image.env, the Dockerfile, and what it copies; no links, whose targets Docker does not read."""
    if find_dockerfile(study) is None:
        return
    if (variables := study.directory / IMAGE_FILE).is_file():
        yield IMAGE_FILE, variables
    try:
        context = make_context(study, {})
        use = ContextUse(context.files[context.dockerfile].read_text(encoding="utf-8", errors="replace"))
    except CliError:  # reported as `dockerfile-pattern`
        return
    # The target of a link may be copied under the link's name.
    has_links = any(path.is_symlink() for path in context.files.values())
    for name, path in context.files.items():
        is_used = name == context.dockerfile or has_links or use.needs(name)
        if is_used and name not in _WRITTEN and not path.is_symlink():
            yield name, path


def _check(name: str, path: Path, code: str) -> Iterator[Finding]:
    try:
        search = search_file(name, path)
    except OSError:  # reported as `file-unreadable` or `image-file`
        return
    for secret in search.secrets:
        if name == PEM_FILES["privkey"] and secret.kind == "private key":
            continue  # the game servers' certificate, which images of some deployments carry
        location = f"{name}:{secret.line}" if secret.line else name
        what = f"it holds a secret ({secret.kind}): {_REACH[code]}"
        fix = (
            "Remove it, and replace the secret wherever it is valid if others may have seen it. "
            f"If it is not a secret, pass --allow-secret {location}."
        )
        yield error(code, name, secret.line, "", what, fix)
    if not search.complete:
        what = "the text is large, and only its beginning was searched for secrets"
        yield warning("secret-unread", name, 0, "", what, "Make sure that it has none, or keep it elsewhere.")
