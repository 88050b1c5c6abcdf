"""Route 53: the A record of a participant's server. Five requests a second for a whole account."""

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from hippo.aws.failures import read_code, read_message, translate
from hippo.errors import ConflictError

# At most ten seconds, so that a name that is given to a new server soon resolves to it.
TTL_SECONDS = 10
_PAGE = 100


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """An A record as it is; deletion requires exactly these values."""

    name: str
    addresses: tuple[str, ...]
    ttl: int


class HostNames:
    """The A records of the hosted zone; no method overwrites a record blindly."""

    def __init__(self, client: Any, zone_id: str) -> None:
        self._client = client
        self._zone_id = zone_id

    def find(self, name: str) -> AddressRecord | None:
        """Return the A record with exactly this name; None for an empty zone or another name."""
        with translate("route53:ListResourceRecordSets"):
            response = self._client.list_resource_record_sets(
                HostedZoneId=self._zone_id, StartRecordName=name, StartRecordType="A", MaxItems="1"
            )
        for record in response.get("ResourceRecordSets", ()):
            if record["Type"] == "A" and record["Name"].rstrip(".") == name:
                values = tuple(value["Value"] for value in record.get("ResourceRecords", ()))
                return AddressRecord(name, values, int(record.get("TTL", 0)))
        return None

    def list_page(self, first: str) -> tuple[list[AddressRecord], str]:
        """Return a page of A records from the name `first` on, and the next page's name (empty: none)."""
        optional = {"StartRecordName": first} if first else {}
        with translate("route53:ListResourceRecordSets"):
            response = self._client.list_resource_record_sets(
                HostedZoneId=self._zone_id, MaxItems=str(_PAGE), **optional
            )
        records = [
            AddressRecord(
                str(record["Name"]).rstrip("."),
                tuple(value["Value"] for value in record.get("ResourceRecords", ())),
                int(record.get("TTL", 0)),
            )
            for record in response.get("ResourceRecordSets", ())
            if record["Type"] == "A"
        ]
        return records, str(response.get("NextRecordName") or "")

    def create(self, name: str, address: str) -> str:
        """Create the A record and return the change's id. Raises ConflictError if the name exists."""
        return self._change([("CREATE", AddressRecord(name, (address,), TTL_SECONDS))])

    def replace(self, old: AddressRecord, address: str) -> str:
        """Replace exactly this record in one change. Raises ConflictError if it has changed."""
        new = AddressRecord(old.name, (address,), TTL_SECONDS)
        return self._change([("DELETE", old), ("CREATE", new)])

    def delete(self, record: AddressRecord) -> None:
        """Delete exactly this record. Raises ConflictError if it has changed or is gone."""
        self._change([("DELETE", record)])

    def is_in_sync(self, change_id: str) -> bool:
        """Return whether every name server of the zone has this change."""
        with translate("route53:GetChange"):
            return bool(self._client.get_change(Id=change_id)["ChangeInfo"]["Status"] == "INSYNC")

    def _change(self, changes: list[tuple[str, AddressRecord]]) -> str:
        batch = [
            {
                "Action": action,
                "ResourceRecordSet": {
                    "Name": record.name,
                    "Type": "A",
                    "TTL": record.ttl,
                    "ResourceRecords": [{"Value": address} for address in record.addresses],
                },
            }
            for action, record in changes
        ]
        with translate("route53:ChangeResourceRecordSets"):
            try:
                response = self._client.change_resource_record_sets(
                    HostedZoneId=self._zone_id, ChangeBatch={"Changes": batch}
                )
            except ClientError as error:
                if read_code(error) == "InvalidChangeBatch":
                    raise ConflictError(read_message(error)) from error
                raise
        return str(response["ChangeInfo"]["Id"])
