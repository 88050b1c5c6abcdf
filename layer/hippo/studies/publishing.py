"""The publication of a project.

Publishing freezes config and pages as a version, which the list then names.

A version is one immutable object, `{projectId}/_versions/{hash}.json`. A cache of it never goes stale, and
participants finish a study with the version that they began with.

switching.py handles the events that open, close or delete a project.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from hippo.aws.s3 import ObjectStore, StoredObject, change_object
from hippo.clock import Clock
from hippo.errors import BadRequestError, BrokenListError, ConflictError
from hippo.ids import compose_name
from hippo.stored_json import format_json, parse_object
from hippo.studies.options import BALANCED
from hippo.studies.ownership import confirm_unchanged, keep_config, read_own_config
from hippo.studies.study import GAME, order_variants

logger = logging.getLogger(__name__)
MASTER_LIST = "project_master_list.json"
# About 1,000 usual studies. Functions read the whole list, and the worst of this size takes 54 MB to parse.
LARGEST_LIST = 2 * 1024 * 1024
# No participant waits for a publication, so there are more tries than usual: up to 2.6 s of pauses.
_LIST_TRIES = 12


class Media(Protocol):
    """A publisher of the files that step files refer to: `hippo.studies.media.MediaPublisher`."""

    def publish(
        self, store: ObjectStore, project_id: str, files: Mapping[str, str]
    ) -> tuple[dict[str, str], list[str]]:
        """Return the step files with the addresses of their media, and warnings."""


def version_key(project_id: str, version: str) -> str:
    """Return the S3 key of a version."""
    return f"{project_id}/_versions/{version}.json"


def publish(
    own: ObjectStore,
    buckets: Mapping[str, ObjectStore],
    event: Mapping[str, Any],
    make_media: Callable[[], Media],
    clock: Clock,
) -> tuple[str, list[str]]:
    """Freeze a checked config's version and list it; return the version and a warning for each missing file.

    The researchers' own config decides, if the project has one. Raises what `OwnConfig.take`,
    `freeze_version` and `list_project` raise.
    """
    seen = read_own_config(own, event["id"])
    event = seen.take(event) if seen else event
    config = keep_config(event)
    store = buckets[config["bucket"]] if config.get("bucket") else own
    version, missing = freeze_version(store, config, make_media(), read_expected(event))
    confirm = confirm_unchanged(own, config["id"], seen)
    list_project(own, {**config, "version": version}, clock, confirm)
    return version, missing


def freeze_version(
    store: ObjectStore,
    config: Mapping[str, Any],
    media: Media | None = None,
    expected: Mapping[str, str] | None = None,
) -> tuple[str, list[str]]:
    """Freeze the current config, pages and media; return the version and a warning for each missing file.

    The version is a hash of the content: publishing the same content again returns the same version. Without
    `media` the pages are frozen unchanged. `expected` holds the SHA-256 of each step file, by name, that the
    sender uploaded; a different file was changed since. Names are compared in composed form.

    Raises BadRequestError for a changed file, and for groups that cannot be balanced.
    """
    project_id = config["id"]
    keys = [entry.key for entry in store.list_objects(f"{project_id}/")]
    # In the order of UTF-8, a composed name comes after its decomposed forms, and replaces them here.
    existing = {compose_name(key.removeprefix(f"{project_id}/")): key for key in sorted(keys)}
    steps = {file for file in config["steps"].values() if file != GAME}
    variants = {file: names for file in steps if (names := order_variants(file, set(existing)))}
    check_groups(config, {file: len(variants.get(file, ())) for file in sorted(steps)})
    wanted = {name for file in steps for name in variants.get(file, [file])}
    wanted |= {config["css"]} if config.get("css") else set()
    warnings, files, changed = [], {}, []
    for name in sorted(wanted):
        stored = store.read(existing[name]) if name in existing else None
        if expected is not None and _hash(stored) != expected.get(name):
            changed.append(f"{name}: was changed by someone else after it was sent; publish again")
        if stored is None:
            warnings.append(f"{name}: not found in s3://{store.bucket}/{project_id}/")
            continue
        try:
            files[name] = stored.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            files[name] = stored.body.decode("utf-8", errors="replace")
            warnings.append(f"{name}: not UTF-8, some characters were replaced")
    if changed:
        raise BadRequestError("\n".join(changed))
    if media:
        files, more = media.publish(store, project_id, files)
        warnings += more
    frozen = {"config": dict(config), "variants": variants, "files": files}
    # The hash is of the text in ASCII, as in earlier releases: what was published before keeps its version.
    version = hashlib.sha256(json.dumps(frozen, sort_keys=True).encode()).hexdigest()[:16]
    with suppress(ConflictError):  # the same content was frozen before
        store.create(version_key(project_id, version), format_json(frozen, sort_keys=True))
    return version, warnings


def read_expected(event: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the hashes of step files in the event's `files`, None if it has none. Raises BadRequestError."""
    files = event.get("files")
    if files is None:
        return None
    if not isinstance(files, dict) or not all(isinstance(value, str) for value in files.values()):
        raise BadRequestError("files: must map the name of each step file to its SHA-256")
    return files


