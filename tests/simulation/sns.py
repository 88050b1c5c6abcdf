"""SNS to Lambda: at least once, in any order, usually at once and at worst much later.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
A delivery is the same message with the same MessageId and the same Timestamp, however often and late.
"""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hippo.clock import to_wire
from tests.simulation.boundary import Boundary, operation

SOON = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Message:
    """A published message and its time."""

    topic: str
    message_id: str
    text: str
    sent_at: datetime

    @property
    def body(self) -> dict[str, Any]:
        """Its JSON; everything that the project publishes is an object."""
        content: dict[str, Any] = json.loads(self.text)
        return content

    def as_event(self) -> dict[str, Any]:
        """Return what the subscribed function receives."""
        notification = {
            "MessageId": self.message_id,
            "Message": self.text,
            "Timestamp": to_wire(self.sent_at),
            "TopicArn": self.topic,
        }
        return {"Records": [{"EventSource": "aws:sns", "Sns": notification}]}


class SimulatedSns:
    """Topics with one subscriber each. `plan_delivery` returns the delays of a message's deliveries."""

    def __init__(self, boundary: Boundary) -> None:
        self.boundary = boundary
        self.subscribers: dict[str, Callable[[Message], object]] = {}
        self.sent: list[Message] = []
        self.on_their_way: list[Message] = []
        self.plan_delivery: Callable[[Message], list[float]] = lambda _: [SOON]
        self._numbers = itertools.count(1)

    @operation("sns:Publish")
    def publish(self, *, TopicArn: str, Message: str) -> dict[str, Any]:  # noqa: N803  # as botocore has it
        """Take a message."""
        return {"MessageId": self.take(TopicArn, Message).message_id}

    def take(self, topic: str, text: str) -> Message:
        """Accept a message and plan its deliveries."""
        number = next(self._numbers)
        message = Message(topic, f"message-{number}", text, self.boundary.scheduler.now())
        self.sent.append(message)
        for delay in self.plan_delivery(message):
            self.deliver_later(message, delay)
        return message

    def deliver_later(self, message: Message, delay: float) -> None:
        """Deliver a message, or deliver it again."""
        self.on_their_way.append(message)
        self.boundary.scheduler.plan(delay, lambda: self._deliver(message))

    def _deliver(self, message: Message) -> None:
        self.on_their_way.remove(message)
        self.subscribers[message.topic](message)
