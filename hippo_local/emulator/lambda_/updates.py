"""Lambda: code updates that let running invocations finish in their old environments.

AWS (Lambda developer guide, "Understanding the Lambda execution environment lifecycle"; API reference,
UpdateFunctionCode): running invocations finish with the code that they began with, and later ones get new
environments. MiniStack kills every worker of an updated function.
"""

import threading
from typing import Any

from hippo_local.emulator.ministack import load, patch, require

_functions = load("services.lambda_svc")
_runtime = load("core.lambda_runtime")


def install() -> None:
    """Patch MiniStack so that busy workers finish their invocation."""
    require(_runtime, "invalidate_worker")
    plain_kill = patch(_runtime, "kill_workers", None)
    plain_release = patch(_runtime, "release_worker", None)
    plain_reset = patch(_runtime, "reset", None)
    outdated: set[Any] = set()
    lock = threading.Lock()
    ending = threading.Event()

    def kill(workers: Any) -> None:
        workers = [worker for worker in workers if worker is not None]
        with lock:
            busy = [worker for worker in workers if worker.in_use and not ending.is_set()]
            outdated.update(busy)
        plain_kill([worker for worker in workers if worker not in busy])

    def release(worker: Any) -> None:
        plain_release(worker)
        with lock:
            is_outdated = worker in outdated
            outdated.discard(worker)
        if is_outdated:
            plain_kill([worker])

    def reset() -> None:
        ending.set()
        with lock:
            left = list(outdated)
            outdated.clear()
        plain_reset()
        plain_kill(left)
        ending.clear()

    patch(_runtime, "kill_workers", kill)
    for module in (_runtime, _functions):
        patch(module, "release_worker", release)
    patch(_runtime, "reset", reset)
