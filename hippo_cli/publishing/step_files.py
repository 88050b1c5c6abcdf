"""Step files, style sheets and media: which have changed, which are no longer there, and their upload."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from hippo.media import CONTENT_TYPES, media_folder, read_suffix
from hippo.study import GAME, order_variants
from hippo_cli.aws_errors import read_code
from hippo_cli.data.bucket import Bucket
from hippo_cli.data.pool import map_bounded
from hippo_cli.publishing.refusals import naming_permission
from hippo_cli.study_folder import STEP_SUFFIXES, StudyFolder

_TYPES = {**CONTENT_TYPES, ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8"}
# S3's ETag is the MD5 of what was sent in one piece, unless KMS encrypts it; then this tells.
_HASH = "sha256"
_IN_ONE_PIECE = TransferConfig(multipart_threshold=5 * 1024**3, use_threads=False)
_ABSENT = {"404", "NoSuchKey", "NotFound"}
Advance = Callable[[int, int], None]  # how many bytes are sent, of how many


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of the study, and where it belongs in the bucket."""

    key: str
    path: Path


@dataclass(frozen=True, slots=True)
class FileChanges:
    """What publishing has to do; `removed` and `shadowing` are keys that only the bucket has.

    Those of `shadowing` would be shown as variants of a step.
    """

    changed: list[LocalFile]
    unchanged: int
    removed: list[str]
    shadowing: list[str]


def compare_files(client: Any, bucket: str, project_id: str, study: StudyFolder) -> FileChanges:
    """Compares the folder with the bucket by content. Nothing is written."""
    files = {f"{project_id}/{name}": path for name, path in study.step_files.items()}
    files |= {f"{media_folder(project_id)}{name}": path for name, path in study.media_files.items()}
    there = _list_published(client, bucket, project_id)
    changed = [
        LocalFile(key, path)
        for key, path in files.items()
        if key not in there or not _is_same(client, bucket, key, path, there[key])
    ]
    gone = sorted(there.keys() - files.keys())
    shadowing = _find_shadowing(project_id, study, there)
    removed = [key for key in gone if key not in shadowing]
    return FileChanges(changed, len(files) - len(changed), removed, shadowing)


def upload_files(client: Any, bucket: str, files: list[LocalFile], advance: Advance) -> None:
    """Sends the files, several at once. What was sent before an error stays, and is not sent again."""
    total, sent, lock = sum(file.path.stat().st_size for file in files), 0, threading.Lock()

    def count(size: int) -> None:
        nonlocal sent
        with lock:
            sent += size
            advance(sent, total)

    for _ in map_bounded(lambda file: _upload(client, bucket, file, count), files):
        pass


def delete_files(client: Any, bucket: str, keys: list[str], project_id: str) -> None:
    """Deletes objects; the bucket keeps their old versions."""
    for key in keys:
        with naming_permission("s3:DeleteObject", f"{bucket}/{key}", project_id):
            client.delete_object(Bucket=bucket, Key=key)


def _list_published(client: Any, bucket: str, project_id: str) -> dict[str, str]:
    """The ETags of step files and media by their keys; answers, versions and keys are none of them."""
    listing = Bucket(client, bucket)
    with naming_permission("s3:ListBucket", f"{bucket} below {project_id}/", project_id):
        found = {
            entry.key: entry.etag.strip('"')
            for entry in listing.list_tree(f"{project_id}/", flat=True)
            if read_suffix(entry.key) in STEP_SUFFIXES
        }
        media = listing.list_tree(media_folder(project_id))
        return found | {entry.key: entry.etag.strip('"') for entry in media}


def _is_same(client: Any, bucket: str, key: str, path: Path, etag: str) -> bool:
    if etag == _hash_file(path, "md5"):
        return True
    try:
        metadata = client.head_object(Bucket=bucket, Key=key).get("Metadata", {})
    except ClientError as error:
        if read_code(error) in _ABSENT:
            return False
        raise
    return bool(metadata.get(_HASH) == _hash_file(path, _HASH))


def _find_shadowing(project_id: str, study: StudyFolder, there: Mapping[str, str]) -> list[str]:
    prefix = f"{project_id}/"
    existing = {key.removeprefix(prefix) for key in there} | study.step_files.keys()
    steps = study.project.get("steps")
    pages = (
        {file for file in steps.values() if isinstance(file, str)} if isinstance(steps, Mapping) else set()
    )
    shown = {name for page in pages - {GAME} for name in order_variants(page, existing)}
    return sorted(f"{prefix}{name}" for name in shown - study.step_files.keys())


def _upload(client: Any, bucket: str, file: LocalFile, count: Callable[[int], None]) -> None:
    extra = {
        "ContentType": _TYPES.get(read_suffix(file.key), "application/octet-stream"),
        "Metadata": {_HASH: _hash_file(file.path, _HASH)},
    }
    project_id = file.key.partition("/")[0]
    with (
        file.path.open("rb") as content,
        naming_permission("s3:PutObject", f"{bucket}/{file.key}", project_id),
    ):
        client.upload_fileobj(
            content, bucket, file.key, ExtraArgs=extra, Callback=count, Config=_IN_ONE_PIECE
        )


def _hash_file(path: Path, name: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()
