"""Scripts in a build context, which Windows may have saved so that Linux cannot start them."""

from pathlib import Path, PurePosixPath

_BOM = b"\xef\xbb\xbf"
_MARK = b"#!"
_SHELLS = (".sh", ".bash")
_LARGEST = 1024**2  # bytes; larger ones are archives that begin with a script
_ELF = b"\x7fELF"


def read_script(path: Path) -> bytes | None:
    """Return the content of a script, None for any other file. Raises OSError if it cannot be read."""
    if path.stat().st_size > _LARGEST:
        return None
    with path.open("rb") as file:
        start = file.read(len(_BOM) + len(_MARK))
        if not _is_script(path.name, start):
            return None
        content = start + file.read()
    return None if b"\0" in content else content


def repair(content: bytes) -> bytes:
    """Return a script as Linux can start it: without a byte order mark, with Unix line ends."""
    return content.removeprefix(_BOM).replace(b"\r\n", b"\n")


def is_program(content: bytes) -> bool:
    """Return whether Linux can start a file with this content by itself."""
    return content.startswith((_MARK, _ELF))


def is_shell_script(name: str, content: bytes) -> bool:
    """Return whether a shell runs the script, which fails on Windows line ends however it is started."""
    first = content.partition(b"\n")[0]
    return PurePosixPath(name).suffix in _SHELLS or (first.removeprefix(_BOM)[:2] == _MARK and b"sh" in first)


def _is_script(name: str, start: bytes) -> bool:
    return start.removeprefix(_BOM).startswith(_MARK) or PurePosixPath(name).suffix in _SHELLS
