"""Route 53: names in lower case, and only names that belong to the zone.

AWS (Route 53 API reference, ChangeResourceRecordSets; developer guide, "DNS domain name format"): names are
stored in lower case whatever the request says. A change of a name outside the zone is InvalidChangeBatch, and
so are CREATE of a record that exists and DELETE of one whose values differ; no change of the batch is made.

MiniStack distinguishes `A.example.com` from `a.example.com` and accepts any name in any zone.
"""

from typing import Any

from hippo_local.emulator.ministack import load, patch, require

_route53 = load("services.route53")


def install() -> None:
    """Patch MiniStack so that names are normalised and rejected as on AWS."""
    require(_route53, "_zones", "_parse_body", "_find", "_findall", "_text", "_error_response")
    plain_normalise = patch(_route53, "_normalise_name", None)
    plain_change = patch(_route53, "_change_resource_record_sets", None)

    def normalise(name: str) -> str:
        normalised: str = plain_normalise(name.lower() if name else name)
        return normalised

    def change(zone_id: str, body: bytes) -> Any:
        error = _check_zone(zone_id, body)
        return plain_change(zone_id, body) if error is None else error

    patch(_route53, "_normalise_name", normalise)
    patch(_route53, "_change_resource_record_sets", change)


def changed_records(body: bytes) -> list[tuple[str, str, str]]:
    """Return each change of a ChangeResourceRecordSets body: action, name (lower case, final dot), type."""
    root = _route53._parse_body(body)
    batch = None if root is None else _route53._find(root, "ChangeBatch")
    changes = None if batch is None else _route53._find(batch, "Changes")
    if changes is None:
        return []
    found = []
    for item in _route53._findall(changes, "Change"):
        record = _route53._find(item, "ResourceRecordSet")
        if record is not None:
            name = _route53._normalise_name(_route53._text(record, "Name"))
            found.append((_route53._text(item, "Action"), name, _route53._text(record, "Type")))
    return found


def _check_zone(zone_id: str, body: bytes) -> Any:
    zone = _route53._zones.get(zone_id)
    if not zone:
        return None
    for _, name, kind in changed_records(body):
        if name != zone["name"] and not name.endswith("." + zone["name"]):
            return _route53._error_response(
                "InvalidChangeBatch",
                f"[RRSet with DNS name {name}, type {kind} is not permitted in zone {zone['name']}]",
            )
    return None
