"""The reason why a bot's game did not start or ended early, from the logs of the running platform."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LINES = 3  # of a log's end
_CANNOT_START = "cannot start: "


def find_reason(outputs: Mapping[str, Any], user_id: str) -> str:
    """Return what the participant's newest game server wrote last, and its log's path; empty without one.

    `outputs` are the platform's. A command that could not run at all is in the emulator's log.
    """
    logs = outputs.get("logs") or {}
    if written := _read_server_log(Path(str(logs.get("tasks", ""))), user_id):
        return written
    return _read_refusal(Path(str(logs.get("emulator", ""))), user_id)


def _read_server_log(folder: Path, user_id: str) -> str:
    files = [path for path in folder.glob("*.log") if user_id in path.name] if folder.is_dir() else []
    for path in sorted(files, key=lambda file: file.stat().st_mtime, reverse=True):
        lines = [line for line in _read_lines(path) if line.strip()]
        if lines:
            return f"The game server wrote last: {' / '.join(lines[-_LINES:])} (in {path})"
    return ""


def _read_refusal(path: Path, user_id: str) -> str:
    lines = [line for line in _read_lines(path) if user_id in line and _CANNOT_START in line]
    if not lines:
        return ""
    return f"The game server could not be started: {lines[-1].partition(_CANNOT_START)[2]} (in {path})"


def _read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
