"""Publishing a project, and opening or closing it.

Publishing freezes config and pages as a version; then the list names that version.

A version is one immutable object, `{projectId}/_versions/{hash}.json`, so a cache of it never goes stale
and whoever began a study with one version finishes with it.

Opening or closing is an event of its own, `{"projectId": "maze", "live": false}`. No config has a
`projectId` key. Publishing again would also freeze the step files as they are now.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from hippo.aws.s3 import ObjectStore, StoredObject, change_object
from hippo.clock import Clock
from hippo.errors import BadRequestError, BrokenListError, ConflictError, TransientError
from hippo.studies.options import read_page_options
from hippo.studies.study import GAME, order_variants

logger = logging.getLogger(__name__)
MASTER_LIST = "project_master_list.json"
_SWITCH_KEYS = {"projectId", "live"}


class Media(Protocol):
    """Publishes the files that step files refer to: `hippo.studies.media.MediaPublisher`."""

    def publish(
        self, store: ObjectStore, project_id: str, files: Mapping[str, str]
    ) -> tuple[dict[str, str], list[str]]:
        """The step files with the addresses of what they refer to, and warnings."""


def version_key(project_id: str, version: str) -> str:
    """Where a version lies."""
    return f"{project_id}/_versions/{version}.json"


def publish(
    own: ObjectStore,
    buckets: Mapping[str, ObjectStore],
    event: Mapping[str, Any],
    make_media: Callable[[], Media],
    clock: Clock,
) -> tuple[str, list[str]]:
    """Freeze a checked config's version and list it; return the version and a warning for each missing file.

    Raises as `freeze_version` and `list_project`.
    """
    config = {key: value for key, value in event.items() if key not in ("version", "files")}
    store = buckets[config["bucket"]] if config.get("bucket") else own
    version, missing = freeze_version(store, config, make_media(), read_expected(event))
    list_project(own, {**config, "version": version}, clock)
    return version, missing


def freeze_version(
    store: ObjectStore,
    config: Mapping[str, Any],
    media: Media | None = None,
    expected: Mapping[str, str] | None = None,
) -> tuple[str, list[str]]:
    """Freeze config, pages and media as they are now; give the version and a warning for each missing file.

    The version is a hash of the content: publishing the same again gives the same version. Without `media`
    the pages are frozen as they are. `expected`: the SHA-256 of each step file, by name, that the sender
    has sent; whatever else is there was put there by somebody else. Raises BadRequestError for that, and for
    groups that cannot be balanced.
    """
    project_id = config["id"]
    existing = {entry.key.removeprefix(f"{project_id}/") for entry in store.list_objects(f"{project_id}/")}
    steps = {file for file in config["steps"].values() if file != GAME}
    variants = {file: names for file in steps if (names := order_variants(file, existing))}
    check_groups(config, {file: len(variants.get(file, ())) for file in sorted(steps)})
    wanted = {name for file in steps for name in variants.get(file, [file])}
    wanted |= {config["css"]} if config.get("css") else set()
    warnings, files, strange = [], {}, []
    for name in sorted(wanted):
        stored = store.read(f"{project_id}/{name}") if name in existing else None
        if expected is not None and _hash(stored) != expected.get(name):
            strange.append(f"{name}: somebody has changed it since it was sent; publish again")
        if stored is None:
            warnings.append(f"{name}: not found in s3://{store.bucket}/{project_id}/")
            continue
        try:
            files[name] = stored.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            files[name] = stored.body.decode("utf-8", errors="replace")
            warnings.append(f"{name}: not UTF-8, some characters were replaced")
    if strange:
        raise BadRequestError("\n".join(strange))
    if media:
        files, more = media.publish(store, project_id, files)
        warnings += more
    frozen = {"config": dict(config), "variants": variants, "files": files}
    body = json.dumps(frozen, sort_keys=True).encode()
    version = hashlib.sha256(body).hexdigest()[:16]
    with suppress(ConflictError):  # the same content was frozen before
        store.create(version_key(project_id, version), body)
    return version, warnings


def read_expected(event: Mapping[str, Any]) -> dict[str, str] | None:
    """What the event says of step files under `files`; None if it does not. Raises BadRequestError."""
    files = event.get("files")
    if files is None:
        return None
    if not isinstance(files, dict) or not all(isinstance(value, str) for value in files.values()):
        raise BadRequestError("files: the SHA-256 of each step file, by name, is needed")
    return files


def _hash(stored: StoredObject | None) -> str | None:
    return hashlib.sha256(stored.body).hexdigest() if stored else None


def check_groups(config: Mapping[str, Any], variants: Mapping[str, int]) -> None:
    """Raise BadRequestError unless balanced groups are the same on every page.

    `variants`: how many each step file has, 0 where it stands for itself.
    """
    numbers = {file: number for file, number in variants.items() if number}
    if not read_page_options(config).has_balanced_groups:
        return
    if len(set(numbers.values())) > 1:
        found = ", ".join(f"{file} has {number}" for file, number in numbers.items())
        raise BadRequestError(f"groups: balanced needs as many variants of each page that has any: {found}")
    if max(numbers.values(), default=0) < 2:
        raise BadRequestError(
            "groups: balanced needs variants of a page, such as survey-0.html and survey-1.html; "
            "they may be alike if only the game differs"
        )


def list_project(store: ObjectStore, entry: Mapping[str, Any], clock: Clock) -> None:
    """Add or replace one project in the master list; two at once are both kept.

    Raises TransientError when others keep winning, or when the list there is not readable (it is then
    left as it is, for a person to look at: every version of it is in the versioned bucket).
    """

    def change(projects: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*(project for project in projects if project.get("id") != entry["id"]), dict(entry)]

    _change_list(store, change, clock)


def switch_project(store: ObjectStore, project_id: str, live: bool, clock: Clock) -> bool:
    """Open or close a listed project; nothing else of it changes, its version included.

    Gives whether the list has it. Raises as list_project does.
    """
    known = False

    def change(projects: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
        nonlocal known
        known = any(project.get("id") == project_id for project in projects)
        changed = [{**one, "live": live} if one.get("id") == project_id else one for one in projects]
        return None if changed == projects else changed

    _change_list(store, change, clock)
    return known


def _change_list(
    store: ObjectStore, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]] | None], clock: Clock
) -> None:
    """Compare and swap; a change that returns None has nothing to do.

    It is repeated as a whole: if botocore has retried a write that succeeded, the entry that is found is our
    own and is replaced by itself.
    """

    def swap(body: bytes | None) -> tuple[bytes | None, None]:
        changed = change(read_projects(body) if body is not None else [])
        return None if changed is None else json.dumps({"projects": changed}, indent=2).encode(), None

    change_object(store, MASTER_LIST, clock, swap)


def read_projects(body: bytes) -> list[dict[str, Any]]:
    """The entries of a master list. Raises BrokenListError for a list that is not one."""
    try:
        projects = json.loads(body)["projects"]
    except (ValueError, KeyError, TypeError):
        projects = None
    if not isinstance(projects, list):
        raise BrokenListError(f"{MASTER_LIST} is not a JSON list of projects: mend or delete it")
    return [project for project in projects if isinstance(project, dict)]


def format_warnings(texts: Iterable[str]) -> list[str]:
    """Lines that do not hinder a publication, as the update function's answer marks them."""
    return [f"Warning: {text}" for text in texts]


def is_switch(event: object) -> bool:
    """Whether an event asks for this, and is no config."""
    return isinstance(event, Mapping) and "projectId" in event and "id" not in event


def switch(store: ObjectStore, event: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """`{"statusCode": 200, "body": ""}`, or 400 and what is wrong."""
    project_id, live = event["projectId"], event.get("live")
    if set(event) != _SWITCH_KEYS or not isinstance(project_id, str) or not isinstance(live, bool):
        return build_refusal("exactly projectId, a text, and live, true or false, are needed")
    try:
        known = switch_project(store, project_id, live, clock)
    except TransientError as error:
        return build_refusal(f"not changed: {error}")
    if not known:
        return build_refusal(f"project {project_id} is not in the list: publish it first")
    logger.info("switched", extra={"projectId": project_id, "live": live})
    return {"statusCode": 200, "body": ""}


def build_refusal(*errors: str, warnings: Iterable[str] = ()) -> dict[str, Any]:
    """Return the response that says what is wrong, a line each."""
    return {"statusCode": 400, "body": "\n".join([*errors, *format_warnings(warnings)])}
