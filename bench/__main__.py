"""`python -m bench [what …]`: measures, and writes Markdown to standard output."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "layer"))


def write(text: str) -> None:
    """One part of the report."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


# Each measurement is imported when it is asked for: moto alone takes a second.


def report_calls(options: argparse.Namespace) -> None:
    """AWS calls, bytes, time."""
    from bench.calls import format_calls_table, measure_calls

    delay = options.delay_ms / 1000
    write(format_calls_table(measure_calls(options.runs, delay), delay))


def report_reads(options: argparse.Namespace) -> None:
    """Two reads side by side."""
    from bench.parallel_reads import format_reads_table, measure_reads

    delays = (0.0, options.delay_ms / 1000)
    write(format_reads_table({delay: measure_reads(options.runs, delay) for delay in delays}))


def report_imports(options: argparse.Namespace) -> None:
    """Cold imports."""
    from bench.cold_starts import format_cold_starts_table, measure_cold_starts

    write(format_cold_starts_table(measure_cold_starts(options.runs, options.tree)))


def report_memory(_: argparse.Namespace) -> None:
    """Memory after a request."""
    from bench.memory import format_memory_table, measure_memory

    write(format_memory_table(measure_memory()))


def report_ready(options: argparse.Namespace) -> None:
    """From the start message to ready."""
    from bench.ready import format_starts_table, measure_starts

    write(format_starts_table(measure_starts(options.starts)))


def report_lateness(options: argparse.Namespace) -> None:
    """How late ready is noticed."""
    from bench.lateness import format_lateness_table, measure_lateness

    runs = 20 * options.runs
    write(format_lateness_table({seconds: measure_lateness(runs, seconds) for seconds in (0.0, 30.0)}))


def report_load(options: argparse.Namespace) -> None:
    """Many participants at once."""
    from bench.load import format_load_table, measure_load

    visitors, seconds = measure_load(options.participants)
    failed = [visitor for visitor in visitors if visitor.error]
    write(f"{len(visitors)} participants at once, {seconds:.0f} s in all, {len(failed)} failed\n")
    write("".join(f"- {visitor.participant.user_id}: {visitor.error}\n" for visitor in failed))
    write(format_load_table(visitors))


def report_frames(options: argparse.Namespace) -> None:
    """Frames that the study page draws."""
    from bench.frames import format_frames_table, measure_frames

    write(format_frames_table(measure_frames((30.0, 60.0, 90.0), options.seconds)))


def report_exports(_: argparse.Namespace) -> None:
    """Memory of an export."""
    from bench.exports import format_exports_table, measure_exports

    write(format_exports_table(measure_exports()))


MEASUREMENTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "calls": report_calls,
    "reads": report_reads,
    "imports": report_imports,
    "memory": report_memory,
    "ready": report_ready,
    "lateness": report_lateness,
    "load": report_load,
    "frames": report_frames,
    "exports": report_exports,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*MEASUREMENTS, []], help="default: all")
    parser.add_argument("--delay-ms", type=float, default=20.0, help="added to each AWS call (default 20)")
    parser.add_argument("--runs", type=int, default=20, help="how often each is measured (default 20)")
    parser.add_argument("--tree", type=Path, default=ROOT, help="whose layer/ and functions/ are imported")
    parser.add_argument("--starts", type=int, default=10, help="servers that are started one by one")
    parser.add_argument("--participants", type=int, default=50, help="who come at once (default 50)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of frames at each rate (default 10)")
    options = parser.parse_args(arguments)
    for name in options.what or MEASUREMENTS:
        write(f"## {name}\n")
        MEASUREMENTS[name](options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
