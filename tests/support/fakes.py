"""In-memory fakes of the services that the layer uses."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hippo.aws.route53 import AddressRecord
from hippo.aws.s3 import ListedObject, StoredObject
from hippo.errors import ConflictError


class FakeClock:
    """Time that moves only when a test, or a sleep of the code under test, moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2030, 1, 1, 12, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self.moment

    def sleep(self, seconds: float) -> None:
        """Move the time forward, and note the sleep."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the time forward."""
        self.moment += timedelta(seconds=seconds)


class FakeObjectStore:
    """A bucket as `ObjectStore` sees it; `before_write`, if set, runs once just before the next write."""

    def __init__(self, bucket: str = "fake-bucket") -> None:
        self.bucket = bucket
        self.objects: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}  # by key, as they were given with the last write
        self.before_write: Callable[[], object] | None = None

    def read(self, key: str) -> StoredObject | None:
        """Return the object, or None if it does not exist."""
        body = self.objects.get(key)
        return None if body is None else StoredObject(body, _etag(body))

    def create(self, key: str, body: bytes, *, tags: str = "") -> str:
        """Write a key that must not exist yet."""
        self._let_rival_in()
        if key in self.objects:
            raise ConflictError(key)
        return self._write(key, body, tags)

    def replace(self, key: str, body: bytes, etag: str, *, tags: str = "") -> str:
        """Write a key that must be unchanged since it was read."""
        self._let_rival_in()
        if key not in self.objects or _etag(self.objects[key]) != etag:
            raise ConflictError(key)
        return self._write(key, body, tags)

    def delete(self, key: str) -> None:
        """Delete the object if it exists."""
        self.objects.pop(key, None)

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        """Yield the objects directly below a prefix."""
        for key, body in sorted(self.objects.items()):
            if key.startswith(prefix) and "/" not in key.removeprefix(prefix):
                yield ListedObject(key, len(body), _etag(body))

    def list_after(self, prefix: str, after: str, most: int) -> tuple[list[str], str]:
        """Return the keys of one page of objects directly below a prefix, and where the next page begins."""
        keys = [key for key in sorted(self.objects) if key.startswith(prefix) and key > after]
        parts = [key.removeprefix(prefix).partition("/") for key in keys]
        entries = list(dict.fromkeys(prefix + name + slash for name, slash, _ in parts))
        page = entries[:most]
        begins = page[-1] + ("\U0010ffff" if page[-1].endswith("/") else "") if len(entries) > most else ""
        return [entry for entry in page if not entry.endswith("/")], begins

    def list_tree(self, prefix: str) -> Iterator[ListedObject]:
        """Yield all objects below a prefix."""
        for key, body in sorted(self.objects.items()):
            if key.startswith(prefix):
                yield ListedObject(key, len(body), _etag(body))

    def _let_rival_in(self) -> None:
        rival, self.before_write = self.before_write, None
        if rival:
            rival()

    def _write(self, key: str, body: bytes, tags: str) -> str:
        self.objects[key], self.tags[key] = body, tags
        return _etag(body)


class FakeTopic:
    """A topic that keeps what is published to it."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, Any]] = []

    def publish(self, message: Mapping[str, Any]) -> None:
        """Keep the message."""
        self.messages.append(message)


class FakeHostNames:
    """A hosted zone with the records that a test puts into `records`."""

    def __init__(self) -> None:
        self.records: dict[str, AddressRecord] = {}
        self.asked: list[str] = []

    def find(self, name: str) -> AddressRecord | None:
        """Return the A record of that name, or None."""
        self.asked.append(name)
        return self.records.get(name)


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'
