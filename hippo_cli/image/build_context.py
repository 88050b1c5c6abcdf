"""The build context of a game server's image, as one stream. Nothing is written to the study's folder."""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from hippo_cli.errors import CliError
from hippo_cli.image.docker_ignore import DockerIgnore
from hippo_cli.image.dockerfile import ContextUse, find_dockerfile
from hippo_cli.image.env_file import is_left_out
from hippo_cli.image.scripts import is_program, read_script, repair
from hippo_cli.study_folder import StudyFolder

PROJECT_FILE = ".projectConfig.yml"  # publishing writes it, so it does not count as a change of the image
_NEVER = {".git", "__pycache__"}
_TAG_DIGITS = 16
_EXECUTABLE = 0o100


@dataclass(frozen=True)
class BuildContext:
    """Files of the study by their relative paths; `prepared` contents replace files of the same path."""

    dockerfile: str
    files: Mapping[str, Path]
    prepared: Mapping[str, bytes]

    @cached_property
    def tag(self) -> str:
        """A hash of everything that can change the image, so that the same study has the same tag."""
        digest = hashlib.sha256()
        text = self.files[self.dockerfile].read_text(encoding="utf-8", errors="replace")
        use = ContextUse(text)
        # The target of a link may be copied under the link's name.
        has_links = any(path.is_symlink() for path in self.files.values())
        for name in sorted({*self.files, *self.prepared} - {PROJECT_FILE}):
            if name in self.prepared:
                _add(digest, name, "", hashlib.sha256(self.prepared[name]).hexdigest())
            elif name == self.dockerfile or has_links or use.needs(name):
                _add(digest, name, *_describe(self.files[name]))
        return digest.hexdigest()[:_TAG_DIGITS]

    def write(self, stream: IO[bytes]) -> None:
        """Write the context as a tar archive."""
        with tarfile.open(fileobj=stream, mode="w|") as archive:
            for name, path in self.files.items():
                if name not in self.prepared:
                    _add_file(archive, name, path)
            for name, content in self.prepared.items():
                entry = _strip(tarfile.TarInfo(name))
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))


def make_context(study: StudyFolder, prepared: Mapping[str, bytes]) -> BuildContext:
    """Return the context of the study's Dockerfile. Raises CliError if the study has none.

    Files of credentials for the tool are left out, whatever the Dockerfile copies.
    """
    dockerfile = find_dockerfile(study)
    if dockerfile is None:
        raise CliError("the study has no Dockerfile", "Add one, or pass an existing image: --image.")
    dockerfile_name = dockerfile.relative_to(study.directory).as_posix()
    ignore = DockerIgnore(_read_ignore(study.directory, dockerfile_name))
    walked = _walk(study.directory)
    files = {name: path for name, path in walked if not is_left_out(name) and not ignore.excludes(name)}
    return BuildContext(dockerfile_name, {dockerfile_name: dockerfile, **files}, prepared)


def _read_ignore(directory: Path, dockerfile: str) -> list[str]:
    """Return the lines of the Dockerfile's own .dockerignore or, without one, of the folder's."""
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        if (directory / name).is_file():
            return (directory / name).read_text(encoding="utf-8", errors="replace").splitlines()
    return []


def _walk(directory: Path) -> Iterator[tuple[str, Path]]:
    for parent, folders, names in os.walk(directory):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in _NEVER and name not in links)
        for name in sorted([*names, *links]):
            path = Path(parent) / name
            if path.is_symlink() or path.is_file():
                yield path.relative_to(directory).as_posix(), path


def _describe(path: Path) -> tuple[str, str]:
    """Return mode and content, as far as they reach an image."""
    if path.is_symlink():
        return "link", str(path.readlink())
    script = read_script(path)
    if script is not None:
        content = hashlib.sha256(repair(script)).hexdigest()
    else:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    is_executable = path.stat().st_mode & _EXECUTABLE or _is_started(script)
    return "x" if is_executable else "", content


def _is_started(script: bytes | None) -> bool:
    """Return whether a script must be executable; Windows and many archives do not keep that."""
    return script is not None and is_program(repair(script))


def _add(digest: "hashlib._Hash", *parts: str) -> None:
    digest.update("\0".join(parts).encode(errors="surrogateescape") + b"\0\0")


def _add_file(archive: tarfile.TarFile, name: str, path: Path) -> None:
    entry = _strip(archive.gettarinfo(path, name))
    if not entry.isreg():
        archive.addfile(entry)
        return
    script = read_script(path)
    if script is None:
        with path.open("rb") as content:
            archive.addfile(entry, content)
        return
    repaired = repair(script)
    entry.size = len(repaired)
    entry.mode = 0o755 if _is_started(script) else entry.mode
    archive.addfile(entry, io.BytesIO(repaired))


def _strip(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Remove everything that differs from machine to machine."""
    entry.mode = 0o755 if entry.mode & _EXECUTABLE else 0o644
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry
