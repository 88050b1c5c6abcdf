"""Sends some participants through the study at once, and reports what each of them saw."""

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
from hippo_local.console import Console

REPORT = "bots.json"
_ARRIVAL_SECONDS = 1.0  # on average between two, at a person's pace
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
    """0 if all of them get to the end, else FAILED; what they saw is in bots.json too.

    `minutes`: how long a server may run; nobody is given longer than that and five minutes.
    """
    manner = Manner(fast, minutes * 60 + _MARGIN_SECONDS)
    bots = [
        Bot(outputs["nextUrl"], outputs["projectId"], f"{seed}/{place}", manner) for place in range(number)
    ]
    pace = "fast" if fast else "at a person's pace"
    console.report(f"{number} bots go through {outputs['projectId']}, {pace}, seed {seed}")
    delays = [0.0] * number if fast else _spread(number, seed)
    journeys: list[Journey] = []
    with ThreadPoolExecutor(number, thread_name_prefix="bot") as pool:
        for place, journey in enumerate(pool.map(_send, bots, delays), 1):
            journeys.append(journey)
            console.report(f"bot {place}: {_tell(journey)}")
    report = json.dumps({"seed": seed, "bots": [_as_json(one) for one in journeys]}, indent=2)
    (directory / REPORT).write_text(report + "\n", encoding="utf-8")
    if as_json:
        sys.stdout.write(f"{report}\n")
    else:
        console.show(format_table(journeys))
    return 0 if all(journey.has_finished for journey in journeys) else FAILED


def _spread(number: int, seed: int) -> list[float]:
    """Seconds after which each of them arrives."""
    chance, moment, found = random.Random(f"{seed}/arrivals"), 0.0, []
    for _ in range(number):
        found.append(moment)
        moment += chance.expovariate(1 / _ARRIVAL_SECONDS)
    return found


def _send(bot: Bot, delay: float) -> Journey:
    bot.arrive_after(delay)
    return bot.run()


def format_table(journeys: list[Journey]) -> str:
    """What each saw, and the whole of it in a line."""
    rows = [("bot", "end", "pages", "waited", "to game", "frames", "actions", "took", "participant")]
    for place, one in enumerate(journeys, 1):
        rows.append(
            (
                str(place),
                "yes" if one.has_finished else "NO",
                " ".join(map(str, one.pages)),
                _seconds(one.waited) if one.waits else "",
                "" if one.time_to_game is None else _seconds(one.time_to_game),
                str(sum(game.frames for game in one.games)),
                str(sum(game.actions for game in one.games)),
                _seconds(one.seconds),
                one.user_id,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    errors = [f"bot {place}: {one.error}" for place, one in enumerate(journeys, 1) if one.error]
    finished = sum(one.has_finished for one in journeys)
    return "\n".join(["", *lines, "", *errors, f"{finished} of {len(journeys)} got to the end"])


def _tell(journey: Journey) -> str:
    took = f"in {_seconds(journey.seconds)}"
    return f"at the end {took}" if journey.has_finished else f"stopped {took}: {journey.error}"


def _seconds(number: float) -> str:
    return f"{number:.1f} s"


def _as_json(journey: Journey) -> dict[str, Any]:
    return {"finished": journey.has_finished, **asdict(journey)}
