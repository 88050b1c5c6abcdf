"""Step files, style sheets and media, compared with what is published."""

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
from hippo_cli.publishing.upload import HASH, LocalFile, hash_file, read_stamp
from hippo_cli.study_folder import CONFIG_FILE, STEP_SUFFIXES, StudyFolder

_ABSENT = {"404", "NoSuchKey", "NotFound"}
_MULTIPART = "-"  # in the ETag of a multipart upload, before the number of parts


@dataclass(frozen=True, slots=True)
class FileChanges:
    """The differences between folder and bucket; `removed` and `shadowing` are keys that only the bucket has.

    `shadowing` would be shown as variants of a step. `hashes` has the SHA-256 of each step file by name, as
    it was compared. `stamps` show whether a file, or the config, was written since then.
    """

    changed: list[LocalFile]
    unchanged: int
    removed: list[str]
    shadowing: list[str]
    hashes: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[Path, tuple[int, int]] = field(default_factory=dict)


def compare_files(client: Any, bucket: str, project_id: str, study: StudyFolder) -> FileChanges:
    """Compare the folder with the bucket by content. Nothing is written."""
    files = {f"{project_id}/{name}": path for name, path in study.step_files.items()}
    files |= {f"{media_folder(project_id)}{name}": path for name, path in study.media_files.items()}
    stamps = {path: read_stamp(path) for path in [*files.values(), study.directory / CONFIG_FILE]}
    hashes = {name: hash_file(path, HASH) for name, path in study.step_files.items()}
    published = _list_published(client, bucket, project_id)
    changed = find_changed(client, bucket, files, published)
    gone = sorted(published.keys() - files.keys())
    shadowing = _find_shadowing(project_id, study, published)
    removed = [key for key in gone if key not in shadowing]
    return FileChanges(changed, len(files) - len(changed), removed, shadowing, hashes, stamps)


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
    """Raise CliError if a file has changed since it was checked, compared and shown."""
    for path, stamp in files.stamps.items():
        if read_stamp(path) != stamp:
            raise CliError(f"{path} has changed since publishing began", "Run the same command again.")


def delete_files(client: Any, bucket: str, keys: list[str], project_id: str) -> None:
    """Delete objects; the bucket keeps their old versions."""
    for key in keys:
        with naming_permission("s3:DeleteObject", f"{bucket}/{key}", project_id):
            client.delete_object(Bucket=bucket, Key=key)


def _list_published(client: Any, bucket: str, project_id: str) -> dict[str, Listed]:
    """Return step files and media by their keys, without records, trials and frozen versions."""
    listing = Bucket(client, bucket)
    with naming_permission("s3:ListBucket", f"{bucket} below {project_id}/", project_id):
        found = {
            entry.key: entry
            for entry in listing.list_tree(f"{project_id}/", flat=True)
            if read_suffix(entry.key) in STEP_SUFFIXES
        }
        return found | {entry.key: entry for entry in listing.list_tree(media_folder(project_id))}


def _is_same(client: Any, bucket: str, path: Path, published: Listed) -> bool:
    if path.stat().st_size != published.size:
        return False
    etag = published.etag.strip('"')
    if _MULTIPART not in etag and etag == hash_file(path, "md5"):
        return True
    # The ETag of a multipart upload, or of an object encrypted by KMS, is not the MD5 of the content.
    try:
        metadata = client.head_object(Bucket=bucket, Key=published.key).get("Metadata", {})
    except ClientError as error:
        if read_code(error) in _ABSENT:
            return False
        raise
    return bool(metadata.get(HASH) == hash_file(path, HASH))


def _find_shadowing(project_id: str, study: StudyFolder, published: Mapping[str, Listed]) -> list[str]:
    prefix = f"{project_id}/"
    existing = {key.removeprefix(prefix) for key in published} | study.step_files.keys()
    steps = study.project.get("steps")
    pages = (
        {file for file in steps.values() if isinstance(file, str)} if isinstance(steps, Mapping) else set()
    )
    shown = {name for page in pages - {GAME} for name in order_variants(page, existing)}
    return sorted(f"{prefix}{name}" for name in shown - study.step_files.keys())
