"""Runs in a Lambda worker before MiniStack's script: environment, log handler, and where a call ends.

AWS (Lambda developer guide, "Working with logs for Python Lambda functions"; source of awslambdaric): one
JSON object per record with timestamp, level, message, logger and requestId, the record's extra fields beside
them, and for an exception errorType, errorMessage, stackTrace and location. Standard library only.
"""

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import IO, Any

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def current_request_id() -> str | None:
    """The id of the invocation that this call belongs to, found in the worker's own loop."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "run" and "_ms_ctx" in frame.f_locals:
            request_id: str | None = frame.f_locals["_ms_ctx"].get("request_id")
            return request_id
        frame = frame.f_back
    return None


class JsonFormatter(logging.Formatter):
    """A record as the one JSON object per line that the runtime writes."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its line break."""
        entry: dict[str, Any] = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            entry["stackTrace"] = traceback.format_exception(*record.exc_info)
            entry["errorType"] = record.exc_info[0].__name__
            entry["errorMessage"] = str(record.exc_info[1])
            entry["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        entry["requestId"] = current_request_id()
        entry.update({name: value for name, value in vars(record).items() if name not in _STANDARD})
        return json.dumps({name: value for name, value in entry.items() if value is not None}, default=str)


class TextFormatter(logging.Formatter):
    """`[LEVEL]<tab>time<tab>request id<tab>message`, as the runtime writes plain text."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its line break."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        stamp = f"{seconds}.{int(record.msecs):03d}Z"
        return "\t".join((f"[{record.levelname}]", stamp, current_request_id() or "", super().format(record)))


class AnswerStream:
    """The worker's real standard output, which says on standard error when a call is over."""

    def __init__(self, stream: IO[str], end_of_call: str) -> None:
        self._stream = stream
        self._end_of_call = end_of_call

    def write(self, text: str) -> None:
        """Pass on one line of the protocol; all but the first one end a call."""
        if not text.startswith('{"status": "ready"'):
            sys.stderr.write(self._end_of_call + "\n")
            sys.stderr.flush()
        self._stream.write(text)

    def flush(self) -> None:
        """Send what has been written."""
        self._stream.flush()


def set_up(hidden: Iterable[str], variables: Mapping[str, str], end_of_call: str) -> None:
    """Make the worker look like the managed runtime: see the head of this file."""
    for name in hidden:
        os.environ.pop(name, None)
    os.environ.update(variables)
    as_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL") or ("INFO" if as_json else "WARNING")
    root.setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level))
    sys.stdout = AnswerStream(sys.stdout, end_of_call)
