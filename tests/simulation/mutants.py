"""Breaks the code in one way after the other and shows that the simulation notices each.

    python -m tests.simulation.mutants [name …]

A mutant is one change of the source text in a copy; a change that no longer applies is an error, so that the
list cannot rot.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tests.support.paths import ROOT

LAYER = "layer/hippo"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to break the code: in this file, this text becomes that."""

    name: str
    file: str
    old: str
    new: str


MUTANTS = [
    Mutant(
        "stop deletes the rule first",
        f"{LAYER}/servers/stop/stop.py",
        "        self._teardown.clear(held.record, keep=set())\n        record = held.check()",
        "        self._teardown.finish(held.record)\n"
        "        self._teardown.clear(replace(held.record, rule_name=''), keep=set())\n"
        "        record = held.check()",
    ),
    Mutant(
        "start arms no rule",
        f"{LAYER}/servers/start/bring_up.py",
        "        self._arm_rule(held)\n        # After",
        "        # After",
    ),
    Mutant(
        "a stop does not arm the rule again",
        f"{LAYER}/servers/stop/teardown.py",
        "            lambda: self.arm(record, self._clock.now() + NEXT_ALARM),\n            *self",
        "            *self",
    ),
    Mutant(
        "any id becomes a name",
        f"{LAYER}/journey/game_step.py",
        "return HostChoice.USER_ID if is_trusted else HostChoice.DERIVED",
        "return HostChoice.USER_ID",
    ),
    Mutant(
        "the page computes the name of a server",
        f"{LAYER}/journey/game_step.py",
        '(server.host_name if server else "") or self._build_host_name(step_request)',
        'f"{step_request.user_id}.{self._settings.root_domain}"',
    ),
    Mutant(
        "RunTask's failures are taken for a task",
        f"{LAYER}/aws/ecs.py",
        'return RunResult(str(tasks[0]["taskArn"]) if tasks else None, reasons)',
        'return RunResult(str(tasks[0]["taskArn"]) if tasks else "arn:task/none", reasons)',
    ),
    Mutant(
        "RunTask without an idempotent clientToken",
        f"{LAYER}/servers/start/tasks.py",
        '"/".join(parts).encode()',
        "__import__('os').urandom(8)",
    ),
    Mutant(
        "a start that continues takes another ticket key",
        f"{LAYER}/servers/start/claims.py",
        "owner=self._invocation.owner, lease_until=self._invocation.ends)",
        "owner=self._invocation.owner, lease_until=self._invocation.ends, ticket_key='another')",
    ),
    Mutant(
        "writes without a condition",
        f"{LAYER}/aws/s3.py",
        "                    **condition,\n",
        "",
    ),
    Mutant(
        "ready before the name is in sync",
        f"{LAYER}/aws/route53.py",
        'return bool(self._client.get_change(Id=change_id)["ChangeInfo"]["Status"] == "INSYNC")',
        'return bool(self._client.get_change(Id=change_id)["ChangeInfo"]["Status"])',
    ),
    Mutant(
        "ready before the port answers",
        f"{LAYER}/servers/start/bring_up.py",
        "            if not all(state.values()):\n                return None\n",
        '            if state["in sync"]:\n                return True\n            return None\n',
    ),
    Mutant(
        "the port is not tried again at the end",
        f"{LAYER}/servers/start/bring_up.py",
        '            state["answers"] = self._tools.connect(address, GAME_PORT)\n'
        '            return True if state["answers"] else None\n',
        "            return True\n",
    ),
    Mutant(
        "names are overwritten",
        f"{LAYER}/aws/route53.py",
        'return self._change([("CREATE", AddressRecord(name, (address,), TTL_SECONDS))])',
        'return self._change([("UPSERT", AddressRecord(name, (address,), TTL_SECONDS))])',
    ),
    Mutant(
        "the name is not deleted",
        f"{LAYER}/servers/stop/teardown.py",
        "            *(lambda name=name: self._delete_name(record, keep, name) for name in names),\n",
        "",
    ),
    Mutant(
        "crons are rounded down",
        f"{LAYER}/aws/events.py",
        "moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)",
        "moment = moment.replace(second=0, microsecond=0)",
    ),
    Mutant(
        "FailedEntryCount is ignored",
        f"{LAYER}/aws/events.py",
        '        if code != "ResourceNotFoundException":\n            raise',
        '        if code == "NeverException":\n            raise',
    ),
    Mutant(
        "the rule is deleted with its target",
        f"{LAYER}/aws/events.py",
        "                response = self._client.remove_targets(Rule=name, Ids=[_TARGET_ID])\n"
        '            _check_entries("events:RemoveTargets", response)\n',
        "                pass\n",
    ),
    Mutant(
        "a busy cluster counts as deleted",
        f"{LAYER}/aws/ecs.py",
        "            if error.code in _BUSY_CLUSTER:\n                return False",
        "            if error.code in _BUSY_CLUSTER:\n                return True",
    ),
    Mutant(
        "tasks that the record does not know are not looked for",
        f"{LAYER}/aws/ecs.py",
        'return [str(arn) for page in pages for arn in page.get("taskArns", ())]',
        'return [str(arn) for page in pages for arn in page.get("taskArns", ())][:0]',
    ),
    Mutant(
        "a start does not notice that it was overtaken",
        f"{LAYER}/records/server.py",
        "        if not found or (found[0].owner, found[0].attempt, found[0].state) != (",
        "        if not found or (mine.owner, mine.attempt, mine.state) != (",
    ),
    Mutant(
        "a server record does not say whose project it is of",
        f"{LAYER}/records/server.py",
        'key, tags = f"_servers/{record.user_id}.json", format_object_tags(record)',
        'key, tags = f"_servers/{record.user_id}.json", ""',
    ),
    Mutant(
        "a stop does not wait for the start that it overtook",
        f"{LAYER}/records/server.py",
        "        return _is_live(self.start_lease_until, now)",
        "        return False",
    ),
    Mutant(
        "a start older than the stop is taken up",
        f"{LAYER}/servers/start/decisions.py",
        "    return ended is not None and message.sent_at <= ended",
        "    return False",
    ),
    Mutant(
        "a start seen before is taken up again",
        f"{LAYER}/servers/start/decisions.py",
        "    return message.start_id in (current.start_id, *current.seen)",
        "    return False",
    ),
    Mutant(
        "a client token does not tell one life from the next",
        f"{LAYER}/servers/start/tasks.py",
        'begun = to_wire(record.started_at) or ""',
        'begun = ""',
    ),
    Mutant(
        "a start finds nobody and is taken up",
        f"{LAYER}/servers/start/decisions.py",
        "return occasion != Occasion.FIRST_STEP or case.now - case.message.sent_at > UNWRITTEN",
        "return False",
    ),
    Mutant(
        "a first page's start is taken up however old it is",
        f"{LAYER}/servers/start/decisions.py",
        "return occasion != Occasion.FIRST_STEP or case.now - case.message.sent_at > UNWRITTEN",
        "return occasion != Occasion.FIRST_STEP",
    ),
    Mutant(
        "a server is replaced whose record is gone",
        f"{LAYER}/servers/start/decisions.py",
        "        return case.current is None\n    if not occasion",
        "        return False\n    if not occasion",
    ),
    Mutant(
        "a late stop leaves a mark of who has withdrawn",
        f"{LAYER}/servers/stop/stop.py",
        "if occasion == Occasion.BY_HAND or (occasion and now - message.sent_at > UNWRITTEN):",
        "if False:",
    ),
    Mutant(
        "a stop of an attempt leaves a mark of who has withdrawn",
        f"{LAYER}/servers/stop/stop.py",
        "return self._teardown.take_down(self._build_attempt(message, message.attempt), keep=set())\n",
        "self._teardown.take_down(self._build_attempt(message, message.attempt), keep=set())\n",
    ),
    Mutant(
        "a stop of an attempt ends another life's",
        f"{LAYER}/servers/stop/stop.py",
        "if record.requested_at and message.sent_at < record.requested_at < now + _CLOCK_SKEW:",
        "if message.attempt is None and record.requested_at and message.sent_at < record.requested_at:",
    ),
    Mutant(
        "a failure is swallowed instead of raised",
        f"{LAYER}/invocation.py",
        "    except InvalidMessageError as error:",
        "    except (InvalidMessageError, TransientError) as error:",
    ),
    Mutant(
        "a slot that is held is taken",
        f"{LAYER}/servers/capacity/slots.py",
        "            return stored.body == mine\n        try:",
        "            return True\n        try:",
    ),
    Mutant(
        "a slot is not given back after a 409",
        f"{LAYER}/servers/capacity/slots.py",
        "        change_object(self._store, key, self._clock, change)\n",
        "        try:\n"
        "            change_object(self._store, key, self._clock, change, 1)\n"
        "        except Exception:\n"
        "            pass\n",
    ),
    Mutant(
        "the start message is sent after the step is written",
        f"{LAYER}/journey/controller.py",
        "        self._publish_events(step_request, participant, target, now)\n"
        "        if study.is_game(target):\n"
        "            return self._game.reach(step_request, target, server, now)\n"
        "        participant.next_step = target + 1\n"
        "        step_request.write()\n",
        "        if study.is_game(target):\n"
        "            return self._game.reach(step_request, target, server, now)\n"
        "        participant.next_step = target + 1\n"
        "        step_request.write()\n"
        "        self._publish_events(step_request, participant, target, now)\n",
    ),
    Mutant(
        "a late answer is dropped",
        f"{LAYER}/records/participant.py",
        '        self.repeats.append({"step": step, **entry})\n',
        "",
    ),
    Mutant(
        "the loser of two requests advances as well",
        f"{LAYER}/journey/controller.py",
        "                finished = settle(progress, move, finished)\n",
        "",
    ),
    Mutant(
        "a GET goes past a page",
        f"{LAYER}/journey/progress.py",
        "    if not posted:\n        return Move.SHOW\n    return",
        "    if not posted:\n        return Move.ADVANCE\n    return",
    ),
    Mutant(
        "a request that is tried again forgets its own entry",
        f"{LAYER}/journey/controller.py",
        "            if again and participant and",
        "            if False and participant and",
    ),
    Mutant(
        "a claim of a group that lost counts all the same",
        f"{LAYER}/aws/s3.py",
        "            write_object(store, key, body, stored.etag if stored else None, tags=tags)\n",
        "            try:\n"
        "                write_object(store, key, body, stored.etag if stored else None, tags=tags)\n"
        "            except ConflictError:\n"
        "                pass\n",
    ),
    Mutant(
        "who finishes counts at each request",
        f"{LAYER}/journey/balanced_groups.py",
        "            if user_id not in groups.running:\n                return None, None\n"
        "            groups.finish(user_id, group)\n",
        "            groups.running[user_id] = (group, 0)\n            groups.finish(user_id, group)\n",
    ),
    Mutant(
        "an unused server is not withheld before it is stopped",
        f"{LAYER}/servers/stop/unused.py",
        "        self._clock.sleep(LONGEST_REQUEST.total_seconds())\n",
        "",
    ),
    Mutant(
        "the game is shown on a server that may be stopped",
        f"{LAYER}/records/server.py",
        "return self.is_ready_for(project_id, now) and not self.has_lease(now)",
        "return self.is_ready_for(project_id, now)",
    ),
    Mutant(
        "a server is stopped as unused although its game was shown",
        f"{LAYER}/servers/shown_games.py",
        "return participant.game_shown_at is not None or participant.shown_attempt == record.attempt",
        "return False",
    ),
    Mutant(
        "an idle end counts as a try",
        f"{LAYER}/servers/start/decisions.py",
        "self._earlier.tries + (not self._is_free)",
        "self._earlier.tries + 1",
    ),
    Mutant(
        "who comes back to an idle game gets no server",
        f"{LAYER}/records/server.py",
        "replaced = gone and self.reason in (*FOLLOWED_ENDS, EndReason.NO_SLOT)",
        "replaced = gone and self.reason in (*FOLLOWED_ENDS[:2], EndReason.NO_SLOT)",
    ),
    Mutant(
        "the sweep does nothing",
        f"{LAYER}/servers/sweep/sweep.py",
        "        for number, user_id in enumerate(users):\n",
        "        for number, user_id in enumerate(users[:0]):\n",
    ),
]


