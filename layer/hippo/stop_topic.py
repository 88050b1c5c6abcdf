"""What arrives on the stop topic: stops, the sweep's signal, and what ECS tells about tasks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hippo.messages import StopMessage, read_stop
from hippo.server_deaths import ServerDeaths
from hippo.server_stop import ServerStop
from hippo.server_sweep import ServerSweep
from hippo.task_events import TaskEnd, is_task_event, read_task_end


@dataclass(frozen=True, slots=True)
class SweepSignal:
    """`{"sweep": true}`, from the schedule or by hand."""


@dataclass(frozen=True, slots=True)
class StopTopic:
    """Reads a message and hands it to whoever it is for."""

    prefix: str
    server_stop: ServerStop
    server_deaths: ServerDeaths
    server_sweep: ServerSweep

    def read(self, body: Mapping[str, Any], sent_at: datetime) -> StopMessage | SweepSignal | TaskEnd | None:
        """The message; None for an event that concerns nobody. Raises InvalidMessageError."""
        if body.get("sweep") is True:
            return SweepSignal()
        if is_task_event(body):
            return read_task_end(body, self.prefix, sent_at)
        return read_stop(body, sent_at)

    def handle(self, message: StopMessage | SweepSignal | TaskEnd | None) -> None:
        """Do what it asks for. Raises TransientError if anything is left."""
        if isinstance(message, StopMessage):
            self.server_stop.stop(message)
        elif isinstance(message, TaskEnd):
            self.server_deaths.note(message)
        elif message is not None:
            self.server_sweep.sweep()
