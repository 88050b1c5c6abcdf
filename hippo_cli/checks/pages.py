"""The checks of step files: missing files, their variants, and the content of each."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hippo.errors import BadRequestError
from hippo.ids import is_file_name
from hippo.studies.config_rules import EMPTY
from hippo.studies.media_references import find_references
from hippo.studies.publishing import check_groups
from hippo.studies.study import GAME, order_variants
from hippo_cli.checks.addresses import check_style
from hippo_cli.checks.media import MediaFolder
from hippo_cli.checks.page import read_page
from hippo_cli.file_content import check_page_content, is_pointer, report_pointer
from hippo_cli.findings import Finding, count_errors, error, warning
from hippo_cli.similar_names import advise_similar
from hippo_cli.study_folder import CONFIG_FILE, STEP_FOLDER, StudyFolder

# The response of a Lambda function is at most 6 MB, https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html;
# it holds page and style sheet together, as JSON within JSON.
_LARGEST_RESPONSE = 6_000_000
_LARGE_PAGE = 1_000_000
_NUMBERED = re.compile(r"(.+)-(\d+)\.html")


def check_pages(study: StudyFolder) -> list[Finding]:
    """Return the findings about all step files. Files that no step names are reported, not read."""
    named = _list_named(study)
    if not (study.directory / STEP_FOLDER).is_dir():
        folders = (path.name for path in study.directory.iterdir() if path.is_dir())
        fix = advise_similar(STEP_FOLDER, folders, renames=True) or "Create it, and put the pages into it."
        return [error("folder-missing", STEP_FOLDER, 0, "", "the folder is missing", fix)]
    findings = [found for key, file in named.items() for found in _check_files(study, key, file)]
    findings += _check_groups(study, named)
    texts: dict[str, str] = {}
    for name in _list_used(study, named):
        text, more = _read_text(study.step_files[name], name)
        findings += more
        if text is not None:
            texts[name] = text
    findings += _check_sizes(study, texts)
    media = MediaFolder(study.media_files, study.step_files)
    accepts_untouched = study.project.get("untouched") not in EMPTY
    for name, text in texts.items():
        if name.endswith(".html"):
            findings += read_page(name, text, accepts_untouched=accepts_untouched)
        else:
            findings += check_style(f"{STEP_FOLDER}/{name}", text)
        findings += media.check(name, text, find_references(name, text))
    findings += media.check_files()
    return [*findings, *_find_unused(study, named), *_find_strays(study), *_check_names(study)]


def _list_named(study: StudyFolder) -> dict[str, str]:
    """Return the valid file names in the config, by their keys."""
    steps = study.project.get("steps")
    named = {f"steps.{key}": file for key, file in steps.items()} if isinstance(steps, Mapping) else {}
    pages = {key: file for key, file in named.items() if file != GAME and is_file_name(file, ".html")}
    css = study.project.get("css")
    return pages | ({"css": css} if is_file_name(css, ".css") else {})


def _list_used(study: StudyFolder, named: Mapping[str, str]) -> list[str]:
    existing = set(study.step_files)
    variants = {name for file in named.values() for name in _find_variants(file, existing)}
    return sorted((variants | set(named.values())) & existing)


def _find_variants(file: str, existing: set[str]) -> list[str]:
    return order_variants(file, existing) if file.endswith(".html") else []


def _check_files(study: StudyFolder, key: str, file: str) -> Iterator[Finding]:
    """Yield findings if a file that the config names is missing, or some of its variants are never shown."""
    existing = set(study.step_files)
    variants = _find_variants(file, existing)
    line = study.config_file.find_line(("project", *key.split(".")))
    config_key = f"project.{key}"
    if file not in existing and not variants:
        similar = advise_similar(file, [*existing, *study.media_files, *(name for name, _ in study.strays)])
        fix = similar or f"Put it into {STEP_FOLDER}/."
        yield error("file-missing", CONFIG_FILE, line, config_key, f"{STEP_FOLDER}/{file} is missing", fix)
    if file.endswith(".html"):
        yield from _check_variants(file, existing, variants)


def _check_variants(file: str, existing: set[str], variants: list[str]) -> Iterator[Finding]:
    numbers = sorted(
        int(match[2])
        for name in existing
        if (match := _NUMBERED.fullmatch(name)) and f"{match[1]}.html" == file and _is_plain(match[2])
    )
    count = len([name for name in variants if name != file])
    stem = file.removesuffix(".html")
    for number in numbers[count:]:
        name = f"{stem}-{number}.html"
        what = f"participants never see this variant of {file}, because {stem}-{count}.html is missing"
        yield error(
            "variant-gap", f"{STEP_FOLDER}/{name}", 0, "", what, "Number variants 0, 1, 2 … without gaps."
        )
    if variants and file in existing:
        what = f"it has numbered variants, so it counts as one more group, the last of {len(variants)}"
        fix = f"Remove it, or rename it to {stem}-{count}.html to make that clear."
        yield warning("variant-mixture", f"{STEP_FOLDER}/{file}", 0, "", what, fix)
    elif len(variants) == 1:
        what = f"it is the only variant of {file}, so all participants see it"
        fix = f"Add {stem}-1.html, or rename it to {file}."
        yield warning("variant-single", f"{STEP_FOLDER}/{variants[0]}", 0, "", what, fix)


def _check_groups(study: StudyFolder, named: Mapping[str, str]) -> list[Finding]:
    """Return the error that publishing would raise for balanced groups."""
    existing = set(study.step_files)
    try:
        check_groups(study.project, {file: len(_find_variants(file, existing)) for file in named.values()})
    except BadRequestError as refusal:
        line = study.config_file.find_line(("project", "groups"))
        fix = f"Put the same number of variants of each page into {STEP_FOLDER}/."
        return [error("groups", CONFIG_FILE, line, "project.groups", str(refusal), fix)]
    return []


def _is_plain(number: str) -> bool:
    """Return whether a number is written as 0, 1, 2 …, not as 00, 01."""
    return number.isascii() and number == str(int(number))


def _read_text(path: Path, name: str) -> tuple[str | None, list[Finding]]:
    file = f"{STEP_FOLDER}/{name}"
    try:
        body = path.read_bytes()
    except OSError as fault:
        reason = fault.strerror or str(fault)
        return None, [
            error("file-unreadable", file, 0, "", f"cannot be read: {reason}", "Fix the file's permissions.")
        ]
    if is_pointer(body):
        return None, [report_pointer(file)]
    if not body.strip():
        return None, [
            error("file-empty", file, 0, "", "the file is empty", "Write the page, or remove its step.")
        ]
    findings = list(check_page_content(file, body))
    if count_errors(findings):
        return None, findings
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = body[: fault.start].count(b"\n") + 1
        what = "a character is not UTF-8"
        return None, [error("not-utf-8", file, line, "", what, "Save the file as UTF-8.")]
    if text.startswith("\ufeff"):
        what = "it begins with a byte order mark, which publishing removes"
        mark = warning("byte-order-mark", file, 1, "", what, "Save it as UTF-8 without BOM.")
        return text[1:], [*findings, mark]
    return text, findings


def _check_sizes(study: StudyFolder, texts: Mapping[str, str]) -> Iterator[Finding]:
    css = study.project.get("css")
    style = texts.get(css, "") if isinstance(css, str) else ""
    for name, text in texts.items():
        # Encoded once for the response's body, and again for the envelope around the body.
        size = len(json.dumps(json.dumps({"page": text, "css": style})))
        file, fix = f"{STEP_FOLDER}/{name}", "Save pictures as files of their own instead of inside the page."
        if name.endswith(".html") and size > _LARGEST_RESPONSE:
            what = f"{size / 1e6:.1f} MB in the response with its style sheet; the limit is 6 MB"
            yield error("file-huge", file, 0, "", what, fix)
        elif (length := len(text.encode())) > _LARGE_PAGE:
            what = f"{length / 1e6:.1f} MB, which participants download each time they see the page"
            yield warning("file-large", file, 0, "", what, fix)


def _find_strays(study: StudyFolder) -> Iterator[Finding]:
    for name, why in study.strays:
        fix = f"Move or copy the file into {STEP_FOLDER}/, or remove it."
        yield warning("not-published", f"{STEP_FOLDER}/{name}", 0, "", f"not published: {why}", fix)


def _check_names(study: StudyFolder) -> Iterator[Finding]:
    """Yield an error for each file whose name is not UTF-8, which keys in S3 must be."""
    for name in (*study.step_files, *study.media_files):
        try:
            name.encode()
        except UnicodeEncodeError:
            what = "the file's name is not UTF-8, so it cannot be published"
            yield error("file-name", f"{STEP_FOLDER}/{name}", 0, "", what, "Rename the file.")


def _find_unused(study: StudyFolder, named: Mapping[str, Any]) -> Iterator[Finding]:
    used = {*_list_used(study, named), *named.values()}
    stems = {name.removesuffix(".html") for name in named.values()}
    for name in sorted(set(study.step_files) - used):
        match = _NUMBERED.fullmatch(name)
        if match and match[1] in stems and _is_plain(match[2]):
            continue  # reported as a gap in the variants
        fix = "Name it under steps (or css) in config.yml, or remove it."
        yield warning(
            "file-unused",
            f"{STEP_FOLDER}/{name}",
            0,
            "",
            "the config does not name it, so it is never shown",
            fix,
        )
