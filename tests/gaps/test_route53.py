"""Tests of Route 53: names of the zone, their spelling, and when a change is in sync."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.gaps.emulators import Emulator


def make_zone(emulator: Emulator, name: str = "example.com") -> str:
    zone = emulator.client("route53").create_hosted_zone(Name=name, CallerReference=uuid.uuid4().hex)
    return str(zone["HostedZone"]["Id"].rsplit("/", 1)[-1])


def record(name: str, value: str = "192.0.2.1") -> dict[str, Any]:
    return {"Name": name, "Type": "A", "TTL": 10, "ResourceRecords": [{"Value": value}]}


def change(emulator: Emulator, zone: str, *changes: tuple[str, dict[str, Any]]) -> str:
    """Make all of `changes` in one batch; return the change's id."""
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": what} for action, what in changes]}
    answer = emulator.client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    return str(answer["ChangeInfo"]["Id"])


def a_records(emulator: Emulator, zone: str) -> list[str]:
    found = emulator.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return [entry["Name"] for entry in found if entry["Type"] == "A"]


def refused(emulator: Emulator, zone: str, *changes: tuple[str, dict[str, Any]]) -> bool:
    with pytest.raises(ClientError) as refusal:
        change(emulator, zone, *changes)
    return str(refusal.value.response["Error"]["Code"]) == "InvalidChangeBatch"


def test_names_are_returned_in_lower_case(emulator: Emulator) -> None:
    """Given a name with capitals, it is stored in lower case (Route 53 developer guide, "DNS domain name
    format").
    """
    zone = make_zone(emulator)

    change(emulator, zone, ("CREATE", record("User-A.Example.com")))

    assert a_records(emulator, zone) == ["user-a.example.com."]


def test_a_name_that_exists_in_another_spelling_is_rejected(emulator: Emulator) -> None:
    """Given a name that exists, CREATE is InvalidChangeBatch in any spelling (API reference,
    ChangeResourceRecordSets).
    """
    zone = make_zone(emulator)
    change(emulator, zone, ("CREATE", record("user.example.com")))

    assert refused(emulator, zone, ("CREATE", record("USER.example.com", "192.0.2.2")))


def test_a_name_outside_the_zone_is_rejected(emulator: Emulator) -> None:
    """Given a name outside the zone, the change is InvalidChangeBatch, "RRSet … is not permitted in zone"
    (API reference, ChangeResourceRecordSets).
    """
    zone = make_zone(emulator)

    assert refused(emulator, zone, ("CREATE", record("user.example.org")))


def test_a_name_that_only_ends_like_the_zone_is_rejected(emulator: Emulator) -> None:
    """Given notexample.com, it does not belong to example.com (API reference, ChangeResourceRecordSets)."""
    zone = make_zone(emulator)

    assert refused(emulator, zone, ("CREATE", record("notexample.com")))


def test_a_batch_with_one_rejected_change_changes_nothing(emulator: Emulator) -> None:
    """Given a batch with an invalid change, none is made, as a batch is a transaction (API reference,
    ChangeResourceRecordSets).
    """
    zone = make_zone(emulator)

    assert refused(
        emulator, zone, ("CREATE", record("user.example.com")), ("CREATE", record("user.example.org"))
    )
    assert a_records(emulator, zone) == []


def test_delete_needs_the_exact_values(emulator: Emulator) -> None:
    """Given other values than the record's, DELETE is InvalidChangeBatch (API reference,
    ChangeResourceRecordSets).
    """
    zone = make_zone(emulator)
    change(emulator, zone, ("CREATE", record("user.example.com", "192.0.2.1")))

    assert refused(emulator, zone, ("DELETE", record("user.example.com", "192.0.2.9")))
    assert a_records(emulator, zone) == ["user.example.com."]


def test_a_change_is_pending_before_it_is_in_sync(emulator: Emulator) -> None:
    """Given a change, it is PENDING, then INSYNC (API reference, GetChange)."""
    change_id = change(emulator, make_zone(emulator), ("CREATE", record("user.example.com")))
    client = emulator.client("route53")

    seen = [client.get_change(Id=change_id)["ChangeInfo"]["Status"] for _ in range(2)]

    assert seen == ["PENDING", "INSYNC"]
