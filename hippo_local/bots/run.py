"""A group of bots that take the study at once, and the report of what each of them saw."""

import json
import random
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hippo_local.bots.bot import Bot, Journey, Manner
from hippo_local.bots.options import FAILED
from hippo_local.bots.reasons import find_reason
from hippo_local.console import Console

REPORT = "bots.json"
_ARRIVAL_SECONDS = 1.0  # average time between two arrivals, at a person's pace
_MARGIN_SECONDS = 300


def run_bots(
    outputs: Mapping[str, Any],
    number: int,
    seed: int,
    *,
    fast: bool,
    minutes: int,
    directory: Path,
    console: Console,
    as_json: bool = False,
) -> int:
    """Run the bots and report on them; return 0 if all of them finish, otherwise FAILED.

    `minutes` is how long a server may run; a bot gets that time and five more minutes. bots.json holds the
    report as well.
    """
    manner = Manner(fast, minutes * 60 + _MARGIN_SECONDS)
    bots = [
        Bot(outputs["nextUrl"], outputs["projectId"], f"{seed}/{index}", manner) for index in range(number)
    ]
    pace = "fast" if fast else "at a person's pace"
    console.report(f"running {number} bots through {outputs['projectId']}, {pace}, seed {seed}")
    delays = [0.0] * number if fast else _spread(number, seed)
    journeys: list[Journey] = []
    with ThreadPoolExecutor(number, thread_name_prefix="bot") as pool:
        for index, journey in enumerate(pool.map(_run_bot, bots, delays), 1):
            if journey.error and (reason := find_reason(outputs, journey.user_id)):
                journey.error = f"{journey.error}. {reason}"
            journeys.append(journey)
            console.report(f"bot {index}: {_summarize(journey)}")
    report = json.dumps({"seed": seed, "bots": [_as_json(journey) for journey in journeys]}, indent=2)
    (directory / REPORT).write_text(report + "\n", encoding="utf-8")
    if as_json:
        sys.stdout.write(f"{report}\n")
    else:
        console.show(format_table(journeys))
    return 0 if all(journey.has_finished for journey in journeys) else FAILED


def _spread(number: int, seed: int) -> list[float]:
    """Return the seconds after which each bot arrives."""
    chance, moment, found = random.Random(f"{seed}/arrivals"), 0.0, []
    for _ in range(number):
        found.append(moment)
        moment += chance.expovariate(1 / _ARRIVAL_SECONDS)
    return found


def _run_bot(bot: Bot, delay: float) -> Journey:
    bot.arrive_after(delay)
    return bot.run()


def format_table(journeys: list[Journey]) -> str:
    """Return a table with a row for each bot, and a line that sums them up."""
    rows = [("bot", "finished", "pages", "waited", "to game", "frames", "actions", "took", "participant")]
    for number, journey in enumerate(journeys, 1):
        rows.append(
            (
                str(number),
                "yes" if journey.has_finished else "NO",
                " ".join(map(str, journey.pages)),
                _seconds(journey.waited) if journey.waits else "",
                "" if journey.time_to_game is None else _seconds(journey.time_to_game),
                str(sum(game.frames for game in journey.games)),
                str(sum(game.actions for game in journey.games)),
                _seconds(journey.seconds),
                journey.user_id,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    errors = [f"bot {number}: {each.error}" for number, each in enumerate(journeys, 1) if each.error]
    finished = sum(journey.has_finished for journey in journeys)
    return "\n".join(["", *lines, "", *errors, f"{finished} of {len(journeys)} bots finished"])


def _summarize(journey: Journey) -> str:
    seconds = _seconds(journey.seconds)
    return f"finished in {seconds}" if journey.has_finished else f"failed after {seconds}: {journey.error}"


def _seconds(number: float) -> str:
    return f"{number:.1f} s"


def _as_json(journey: Journey) -> dict[str, Any]:
    return {"finished": journey.has_finished, **asdict(journey)}
