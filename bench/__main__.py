"""`python -m bench [what …]` runs measurements and writes Markdown to standard output."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "layer"))


def write(text: str) -> None:
    """Write a part of the report."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


# Each measurement is imported when it is requested: moto alone takes a second.


def report_calls(options: argparse.Namespace) -> None:
    """Report AWS calls, bytes and time of each kind of request."""
    from bench.calls import format_calls_table, measure_calls

    delay = options.delay_ms / 1000
    write(format_calls_table(measure_calls(options.runs, delay), delay))


def report_reads(options: argparse.Namespace) -> None:
    """Report the time of two reads, in sequence and in parallel."""
    from bench.parallel_reads import format_reads_table, measure_reads

    delays = (0.0, options.delay_ms / 1000)
    write(format_reads_table({delay: measure_reads(options.runs, delay) for delay in delays}))


def report_imports(options: argparse.Namespace) -> None:
    """Report the time of cold imports."""
    from bench.cold_starts import format_cold_starts_table, measure_cold_starts

    write(format_cold_starts_table(measure_cold_starts(options.runs, options.tree)))


def report_memory(_: argparse.Namespace) -> None:
    """Report the memory after a request."""
    from bench.memory import format_memory_table, measure_memory

    write(format_memory_table(measure_memory()))


def report_ready(options: argparse.Namespace) -> None:
    """Report the time from the start message to `ready`."""
    from bench.ready import format_starts_table, measure_starts

    write(format_starts_table(measure_starts(options.starts)))


def report_lateness(options: argparse.Namespace) -> None:
    """Report how late `start_server` notices that a server is ready."""
    from bench.lateness import format_lateness_table, measure_lateness

    runs = 20 * options.runs
    write(format_lateness_table({seconds: measure_lateness(runs, seconds) for seconds in (0.0, 30.0)}))


def report_load(options: argparse.Namespace) -> None:
    """Report the response times of many participants at once."""
    from bench.load import format_load_table, measure_load

    runs, seconds = measure_load(options.participants)
    failed = [run for run in runs if run.error]
    write(f"{len(runs)} participants at once, {seconds:.0f} s in total, {len(failed)} failed\n")
    write("".join(f"- {run.participant.user_id}: {run.error}\n" for run in failed))
    write(format_load_table(runs))


def report_frames(options: argparse.Namespace) -> None:
    """Report the frames that the study page draws."""
    from bench.frames import format_frames_table, measure_frames

    write(format_frames_table(measure_frames((30.0, 60.0, 90.0), options.seconds)))


def report_first_page(options: argparse.Namespace) -> None:
    """Report the time until the first page is shown on a slow line, compared with the web/ of --tree."""
    from bench.first_page import format_first_page_table, measure_first_pages

    before = measure_first_pages(options.runs, options.tree) if options.tree != ROOT else []
    write(format_first_page_table(before, measure_first_pages(options.runs, ROOT)))


def report_exports(_: argparse.Namespace) -> None:
    """Report the memory and time of an export."""
    from bench.exports import format_exports_table, measure_exports

    write(format_exports_table(measure_exports()))


def report_stored(_: argparse.Namespace) -> None:
    """Report the bytes that requests and studies store in S3."""
    from bench.stored import format_requests_table, format_studies_table, measure_requests, measure_studies

    write(format_requests_table(measure_requests()))
    write(format_studies_table(measure_studies()))


MEASUREMENTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "calls": report_calls,
    "reads": report_reads,
    "imports": report_imports,
    "memory": report_memory,
    "ready": report_ready,
    "lateness": report_lateness,
    "load": report_load,
    "frames": report_frames,
    "first-page": report_first_page,
    "exports": report_exports,
    "stored": report_stored,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the requested measurements, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*MEASUREMENTS, []], help="measurements (default: all)")
    parser.add_argument(
        "--delay-ms", type=float, default=20.0, help="delay added to each AWS call (default 20)"
    )
    parser.add_argument("--runs", type=int, default=20, help="runs of each measurement (default 20)")
    parser.add_argument(
        "--tree",
        type=Path,
        default=ROOT,
        help="checkout whose layer/ and functions/ (imports) or web/ (first-page) are measured",
    )
    parser.add_argument("--starts", type=int, default=10, help="servers to start, one by one (default 10)")
    parser.add_argument(
        "--participants", type=int, default=50, help="participants who arrive at once (default 50)"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="seconds of frames at each rate (default 10)"
    )
    options = parser.parse_args(arguments)
    for name in options.what or MEASUREMENTS:
        write(f"## {name}\n")
        MEASUREMENTS[name](options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
