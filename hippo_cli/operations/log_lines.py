"""A log line: its time, its source and readable text."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hippo_cli.errors import UsageError

GAME = "game"
# Fields that Lambda adds to each line, or that are shown elsewhere.
_OMITTED_FIELDS = {"timestamp", "level", "message", "logger", "requestId", "tenantId"}
_TASK = re.compile(r"task/[^\s\"/]+/([0-9a-f-]{8,})")
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log line. `source` is a function's name or `game`. `fields` holds everything except the message."""

    time: datetime
    source: str
    level: str
    message: str
    fields: dict[str, Any] = field(default_factory=dict, hash=False)

    def format(self) -> str:
        """Return the line as text, in the user's time zone."""
        stamp = f"{self.time.astimezone():%Y-%m-%d %H:%M:%S}.{self.time.microsecond // 1000:03d}"
        more = "".join(f"  {name}={_format_value(value)}" for name, value in self.fields.items())
        level = "" if self.level in ("", "INFO") else f"{self.level} "
        return f"{stamp}  {self.source:<12}  {level}{self.message}{more}"

    def as_json(self) -> dict[str, Any]:
        """Return the line for programs, in UTC."""
        return {
            "time": self.time.isoformat(timespec="milliseconds"),
            "source": self.source,
            "level": self.level or None,
            "message": self.message,
            "fields": self.fields,
        }


def read_line(source: str, milliseconds: int, text: str) -> LogLine | None:
    """Return a line of CloudWatch Logs, or None for metrics, which are not of interest here."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    text = text.rstrip()
    try:
        entry = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        return LogLine(moment, source, "", text)
    if "_aws" in entry:
        return None
    if not isinstance(entry.get("message"), str):
        return LogLine(moment, source, "", text)
    fields = {name: value for name, value in entry.items() if name not in _OMITTED_FIELDS}
    return LogLine(moment, source, str(entry.get("level") or ""), entry["message"], fields)


def mentions_user(text: str, user_id: str) -> bool:
    """Return whether a function's line is about this participant, and not one with a longer id."""
    try:
        entry = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        entry = None
    if isinstance(entry, dict) and isinstance(entry.get("userId"), str):
        return str(entry["userId"]) == user_id
    return re.search(rf"(?<![a-z0-9-]){re.escape(user_id)}(?![a-z0-9-])", text) is not None


def find_tasks(text: str) -> set[str]:
    """Return the ids of ECS tasks whose ARNs are in a text."""
    return set(_TASK.findall(text))


def parse_since(text: str, now: datetime) -> datetime:
    """Return the time for `30m`, `2h`, `1d` or an ISO time, by default in the user's time zone.

    Raises UsageError for other text.
    """
    try:
        if match := _AGO.fullmatch(text.strip()):
            return now - timedelta(**{_UNITS[match[2]]: float(match[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since {text}: not a time",
            "Pass a duration before now, such as 30m, 2h or 1d, or a time, such as 2026-11-25T09:30.",
        ) from None


def _format_value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
