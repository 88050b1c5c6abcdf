"""Lambda: workers with an interpreter that has only boto3, a clean environment, and logs as on AWS.

AWS (Lambda developer guide, "Lambda runtimes", "Using Lambda environment variables" and "Configuring JSON
and plain text log formats"): a Python function finds the standard library and boto3, and the variables that
its configuration names. The runtime's handler on the root logger writes JSON or text with the request id.

MiniStack runs workers with its own interpreter, and so with its own site-packages, and in its own
environment. It configures no logging, so that `logging.info` is lost. It waits 50 ms after every call that
logs nothing, and attributes a line that comes later to the next call.
"""

import queue
import threading
import time
from pathlib import Path
from typing import Any

from hippo_local.emulator.environment import emulator_variables
from hippo_local.emulator.guardian import Guardian
from hippo_local.emulator.ministack import load, patch, require
from hippo_local.emulator.settings import Settings

_runtime = load("core.lambda_runtime")

_SETUP = Path(__file__).with_name("runtime_setup.py")
# A worker writes this line to its standard error at the end of a call.
_END_OF_CALL = "\x00end of call"
# How long to wait for that line, in seconds: a function may have closed its standard error.
_DRAIN_LIMIT = 0.25


def install(settings: Settings, guardian: Guardian) -> None:
    """Patch MiniStack so that it starts workers this way."""
    require(_runtime.Worker, "_drain_stderr_bounded", "_spawn")
    spawning = threading.local()
    plain_binary = patch(_runtime, "_detect_runtime_binary", None)
    plain_spawn = patch(_runtime.Worker, "_spawn", None)
    plain_collect = patch(_runtime, "_collect", None)
    plain_drain = patch(_runtime.Worker, "_drain_stderr_bounded", None)

    def detect_runtime_binary(runtime: str) -> tuple[str, str]:
        binary, script = plain_binary(runtime)
        if not runtime.startswith("python"):
            return binary, script
        interpreter = binary if settings.lambda_python is None else str(settings.lambda_python)
        return interpreter, _prelude(spawning.config) + script

    def spawn(worker: Any) -> None:
        if worker._proc is not None:
            guardian.forget(worker._proc.pid)
        spawning.config = worker.config
        plain_spawn(worker)
        guardian.watch(worker._proc.pid)

    def collect(process: Any, deadline: float) -> None:
        plain_collect(process, deadline)
        if process is not None:
            guardian.forget(process.pid)

    def drain(worker: Any) -> str:
        is_python = worker.config.get("Runtime", "").startswith("python")
        return _lines_of_call(worker._stderr_queue) if is_python else str(plain_drain(worker))

    patch(_runtime, "_detect_runtime_binary", detect_runtime_binary)
    patch(_runtime.Worker, "_spawn", spawn)
    patch(_runtime, "_collect", collect)
    patch(_runtime.Worker, "_drain_stderr_bounded", drain)


def _lines_of_call(lines: "queue.Queue[str]") -> str:
    deadline = time.monotonic() + _DRAIN_LIMIT
    collected: list[str] = []
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        if line == _END_OF_CALL:
            break
        collected.append(line)
    return "\n".join(collected)


def _prelude(config: dict[str, Any]) -> str:
    """Return the code that runs in a worker before MiniStack's own script."""
    logging_config = config.get("LoggingConfig") or {}
    variables = {
        "AWS_LAMBDA_LOG_FORMAT": logging_config.get("LogFormat", "Text"),
        "AWS_LAMBDA_LOG_LEVEL": logging_config.get("ApplicationLogLevel", ""),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', '')}",
    }
    return (
        f"{_SETUP.read_text(encoding='utf-8')}\n"
        f"set_up({emulator_variables()!r}, {variables!r}, {_END_OF_CALL!r})\n"
    )