def break_code(mutant: Mutant) -> str:
    """Return the file's text with the mutant's change. Raises SystemExit if the change no longer applies."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise SystemExit(f"{mutant.name}: {mutant.file} holds the text {text.count(mutant.old)} times")
    return text.replace(mutant.old, mutant.new)


def try_mutant(mutant: Mutant) -> tuple[str, float]:
    """Return what the simulation reports (empty: nothing), and after how many seconds."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        for part in ("layer", "functions"):
            shutil.copytree(ROOT / part, Path(folder) / part)
        (Path(folder) / mutant.file).write_text(break_code(mutant))
        began = time.perf_counter()
        run = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "quick"],
            env={**os.environ, "PYTHONPATH": f"{folder}/layer:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - began
    if run.returncode == 0:
        return "", seconds
    lines = (run.stdout + run.stderr).strip().splitlines()
    return lines[-1] if lines else f"exit code {run.returncode}", seconds


def main(names: list[str]) -> int:
    """Print a table; return 1 if a mutant was not noticed."""
    chosen = [mutant for mutant in MUTANTS if not names or any(name in mutant.name for name in names)]
    missed = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        running = {pool.submit(try_mutant, mutant): mutant for mutant in chosen}
        for done in as_completed(running):
            mutant, (found, seconds) = running[done], done.result()
            missed += not found
            sys.stdout.write(f"{mutant.name:<56} {seconds:6.1f} s  {found[:200] or 'NOT NOTICED'}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - missed} of {len(chosen)} mutants were caught\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
