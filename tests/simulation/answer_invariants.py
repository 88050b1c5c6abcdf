"""The fifth invariant: participants' answers are kept once and in order, and no step is skipped."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.simulation.deployment import START_TOPIC, STOP_TOPIC

if TYPE_CHECKING:
    from tests.simulation.participants import Participant
    from tests.simulation.world import World


class AnswerInvariants:
    """The checks of each write of a participant's record, and of the whole record in the end."""

    def __init__(self, world: "World", note: Callable[[int, str], None]) -> None:
        self._world = world
        self._note = note
        self._sent = 0
        self._asked: set[tuple[str, str]] = set()  # topic and participant of what was ever published

    def check_write(self, user: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Check a write to a record, before it takes effect."""
        step = after["nextStep"] - before.get("nextStep", 1)
        if not 0 <= step <= 1:
            self._note(5, f"nextStep of {user} went {before.get('nextStep', 1)} → {after['nextStep']}")
        for kind in ("requests", "repeats"):
            old = before.get(kind, [])
            if after.get(kind, [])[: len(old)] != old:
                self._note(5, f"{kind} of {user} lost or changed an entry")
        is_waiting = after.get("waitingSince") and not after.get("interruptedAt")
        reached = after["nextStep"] - (0 if is_waiting else 1)
        config = self.config
        for event, topic in (("startServerStep", START_TOPIC), ("stopServerStep", STOP_TOPIC)):
            if reached >= config["events"][event] and not self._was_asked(topic, user):
                self._note(5, f"{user} is past {event} and nothing was published")

    def _was_asked(self, topic: str, user: str) -> bool:
        sent = self._world.sns.sent
        self._asked |= {(message.topic, message.body.get("userId", "")) for message in sent[self._sent :]}
        self._sent = len(sent)
        return (topic, user) in self._asked

    def check_end(self, person: "Participant") -> None:
        """Check the record once everything has come to rest."""
        record = self._world.record(person.user)
        kept = [entry.get("body") for entry in record.get("requests", [])]
        beside = [entry.get("body") for entry in record.get("repeats", [])]
        for body in {*person.kept, *person.lost}:
            times = (kept + beside).count(body)
            if times > 1 or (times == 0 and body in person.kept):
                self._note(5, f"{body} of {person.user} is in the record {times} times")
        steps = self.config["steps"]
        for step, entry in enumerate(record.get("requests", [])):
            if step and steps.get(str(step), "") != "game" and entry["httpMethod"] != "POST":
                self._note(5, f"{person.user} has gone past page {step} without an answer")
        moments = [entry["time"] for entry in record.get("requests", [])]
        if moments != sorted(moments):
            self._note(5, f"the answers of {person.user} are out of order")

    @property
    def config(self) -> dict[str, Any]:
        """The config of the study."""
        config: dict[str, Any] = json.loads(self._world.s3.objects["project_master_list.json"])["projects"][0]
        return config
