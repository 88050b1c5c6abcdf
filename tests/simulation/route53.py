"""Route 53: A records, changed in batches as a whole or not at all, and in sync only after a while.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
CREATE requires a new name, DELETE the record exactly as it is, otherwise: InvalidChangeBatch. A change
is PENDING until all name servers have it, for about half a minute. While a change of the zone is running,
another one may be refused with PriorRequestNotComplete.
"""

import itertools
from typing import Any

from tests.simulation.boundary import Boundary, operation
from tests.simulation.refusals import refuse

_CHANGE = "route53:ChangeResourceRecordSets"


class SimulatedRoute53:
    """One hosted zone."""

    def __init__(self, boundary: Boundary) -> None:
        self.boundary = boundary
        self.records: dict[str, tuple[int, tuple[str, ...]]] = {}  # name: TTL, addresses
        self.seconds_to_sync = 30.0
        self.prior_requests = 0  # so many of the next changes are refused: PriorRequestNotComplete
        self._in_sync_from: dict[str, float] = {}
        self._changed: dict[str, str] = {}  # name: its last change
        self._numbers = itertools.count(1)

    @operation("route53:ListResourceRecordSets")
    def list_resource_record_sets(
        self,
        *,
        MaxItems: str,  # noqa: N803  # as botocore has it
        StartRecordName: str = "",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        """Return a page of the records from that name on."""
        names, most = sorted(name for name in self.records if name >= StartRecordName), int(MaxItems)
        following = {"NextRecordName": names[most]} if len(names) > most else {}
        return {"ResourceRecordSets": [self._show(name) for name in names[:most]], **following}

    @operation("route53:ChangeResourceRecordSets")
    def change_resource_record_sets(self, *, ChangeBatch: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        """Apply a batch."""
        if self.prior_requests:
            self.prior_requests -= 1
            raise refuse(_CHANGE, "PriorRequestNotComplete")
        after = dict(self.records)
        for change in ChangeBatch["Changes"]:
            _apply(after, change["Action"], change["ResourceRecordSet"])
        self.records = after
        change_id = f"/change/C{next(self._numbers)}"
        self._in_sync_from[change_id] = self.boundary.scheduler.time + self.seconds_to_sync
        self._changed |= {change["ResourceRecordSet"]["Name"]: change_id for change in ChangeBatch["Changes"]}
        return {"ChangeInfo": {"Id": change_id, "Status": "PENDING"}}

    @operation("route53:GetChange")
    def get_change(self, *, Id: str) -> dict[str, Any]:  # noqa: N803  # as botocore has it
        """Return the status of a change."""
        if Id not in self._in_sync_from:
            raise refuse("route53:GetChange", "NoSuchChange", status=404)
        return {"ChangeInfo": {"Id": Id, "Status": "INSYNC" if self._is_in_sync(Id) else "PENDING"}}

    def resolve(self, name: str) -> tuple[str, ...]:
        """Return what every resolver gets: nothing while a change of the name is PENDING."""
        change = self._changed.get(name)
        if change and not self._is_in_sync(change):
            return ()
        return self.records.get(name, (0, ()))[1]

    def _is_in_sync(self, change_id: str) -> bool:
        return self.boundary.scheduler.time >= self._in_sync_from[change_id]

    def _show(self, name: str) -> dict[str, Any]:
        ttl, addresses = self.records[name]
        values = [{"Value": address} for address in addresses]
        return {"Name": f"{name}.", "Type": "A", "TTL": ttl, "ResourceRecords": values}


def _apply(records: dict[str, tuple[int, tuple[str, ...]]], action: str, wanted: dict[str, Any]) -> None:
    name = wanted["Name"].rstrip(".")
    value = (wanted["TTL"], tuple(entry["Value"] for entry in wanted["ResourceRecords"]))
    if action == "CREATE":
        if name in records:
            raise refuse(_CHANGE, "InvalidChangeBatch", f"{name} already exists")
        records[name] = value
    elif action == "DELETE":
        if records.get(name) != value:
            raise refuse(_CHANGE, "InvalidChangeBatch", f"{name}: the values provided do not match")
        del records[name]
    elif action == "UPSERT":  # unused by our code; it is here so that its use would be noticed
        records[name] = value
