"""Two records read in sequence and in parallel: what a waiting poll could save, and what threads cost."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench.meter import Meter
from bench.tables import format_table, milliseconds
from bench.worlds import open_study_world
from tests.support.aws_hooks import shared_client
from tests.support.study_world import BUCKET, PROJECT

USER = "participant"
KEYS = (f"{PROJECT}/Users/{USER}", f"_servers/{USER}.json")


def measure_reads(runs: int, delay: float) -> dict[str, list[float]]:
    """Return the seconds to read the participant's and the server's record, by the way they are read."""
    with open_study_world() as world, ThreadPoolExecutor(1) as pool:
        world.get(user=USER)
        world.put_server(user=USER)
        meter = Meter(world.aws, delay)
        ways: dict[str, Callable[[], object]] = {
            "in sequence": lambda: [_read(key) for key in KEYS],
            "in parallel": lambda: _read_in_parallel(pool),
        }
        return {way: [_time(meter, read) for _ in range(runs + 1)][1:] for way, read in ways.items()}


def _read(key: str) -> bytes:
    body: bytes = shared_client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def _read_in_parallel(pool: ThreadPoolExecutor) -> list[bytes]:
    second = pool.submit(_read, KEYS[1])
    return [_read(KEYS[0]), second.result()]


def _time(meter: Meter, read: Callable[[], object]) -> float:
    began = time.perf_counter()
    meter.measure(read)
    return time.perf_counter() - began


def format_reads_table(measured: dict[float, dict[str, list[float]]]) -> str:
    """Return a table with a row for each delay; figures are medians."""
    first = next(iter(measured.values()))
    rows = [
        [f"{1000 * delay:g} ms a call", *map(milliseconds, ways.values())] for delay, ways in measured.items()
    ]
    return format_table(["two reads", *(f"{way}, ms" for way in first)], rows)
