"""The check that the root domain is used for nothing but the stack.

Participants' ids become names below it, and the code of studies answers at these names.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from hippo.aws.route53 import TTL_SECONDS
from hippo_cli.connection import Connection
from hippo_cli.doctor.names import find_zones, is_local
from hippo_cli.doctor.results import Result, ok, unknown, warning
from hippo_cli.stack import UPGRADE, Stack

ROOT_DOMAIN = "root domain"
_MOST_SHOWN = 5
_OF_ZONES = ("NS", "SOA", "CAA")
# Records that say that a domain sends and receives no mail (RFC 7505, RFC 7208, RFC 7489).
_NO_MAIL = ("0 .", '"v=spf1 -all"', '"v=DMARC1;')
_ADVICE = (
    "Use a domain, or a subdomain with a hosted zone of its own, for the stack alone: "
    "game servers run the code of studies, and share cookies and mail policies with their neighbours."
)


def check_root_domain(connection: Connection, stack: Stack) -> Iterator[Result]:
    """List the records at and below the root domain that are not the stack's."""
    root = stack.get("RootDomain").rstrip(".").lower()
    if not root:
        yield unknown(ROOT_DOMAIN, "the stack does not report it", f"Ask the operator to {UPGRADE}.")
        return
    if is_local(stack):
        return
    route53 = connection.make_client("route53")
    zone_id = _find_zone(route53, root)
    if zone_id is None:
        yield unknown(ROOT_DOMAIN, f"the hosted zone of {root} is not in this account")
        return
    hosts = {urlsplit(stack.get(key)).hostname or "" for key in ("SiteUrl", "NextUrl")}
    others = [
        f"{record['Type']} {_read_name(record)}"
        for record in _list_records(route53, zone_id, root)
        if not _is_own(record, root, hosts)
    ]
    if not others:
        yield ok(ROOT_DOMAIN, f"{root} has no records besides those of stacks")
        return
    more = f" and {len(others) - _MOST_SHOWN} more" if len(others) > _MOST_SHOWN else ""
    yield warning(ROOT_DOMAIN, f"{root} is used for more: {', '.join(others[:_MOST_SHOWN])}{more}", _ADVICE)


def _find_zone(route53: Any, root: str) -> str | None:
    """Return the id of the zone with the root domain: its own, or that of the closest parent domain."""
    labels = root.split(".")
    for first in range(len(labels) - 1):
        if ids := find_zones(route53, ".".join(labels[first:])):
            return ids[0]
    return None


def _list_records(route53: Any, zone_id: str, root: str) -> Iterator[Any]:
    """Yield the records at and below the root domain. Route 53 sorts by the labels from the last one on."""
    pages = route53.get_paginator("list_resource_record_sets")
    for page in pages.paginate(HostedZoneId=zone_id, StartRecordName=root):
        for record in page["ResourceRecordSets"]:
            if not f".{_read_name(record)}".endswith(f".{root}"):
                return
            yield record


def _read_name(record: Any) -> str:
    return str(record["Name"]).rstrip(".").lower().replace("\\052", "*")


def _is_own(record: Any, root: str, hosts: set[str]) -> bool:
    """Return whether a record is the zone's, a stack's, a certificate's, or says that there is no mail."""
    name, kind = _read_name(record), record["Type"]
    values = [str(value["Value"]) for value in record.get("ResourceRecords", ())]
    if kind in ("A", "AAAA"):
        is_server = kind == "A" and record.get("TTL") == TTL_SECONDS and name.partition(".")[2] == root
        return is_server or name in hosts
    if kind == "CNAME":
        return name.startswith("_") and all("acm-validations.aws" in value for value in values)
    if kind in ("MX", "TXT"):
        return name.startswith("_acme-challenge.") or all(value.startswith(_NO_MAIL) for value in values)
    return kind in _OF_ZONES and name == root
