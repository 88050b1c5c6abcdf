"""DNS checks: whether public DNS delegates to the hosted zone that contains the game servers' names."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import dns.exception
import dns.resolver

from hippo_cli.connection import Connection
from hippo_cli.doctor.results import Result, failure, ok, unknown, warning
from hippo_cli.stack import UPGRADE, Stack

DELEGATION = "DNS delegation"
_SECONDS = 6.0
# The name does not exist, or it has no records of this type.
_NOT_FOUND = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)

# Name and type of a record to its values in the public DNS.
AskDns = Callable[[str, str], list[str]]


def ask_dns(name: str, kind: str) -> list[str]:
    """Return the values in lower case without the trailing dot. Raises dns.exception.DNSException."""
    resolver = dns.resolver.Resolver()
    answer = resolver.resolve(name, kind, lifetime=_SECONDS)
    return sorted(str(value).rstrip(".").lower() for value in answer)


def check_delegation(connection: Connection, stack: Stack, ask: AskDns = ask_dns) -> Iterator[Result]:
    """Compare the root domain's name servers in the public DNS with those of its hosted zone."""
    root = stack.get("RootDomain").rstrip(".").lower()
    if not root:
        yield unknown(
            DELEGATION, "the stack does not report its RootDomain", f"Ask the operator to {UPGRADE}."
        )
        return
    if is_local(stack):
        yield ok(DELEGATION, f"{root} is this machine")
        return
    try:
        public = ask(root, "NS")
    except _NOT_FOUND:
        yield failure(
            DELEGATION,
            f"{root} is not in the public DNS, so browsers cannot find game servers",
            "Enter the hosted zone's four name servers as NS records in the parent domain.",
        )
        return
    except dns.exception.DNSException as error:
        yield unknown(DELEGATION, f"{root}: {error}", "Check this machine's network and its DNS resolver.")
        return
    yield from _compare(connection.make_client("route53"), root, public)


def _compare(route53: Any, root: str, public: list[str]) -> Iterator[Result]:
    ids = find_zones(route53, root)
    own = [sorted(map(_normalise, _read_servers(route53, zone_id))) for zone_id in ids]
    if public in own:
        yield ok(DELEGATION, f"{root}: {', '.join(public)}")
    elif not own:
        yield warning(
            DELEGATION,
            f"this account has no public hosted zone {root}; "
            f"the parent domain delegates to {', '.join(public)}",
            "This only works if the zone is in another account. Otherwise check RootDomain and HostedZoneId.",
        )
    else:
        yield failure(
            DELEGATION,
            f"{root}: the parent domain delegates to {', '.join(public)}, "
            f"but the hosted zone's name servers are {', '.join(own[0])}",
            "Enter the hosted zone's name servers as NS records in the parent domain.",
        )


def find_zones(route53: Any, name: str) -> list[str]:
    """Return the ids of the account's public hosted zones of this name."""
    zones = route53.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    return [
        zone["Id"]
        for zone in zones
        if zone["Name"].rstrip(".").lower() == name and not zone.get("Config", {}).get("PrivateZone")
    ]


def _read_servers(route53: Any, zone_id: str) -> list[str]:
    return list(route53.get_hosted_zone(Id=zone_id).get("DelegationSet", {}).get("NameServers", []))


def _normalise(name: str) -> str:
    return name.rstrip(".").lower()


def check_addresses(stack: Stack, ask: AskDns = ask_dns) -> Iterator[Result]:
    """Check that the names of page and API resolve."""
    if is_local(stack):  # only the local platform knows the AWS-style name of its API
        return
    for what, key in (("page's name", "SiteUrl"), ("API's name", "NextUrl")):
        host = urlsplit(stack.get(key)).hostname or ""
        if not host:
            continue
        try:
            ask(host, "A")
        except _NOT_FOUND:
            yield failure(
                what,
                f"{host} is not in the public DNS",
                "Ask the operator. See also the DNS delegation above.",
            )
        except dns.exception.DNSException as error:
            yield unknown(what, f"{host}: {error}", "Check this machine's network and its DNS resolver.")
        else:
            yield ok(what, host)


def is_local(stack: Stack) -> bool:
    """Return whether this is a local platform, whose game servers' names do not need public DNS."""
    root = stack.get("RootDomain").rstrip(".").lower()
    return root == "localhost" or root.endswith(".localhost")
