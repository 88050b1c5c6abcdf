"""A stand-in for the hosted zone."""

from datetime import datetime, timedelta

from hippo.aws.route53 import TTL_SECONDS, AddressRecord
from hippo.errors import ConflictError
from tests.fakes.journal import Journal
from tests.support.fakes import FakeClock


class FakeHostNames:
    """A records; a change is PENDING for `seconds_to_sync`. `other_types` are names of CNAME records."""

    def __init__(self, journal: Journal, clock: FakeClock) -> None:
        self._journal, self._clock = journal, clock
        self.records: dict[str, AddressRecord] = {}
        self.other_types: set[str] = set()
        self.seconds_to_sync = 30.0
        self._changes: dict[str, datetime] = {}

    def find(self, name: str) -> AddressRecord | None:
        """Return the A record with exactly this name."""
        with self._journal.call("host_names.find", name=name):
            return self.records.get(name)

    def list_page(self, first: str) -> tuple[list[AddressRecord], str]:
        """Return a page of two records, and where the next one begins."""
        with self._journal.call("host_names.list_page", first=first):
            names = sorted(name for name in self.records if name >= first)
            return [self.records[name] for name in names[:2]], "".join(names[2:3])

    def create(self, name: str, address: str) -> str:
        """Create the A record and return the change's id."""
        with self._journal.call("host_names.create", name=name, address=address):
            if name in self.records or name in self.other_types:
                raise ConflictError(f"{name} already exists")
            self.records[name] = AddressRecord(name, (address,), TTL_SECONDS)
            return self._note_change()

    def replace(self, old: AddressRecord, address: str) -> str:
        """Replace exactly this record."""
        with self._journal.call("host_names.replace", name=old.name, address=address):
            if self.records.get(old.name) != old:
                raise ConflictError(f"{old.name} is not like that")
            self.records[old.name] = AddressRecord(old.name, (address,), TTL_SECONDS)
            return self._note_change()

    def delete(self, record: AddressRecord) -> None:
        """Delete exactly this record."""
        with self._journal.call("host_names.delete", name=record.name):
            if self.records.get(record.name) != record:
                raise ConflictError(f"{record.name} is not like that")
            del self.records[record.name]

    def is_in_sync(self, change_id: str) -> bool:
        """Return whether every name server has this change."""
        with self._journal.call("host_names.is_in_sync", change_id=change_id):
            return self._clock.now() >= self._changes[change_id] + timedelta(seconds=self.seconds_to_sync)

    def _note_change(self) -> str:
        change_id = f"/change/C{len(self._changes) + 1}"
        self._changes[change_id] = self._clock.now()
        return change_id
