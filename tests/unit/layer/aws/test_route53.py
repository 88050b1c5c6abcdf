"""Route 53: the meaning of its responses."""

from collections.abc import Callable
from typing import Any

import pytest

from hippo.aws.route53 import AddressRecord, HostNames
from hippo.errors import ConflictError
from tests.unit.layer.aws.calls import CLIENTS, RECORD


@pytest.mark.parametrize("change", ["create", "replace", "delete"])
def test_a_refused_change_is_a_conflict(stub: Callable[..., None], change: str) -> None:
    """Given InvalidChangeBatch, a ConflictError has AWS's reason in its text."""
    names = HostNames(CLIENTS["route53"], "ZONE")
    stub("route53", "change_resource_record_sets", "InvalidChangeBatch", text="it already exists")
    calls = {
        "create": lambda: names.create(RECORD.name, "203.0.113.1"),
        "replace": lambda: names.replace(RECORD, "203.0.113.1"),
        "delete": lambda: names.delete(RECORD),
    }

    with pytest.raises(ConflictError, match="it already exists"):
        calls[change]()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            {
                "Name": "ada.example.org.",
                "Type": "A",
                "TTL": 10,
                "ResourceRecords": [{"Value": "203.0.113.1"}],
            },
            RECORD,
        ),
        (
            {"Name": "ada.example.org.", "Type": "AAAA", "TTL": 10, "ResourceRecords": [{"Value": "::1"}]},
            None,
        ),
        ({"Name": "adam.example.org.", "Type": "A", "TTL": 10, "ResourceRecords": [{"Value": "x"}]}, None),
        (
            {
                "Name": "ada.example.org.",
                "Type": "A",
                "AliasTarget": {"HostedZoneId": "Z", "DNSName": "x.", "EvaluateTargetHealth": False},
            },
            AddressRecord("ada.example.org", (), 0),
        ),
    ],
    ids=["the name", "another type", "the next name", "an alias"],
)
def test_only_the_a_record_of_that_name_is_found(
    stub: Callable[..., None], found: dict[str, Any], expected: AddressRecord | None
) -> None:
    """Given a later name from ListResourceRecordSets, the record does not exist."""
    answer = {"ResourceRecordSets": [found], "IsTruncated": False, "MaxItems": "1"}
    stub("route53", "list_resource_record_sets", answer)

    assert HostNames(CLIENTS["route53"], "ZONE").find("ada.example.org") == expected
