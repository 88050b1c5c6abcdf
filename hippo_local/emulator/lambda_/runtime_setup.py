"""Lambda: set-up code that runs in a worker before MiniStack's script, on the standard library alone.

It sets the environment and the log handler, and marks the end of each call.

AWS (Lambda developer guide, "Working with logs for Python Lambda functions"; source of awslambdaric): a log
record is one JSON object with timestamp, level, message, logger and requestId, the record's extra fields, and
for an exception errorType, errorMessage, stackTrace and location. Layers are unpacked in /opt, one over the
other ("Packaging your layer content"). Here /opt belongs to the machine, and MiniStack unpacks each layer in
its own directory, so variables that name /opt are changed to name a merged copy.
"""

import json
import logging
import os
import shutil
import sys
import time
import traceback
from collections.abc import Iterable, Mapping, MutableMapping
from types import FrameType
from typing import IO, Any

# Where Lambda unpacks layers, one over the other.
_LAYERS = "/opt/"
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def current_request_id() -> str | None:
    """Return the id of the current invocation, found in the frames of the worker's loop."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == "run" and "_ms_ctx" in frame.f_locals:
            request_id: str | None = frame.f_locals["_ms_ctx"].get("request_id")
            return request_id
        frame = frame.f_back
    return None


class JsonFormatter(logging.Formatter):
    """A formatter that writes a record as the runtime does: one JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its line break."""
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
    """A formatter for the runtime's plain text: `[LEVEL]<tab>time<tab>request id<tab>message`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its line break."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        stamp = f"{seconds}.{int(record.msecs):03d}Z"
        return "\t".join((f"[{record.levelname}]", stamp, current_request_id() or "", super().format(record)))


class ResponseStream:
    """The worker's real standard output, which also marks the end of each call on standard error."""

    def __init__(self, stream: IO[str], end_of_call: str) -> None:
        self._stream = stream
        self._end_of_call = end_of_call

    def write(self, text: str) -> None:
        """Write one line of the protocol; every line but the first ends a call."""
        if not text.startswith('{"status": "ready"'):
            sys.stderr.write(self._end_of_call + "\n")
            sys.stderr.flush()
        self._stream.write(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()


class RequestStream:
    """The worker's real standard input, whose first line holds the variables of the function."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._is_first = True

    def readline(self) -> str:
        """Return the next line of the protocol."""
        line = self._stream.readline()
        if not self._is_first:
            return line
        self._is_first = False
        first = json.loads(line)
        unpack_layers(os.environ.get("_LAMBDA_LAYERS_DIRS", ""), first["env"])
        return json.dumps(first) + "\n"


def unpack_layers(folders: str, variables: MutableMapping[str, str]) -> None:
    """Merge the layers in `folders` as /opt does, and change variables that name /opt to name the copy."""
    layers = [path for path in folders.split(os.pathsep) if path]
    names = [name for name, value in variables.items() if f"{value}/".startswith(_LAYERS)]
    if not layers or not names:
        return
    unpacked = os.path.join(os.path.dirname(layers[0]), "opt")
    for layer in layers:
        shutil.copytree(layer, unpacked, dirs_exist_ok=True)
    for name in names:
        variables[name] = unpacked + variables[name].removeprefix(_LAYERS.rstrip("/"))


def set_up(hidden: Iterable[str], variables: Mapping[str, str], end_of_call: str) -> None:
    """Make the worker look like the managed runtime, as this module's docstring describes."""
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
    sys.stdin = RequestStream(sys.stdin)
    sys.stdout = ResponseStream(sys.stdout, end_of_call)
