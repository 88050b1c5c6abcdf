"""The wheel of hippo_game, which publishing puts next to the Dockerfile that installs it.

`python -m hippo_cli.image.game_wheel FOLDER` writes it into a study's folder, for a build by hand.
"""

import base64
import hashlib
import io
import sys
import zipfile
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import hippo_game
from hippo_cli.image.dockerfile import find_dockerfile, list_sources
from hippo_cli.study_folder import StudyFolder

FILE_NAME = f"hippo_game-{hippo_game.__version__}-py3-none-any.whl"
PATTERN = "hippo_game-*.whl"
_INFO = f"hippo_game-{hippo_game.__version__}.dist-info"
_METADATA = f"""\
Metadata-Version: 2.1
Name: hippo_game
Version: {hippo_game.__version__}
Summary: The library of HIPPO Gym game servers.
License: MIT
Requires-Python: >=3.11
"""
_WHEEL = """\
Wheel-Version: 1.0
Generator: hippo
Root-Is-Purelib: true
Tag: py3-none-any
"""
# The earliest time that an archive can hold. Real times would change the image with each installation.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def build_wheel() -> bytes:
    """Return the wheel of the tool's own copy. The same sources give the same bytes on every machine."""
    package = Path(hippo_game.__file__).parent
    sources = [path for path in package.rglob("*") if path.suffix == ".py" or path.name == "py.typed"]
    # As text, so that line ends of Windows do not change the bytes.
    contents = {
        f"hippo_game/{path.relative_to(package).as_posix()}": path.read_text(encoding="utf-8").encode()
        for path in sources
    }
    contents |= {f"{_INFO}/METADATA": _METADATA.encode(), f"{_INFO}/WHEEL": _WHEEL.encode()}
    contents[f"{_INFO}/RECORD"] = _write_record(contents)
    archive = io.BytesIO()
    # Uncompressed: what compression makes of a file differs between versions of zlib.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as wheel:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, date_time=_TIME)
            entry.create_system, entry.external_attr = _UNIX, 0o100644 << 16
            wheel.writestr(entry, contents[name])
    return archive.getvalue()


def uses_wheel(dockerfile: str) -> bool:
    """Return whether a Dockerfile copies the wheel, which those of older studies do not."""
    return any(is_wheel(source) for source in list_sources(dockerfile))


def is_wheel(source: str) -> bool:
    """Return whether a source of COPY is the wheel, by its name or by a pattern."""
    name = source.rpartition("/")[2]
    return fnmatchcase(FILE_NAME, name) and name.startswith("hippo_game")


def prepare_wheel(study: StudyFolder) -> dict[str, bytes]:
    """Return the wheel by its path in the study if its Dockerfile needs it and the folder has none."""
    dockerfile = find_dockerfile(study)
    if dockerfile is None or any(study.directory.glob(PATTERN)):
        return {}
    text = dockerfile.read_text(encoding="utf-8", errors="replace")
    return {FILE_NAME: build_wheel()} if uses_wheel(text) else {}


def _write_record(contents: Mapping[str, bytes]) -> bytes:
    """Return the list of files with their hashes, by which installers check a wheel."""
    lines = []
    for name in sorted(contents):
        digest = base64.urlsafe_b64encode(hashlib.sha256(contents[name]).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(contents[name])}\n")
    return "".join([*lines, f"{_INFO}/RECORD,,\n"]).encode()


def main() -> None:
    """Write the wheel into the folder that the first argument names."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / FILE_NAME
    path.write_bytes(build_wheel())
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
