"""A script that handles requests like a Lambda worker and prints peak memory and times as a line of JSON.

`first_request.py LAYER FUNCTION`, with `[event, event]` on standard input; the first one meets a cold worker.
"""

import json
import re
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace


def read_peak() -> float:
    """Return the peak memory of this process so far, in MB (10^6 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage includes the process that this one was forked from
        return 1.024e-3 * int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0])
    return 1e-6 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS counts bytes


def handle(event: object) -> float:
    """Handle an event; return the seconds that it took."""
    began = time.perf_counter()
    app.lambda_handler(event, context)
    return time.perf_counter() - began


empty = read_peak()
sys.path[:0] = sys.argv[1:]
app = import_module("app")
context = SimpleNamespace(aws_request_id="bench", get_remaining_time_in_millis=lambda: 300_000)
imported = read_peak()
if wiring := sys.modules.get("hippo.servers.start_wiring"):
    wiring.can_connect = lambda *_: True  # type: ignore[attr-defined]  # there is no server to connect to
first, second = json.load(sys.stdin)
figures = {"empty": empty, "imported": imported, "first": handle(first), "after first": read_peak()}
sys.stdout.write(json.dumps({**figures, "second": handle(second), "after second": read_peak()}))