def _hash(stored: StoredObject | None) -> str | None:
    return hashlib.sha256(stored.body).hexdigest() if stored else None


def check_groups(config: Mapping[str, Any], variants: Mapping[str, int]) -> None:
    """Raise BadRequestError unless balanced groups are the same on every page.

    `variants` is the number of variants of each step file, 0 for a file without variants.
    """
    numbers = {file: number for file, number in variants.items() if number}
    if config.get("groups") != BALANCED:
        return
    if len(set(numbers.values())) > 1:
        found = ", ".join(f"{file} has {number}" for file, number in numbers.items())
        raise BadRequestError(
            f"groups: balanced needs the same number of variants of each page that has any: {found}"
        )
    if max(numbers.values(), default=0) < 2:
        raise BadRequestError(
            "groups: balanced needs variants of a page, such as survey-0.html and survey-1.html; "
            "they may be identical if only the game differs"
        )


def list_project(
    store: ObjectStore, entry: Mapping[str, Any], clock: Clock, confirm: Callable[[], None] = lambda: None
) -> None:
    """Add or replace one project in the master list; simultaneous changes are both kept.

    `confirm` is called between the reading of the list and its writing, and may raise. Raises TransientError
    if other writers keep winning, or if the list is not readable. An unreadable list is left unchanged for a
    person to examine; the versioned bucket has all of its versions. Raises BadRequestError if a longer entry
    makes the list too long: the caller may have nothing to do with the studies that then stop.
    """

    def change(projects: list[dict[str, Any]]) -> list[dict[str, Any]]:
        confirm()
        changed = [*(project for project in projects if project.get("id") != entry["id"]), dict(entry)]
        size = len(format_list(changed))
        if size > LARGEST_LIST and size > len(format_list(projects)):
            raise BadRequestError(
                f"{MASTER_LIST} would have {size:,} bytes, but at most {LARGEST_LIST:,} are allowed. "
                "Ask the operator to delete studies that are no longer needed: "
                'docs/howto/operate.md, "When the list of studies is full".'
            )
        return changed

    change_list(store, change, clock)


def change_list(
    store: ObjectStore, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]] | None], clock: Clock
) -> None:
    """Change the master list by compare-and-swap; a change that returns None has nothing to do.

    It is repeated as a whole: if botocore has retried a write that succeeded, the entry that is found is our
    own and is replaced by itself.
    """

    def swap(body: bytes | None) -> tuple[bytes | None, None]:
        changed = change(read_projects(body) if body is not None else [])
        return None if changed is None else format_list(changed), None

    change_object(store, MASTER_LIST, clock, swap, _LIST_TRIES)


def format_list(projects: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the master list as it is stored, with a line for each project.

    Indentation would make some configs five times as long.
    """
    return b'{"projects": [\n' + b",\n".join(map(format_json, projects)) + b"\n]}\n"


def read_projects(body: bytes) -> list[dict[str, Any]]:
    """Return the entries of a master list. Raises BrokenListError if it is not a list."""
    try:
        projects = parse_object(body)["projects"]
    except (ValueError, KeyError):
        projects = None
    if not isinstance(projects, list):
        raise BrokenListError(f"{MASTER_LIST} is not a valid JSON list of projects. Fix or delete it.")
    return [project for project in projects if isinstance(project, dict)]


def format_warnings(texts: Iterable[str]) -> list[str]:
    """Return the lines of the update function's response that do not prevent a publication."""
    return [f"Warning: {text}" for text in texts]


def build_refusal(*errors: str, warnings: Iterable[str] = ()) -> dict[str, Any]:
    """Return the response that says what is wrong, a line each."""
    return {"statusCode": 400, "body": "\n".join([*errors, *format_warnings(warnings)])}
