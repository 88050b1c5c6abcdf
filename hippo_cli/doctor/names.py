"""DNS: whether the world asks the hosted zone in which game servers get their names."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import dns.exception
import dns.resolver

from hippo_cli.connection import Connection
from hippo_cli.doctor.results import Result, failure, ok, unknown, warning
from hippo_cli.stack import Stack

DELEGATION = "DNS delegation"
_SECONDS = 6.0
# The resolver's words for "there is no such name" and "it has no such records".
_NOTHING = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)

# Name and type of a record to its values, as the public DNS has them.
AskDns = Callable[[str, str], list[str]]


def ask_dns(name: str, kind: str) -> list[str]:
    """Values, lower-case and without the last dot. Raises dns.exception.DNSException."""
    resolver = dns.resolver.Resolver()
    answer = resolver.resolve(name, kind, lifetime=_SECONDS)
    return sorted(str(value).rstrip(".").lower() for value in answer)


def check_delegation(connection: Connection, stack: Stack, ask: AskDns = ask_dns) -> Iterator[Result]:
    """The root domain's name servers in the public DNS against those of its hosted zone."""
    root = stack.get("RootDomain").rstrip(".").lower()
    if not root:
        yield unknown(
            DELEGATION, "the stack does not say its RootDomain", "Ask the operator to deploy it again."
        )
        return
    if is_local(stack):
        yield ok(DELEGATION, f"{root} is this machine")
        return
    try:
        public = ask(root, "NS")
    except _NOTHING:
        yield failure(
            DELEGATION,
            f"nobody in the world finds {root}: game servers' names will not be found",
            "Enter the hosted zone's four name servers as NS records where the domain above it is kept.",
        )
        return
    except dns.exception.DNSException as error:
        yield unknown(DELEGATION, f"{root}: {error}", "Look at this machine's network and its DNS resolver.")
        return
    yield from _compare(connection.make_client("route53"), root, public)


def _compare(route53: Any, root: str, public: list[str]) -> Iterator[Result]:
    zones = route53.list_hosted_zones_by_name(DNSName=root)["HostedZones"]
    ids = [
        zone["Id"]
        for zone in zones
        if zone["Name"].rstrip(".").lower() == root and not zone.get("Config", {}).get("PrivateZone")
    ]
    own = [sorted(map(_plain, _read_servers(route53, zone_id))) for zone_id in ids]
    if public in own:
        yield ok(DELEGATION, f"{root}: {', '.join(public)}")
    elif not own:
        yield warning(
            DELEGATION,
            f"this account has no public hosted zone {root}; the world asks {', '.join(public)}",
            "Fine only if the zone lies in another account; else look at RootDomain and HostedZoneId.",
        )
    else:
        yield failure(
            DELEGATION,
            f"{root}: the world asks {', '.join(public)}, the hosted zone is at {', '.join(own[0])}",
            "Enter the hosted zone's name servers as NS records where the domain above it is kept.",
        )


def _read_servers(route53: Any, zone_id: str) -> list[str]:
    return list(route53.get_hosted_zone(Id=zone_id).get("DelegationSet", {}).get("NameServers", []))


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


def check_addresses(stack: Stack, ask: AskDns = ask_dns) -> Iterator[Result]:
    """Whether page and API are found at all."""
    if is_local(stack):  # whose API has a name of AWS's kind, that only it knows
        return
    for what, key in (("page's name", "SiteUrl"), ("API's name", "NextUrl")):
        host = urlsplit(stack.get(key)).hostname or ""
        if not host:
            continue
        try:
            ask(host, "A")
        except _NOTHING:
            yield failure(what, f"nobody finds {host}", "Ask the operator; see also the delegation above.")
        except dns.exception.DNSException as error:
            yield unknown(what, f"{host}: {error}", "Look at this machine's network and its DNS resolver.")
        else:
            yield ok(what, host)


def is_local(stack: Stack) -> bool:
    """Whether it is a local platform, whose game servers have names that no resolver is asked for."""
    root = stack.get("RootDomain").rstrip(".").lower()
    return root == "localhost" or root.endswith(".localhost")
