"""The inventory of this stack's server resources in AWS, by participant.

It lists only what this project's naming matches: clusters by name and tag, rules by name, A records by name,
TTL and, later, by an address that the participant's own record knows.
"""

from collections.abc import Callable, Iterable

from hippo.aws.route53 import TTL_SECONDS
from hippo.host_labels import derive_host_label, is_derived_label
from hippo.ids import is_user_id, parse_resource_name
from hippo.servers.stop.tools import StopTools
from hippo.servers.sweep.findings import FoundResources


class Inventory:
    """The resources found so far, each under its participant's id."""

    def __init__(self, tools: StopTools, prefix: str, root_domain: str) -> None:
        self._tools = tools
        self._prefix = prefix
        self._root_domain = root_domain
        self.found: dict[str, FoundResources] = {}
        self._derived: dict[str, set[str]] = {}  # addresses by host label

    def add_clusters(self) -> None:
        """Add the clusters with the name and the tag of this stack."""
        containers = self._tools.containers
        names = containers.list_clusters(f"{self._prefix}-")
        for cluster in containers.describe_clusters(names) if names else ():
            if cluster.status == "INACTIVE" or cluster.tags.get("hippo:stack") != self._prefix:
                continue
            owner = parse_resource_name(self._prefix, cluster.name)
            if owner:
                self._find(owner[1]).clusters[owner[0]] = cluster.tasks

    def add_rules(self) -> None:
        """Add the rules that are named as this stack names them."""
        for name in self._tools.rules.list_names(f"{self._prefix}-"):
            if owner := parse_resource_name(self._prefix, name):
                self._find(owner[1]).rules.add(owner[0])

    def add_names(self, first: str) -> str:
        """Add a page of the hosted zone; return where the next one begins."""
        records, following = self._tools.host_names.list_page(first)
        for record in records:
            label, _, domain = record.name.partition(".")
            if domain != self._root_domain or record.ttl != TTL_SECONDS:
                continue
            if is_derived_label(label):
                self._derived.setdefault(label, set()).update(record.addresses)
            elif is_user_id(label):
                self._find(label).addresses |= set(record.addresses)
        return following

    def attribute_names(self, list_records: Callable[[], Iterable[str]]) -> None:
        """Add the derived names to their participants.

        A derived label does not tell its id. If the participants found so far do not explain all of them,
        `list_records` lists the keys of all server records.
        """
        owners = {derive_host_label(user_id): user_id for user_id in self.found}
        if self._derived.keys() - owners.keys():
            users = map(_read_user_id, list_records())
            owners |= {derive_host_label(user_id): user_id for user_id in users if is_user_id(user_id)}
        for label in self._derived.keys() & owners.keys():
            self._find(owners[label]).addresses |= self._derived[label]

    def add_users(self, keys: list[str]) -> None:
        """Add participants by the keys of their server records."""
        for key in keys:
            if is_user_id(user_id := _read_user_id(key)):
                self._find(user_id)

    def _find(self, user_id: str) -> FoundResources:
        return self.found.setdefault(user_id, FoundResources())


def _read_user_id(key: str) -> str:
    return key.removeprefix("_servers/").removesuffix(".json")
