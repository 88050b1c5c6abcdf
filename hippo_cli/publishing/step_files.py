"""Step files, style sheets and media: which have changed, and which are no longer there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from hippo.studies.media import media_folder, read_suffix
from hippo.studies.study import GAME, order_variants
from hippo_cli.aws_errors import naming_permission, read_code
from hippo_cli.data.bucket import Bucket, Listed
from hippo_cli.errors import CliError
from hippo_cli.publishing.upload import HASH, LocalFile, hash_file, look_at
from hippo_cli.study_folder import CONFIG_FILE, STEP_SUFFIXES, StudyFolder

_ABSENT = {"404", "NoSuchKey", "NotFound"}
_OF_PARTS = "-"  # in the ETag of what was sent in parts, before their number


@dataclass(frozen=True, slots=True)
class FileChanges:
    """What publishing has to do; `removed` and `shadowing` are keys that only the bucket has.

    Those of `shadowing` would be shown as variants of a step. `hashes`: the SHA-256 of each step file, by
    name, as it was compared. `looks`: what tells whether a file was written since then, the config too.
    """

    changed: list[LocalFile]
    unchanged: int
    removed: list[str]
    shadowing: list[str]
    hashes: Mapping[str, str] = field(default_factory=dict)
    looks: Mapping[Path, tuple[int, int]] = field(default_factory=dict)


def compare_files(client: Any, bucket: str, project_id: str, study: StudyFolder) -> FileChanges:
    """Compares the folder with the bucket by content. Nothing is written."""
    files = {f"{project_id}/{name}": path for name, path in study.step_files.items()}
    files |= {f"{media_folder(project_id)}{name}": path for name, path in study.media_files.items()}
    looks = {path: look_at(path) for path in [*files.values(), study.directory / CONFIG_FILE]}
    hashes = {name: hash_file(path, HASH) for name, path in study.step_files.items()}
    there = _list_published(client, bucket, project_id)
    changed = find_changed(client, bucket, files, there)
    gone = sorted(there.keys() - files.keys())
    shadowing = _find_shadowing(project_id, study, there)
    removed = [key for key in gone if key not in shadowing]
    return FileChanges(changed, len(files) - len(changed), removed, shadowing, hashes, looks)


def find_changed(
    client: Any, bucket: str, files: Mapping[str, Path], published: Mapping[str, Listed]
) -> list[LocalFile]:
    """Return the files, by key, whose content differs from what is published."""
    return [
        LocalFile(key, path)
        for key, path in files.items()
        if key not in published or not _is_same(client, bucket, path, published[key])
    ]


def check_unchanged(files: FileChanges) -> None:
    """Raises CliError if a file is no longer the one that was checked, compared and shown."""
    for path, look in files.looks.items():
        if look_at(path) != look:
            raise CliError(f"{path} was changed meanwhile", "Run the same command again.")


def delete_files(client: Any, bucket: str, keys: list[str], project_id: str) -> None:
    """Deletes objects; the bucket keeps their old versions."""
    for key in keys:
        with naming_permission("s3:DeleteObject", f"{bucket}/{key}", project_id):
            client.delete_object(Bucket=bucket, Key=key)


def _list_published(client: Any, bucket: str, project_id: str) -> dict[str, Listed]:
    """Step files and media by their keys; answers, versions and keys are none of them."""
    listing = Bucket(client, bucket)
    with naming_permission("s3:ListBucket", f"{bucket} below {project_id}/", project_id):
        found = {
            entry.key: entry
            for entry in listing.list_tree(f"{project_id}/", flat=True)
            if read_suffix(entry.key) in STEP_SUFFIXES
        }
        return found | {entry.key: entry for entry in listing.list_tree(media_folder(project_id))}


def _is_same(client: Any, bucket: str, path: Path, there: Listed) -> bool:
    if path.stat().st_size != there.size:
        return False
    etag = there.etag.strip('"')
    if _OF_PARTS not in etag and etag == hash_file(path, "md5"):
        return True
    # Sent in parts, or encrypted by KMS: the ETag says nothing.
    try:
        metadata = client.head_object(Bucket=bucket, Key=there.key).get("Metadata", {})
    except ClientError as error:
        if read_code(error) in _ABSENT:
            return False
        raise
    return bool(metadata.get(HASH) == hash_file(path, HASH))


def _find_shadowing(project_id: str, study: StudyFolder, there: Mapping[str, Listed]) -> list[str]:
    prefix = f"{project_id}/"
    existing = {key.removeprefix(prefix) for key in there} | study.step_files.keys()
    steps = study.project.get("steps")
    pages = (
        {file for file in steps.values() if isinstance(file, str)} if isinstance(steps, Mapping) else set()
    )
    shown = {name for page in pages - {GAME} for name in order_variants(page, existing)}
    return sorted(f"{prefix}{name}" for name in shown - study.step_files.keys())
