"""Stand-ins for S3, SNS and EventBridge that note each call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hippo.aws.s3 import ListedObject, StoredObject
from tests.fakes.journal import Journal
from tests.support import fakes


class FakeObjectStore(fakes.FakeObjectStore):
    """A bucket: `store.read`, `store.create`, `store.replace`, `store.list` in the journal."""

    def __init__(self, journal: Journal, bucket: str = "fake-bucket") -> None:
        super().__init__(bucket)
        self._journal = journal

    def read(self, key: str) -> StoredObject | None:
        """Return the object, or None if it does not exist."""
        with self._journal.call("store.read", key=key):
            return super().read(key)

    def create(self, key: str, body: bytes, *, tags: str = "") -> str:
        """Write a key that must not exist yet."""
        with self._journal.call("store.create", key=key):
            return super().create(key, body, tags=tags)

    def replace(self, key: str, body: bytes, etag: str, *, tags: str = "") -> str:
        """Write a key that must be unchanged since it was read."""
        with self._journal.call("store.replace", key=key):
            return super().replace(key, body, etag, tags=tags)

    def delete(self, key: str) -> None:
        """Delete the object."""
        with self._journal.call("store.delete", key=key):
            super().delete(key)

    def list_after(self, prefix: str, after: str, most: int) -> tuple[list[str], str]:
        """Return the keys of one page of objects, and where the next page begins."""
        with self._journal.call("store.list_after", prefix=prefix, after=after):
            return super().list_after(prefix, after, most)

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        """Yield the objects directly below a prefix."""
        with self._journal.call("store.list", prefix=prefix):
            entries = list(super().list_objects(prefix))
        return iter(entries)


class FakeTopic(fakes.FakeTopic):
    """A topic that keeps what is published to it."""

    def __init__(self, journal: Journal, name: str = "topic") -> None:
        super().__init__()
        self._journal = journal
        self._name = name

    def publish(self, message: Mapping[str, Any]) -> None:
        """Keep the message."""
        with self._journal.call(f"{self._name}.publish", message=dict(message)):
            super().publish(message)


@dataclass(slots=True)
class FakeRule:
    """When it fires (None: its moment had passed at its creation), its message and its tags."""

    fires: datetime | None
    message: dict[str, Any]
    tags: dict[str, str]


class FakeRules:
    """One-time rules: to the minute, rounded up, and never again once the moment has passed."""

    def __init__(self, journal: Journal, clock: fakes.FakeClock) -> None:
        self._journal, self._clock = journal, clock
        self.rules: dict[str, FakeRule] = {}

    def arm(
        self,
        name: str,
        moment: datetime,
        message: Mapping[str, object],
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Create the rule or move it; tags count only when it is created."""
        with self._journal.call("rules.arm", name=name, moment=moment, message=dict(message)):
            known = self.rules.get(name)
            minute = moment.astimezone(UTC)
            if minute.second or minute.microsecond:
                minute = minute.replace(second=0, microsecond=0) + timedelta(minutes=1)
            fires = minute if minute > self._clock.now() else None
            kept = known.tags if known else dict(tags or {})
            self.rules[name] = FakeRule(fires, dict(message), kept)

    def list_names(self, prefix: str) -> set[str]:
        """Return the names of the rules that begin with the prefix."""
        with self._journal.call("rules.list_names", prefix=prefix):
            return {name for name in self.rules if name.startswith(prefix)}

    def disarm(self, name: str) -> None:
        """Remove target and rule if they exist."""
        with self._journal.call("rules.disarm", name=name):
            self.rules.pop(name, None)

    def take_due(self) -> list[dict[str, Any]]:
        """Return the messages of the rules whose moment has come, each once."""
        due = [rule for rule in self.rules.values() if rule.fires and rule.fires <= self._clock.now()]
        for rule in due:
            rule.fires = None
        return [rule.message for rule in due]
