"""`hippo doctor` on the root domain: which records are not the stack's."""

import pytest

from hippo.host_labels import derive_host_label
from hippo_cli.connection import Connection
from hippo_cli.doctor.results import Outcome, Result, run_check
from hippo_cli.doctor.root_domain import ROOT_DOMAIN as ROOT
from hippo_cli.doctor.root_domain import check_root_domain
from hippo_cli.stack import Stack
from tests.support.aws_hooks import shared_client
from tests.support.study_world import REGION, ROOT_DOMAIN, StudyWorld
from tests.unit.cli.doctor.test_doctor import COMPLETE, connection, make_stack

__all__ = ["connection"]  # the fixture


def put_record(zone_id: str, name: str, kind: str, value: str, ttl: int = 300) -> None:
    """Put a record into the zone."""
    record = {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value}]}
    shared_client("route53").change_resource_record_sets(
        HostedZoneId=zone_id,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )


def check(connection: Connection, stack: Stack | None = None) -> Result:
    """Return the check's only result."""
    (result,) = check_root_domain(connection, stack or make_stack())
    return result


def test_a_domain_for_the_stack_alone_is_fine(stack_world: StudyWorld, connection: Connection) -> None:
    """Given records of game servers, API, certificates and the zone, and those against mail, all is well."""
    labels = ("anna", derive_host_label("wpad"))
    for name in [f"{label}.{ROOT_DOMAIN}" for label in labels]:
        put_record(stack_world.zone_id, name, "A", "192.0.2.1", ttl=10)
    put_record(stack_world.zone_id, f"api.{ROOT_DOMAIN}", "A", "192.0.2.1")
    put_record(stack_world.zone_id, f"_1f.{ROOT_DOMAIN}", "CNAME", "_2.acm-validations.aws.")
    put_record(stack_world.zone_id, f"_acme-challenge.{ROOT_DOMAIN}", "TXT", '"x"')
    put_record(stack_world.zone_id, ROOT_DOMAIN, "CAA", '0 issue "amazon.com"')
    put_record(stack_world.zone_id, ROOT_DOMAIN, "MX", "0 .")
    put_record(stack_world.zone_id, ROOT_DOMAIN, "TXT", '"v=spf1 -all"')

    result = check(connection, make_stack(NextUrl=f"https://api.{ROOT_DOMAIN}/next"))

    assert (result.outcome, result.found) == (
        Outcome.OK,
        f"{ROOT_DOMAIN} has no records besides those of stacks",
    )


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        (ROOT_DOMAIN, "MX", "10 mail.example.org."),
        (ROOT_DOMAIN, "TXT", '"v=spf1 include:example.net -all"'),
        (ROOT_DOMAIN, "A", "192.0.2.1"),
        (f"www.{ROOT_DOMAIN}", "CNAME", "example.net."),
        (f"intranet.{ROOT_DOMAIN}", "A", "192.0.2.1"),
        (f"_sip._tcp.{ROOT_DOMAIN}", "SRV", "1 1 5060 sip.example.org."),
        (f"lab.{ROOT_DOMAIN}", "NS", "ns-1.example.net."),
        (f"a.b.{ROOT_DOMAIN}", "A", "192.0.2.1"),
    ],
)
def test_other_uses_are_reported(
    stack_world: StudyWorld, connection: Connection, name: str, kind: str, value: str
) -> None:
    """Given mail, a web site or another service below the domain, a warning names it and says what to do."""
    put_record(stack_world.zone_id, name, kind, value)

    result = check(connection)

    assert (result.outcome, result.found) == (
        Outcome.WARNING,
        f"{ROOT_DOMAIN} is used for more: {kind} {name}",
    )
    assert "a hosted zone of its own" in result.advice


def test_many_other_uses_are_counted(stack_world: StudyWorld, connection: Connection) -> None:
    """Given seven records of others, five are named."""
    for number in range(7):
        put_record(stack_world.zone_id, f"host{number}.{ROOT_DOMAIN}", "A", "192.0.2.1")

    assert check(connection).found.endswith(f"A host4.{ROOT_DOMAIN} and 2 more")


def test_neighbours_in_a_parents_zone_do_not_count(stack_world: StudyWorld, connection: Connection) -> None:
    """Given a root domain within a larger zone, only the records below the root domain count."""
    put_record(stack_world.zone_id, ROOT_DOMAIN, "MX", "10 mail.example.org.")
    put_record(stack_world.zone_id, f"studies.{ROOT_DOMAIN}", "MX", "10 mail.example.org.")
    put_record(stack_world.zone_id, f"www.{ROOT_DOMAIN}", "A", "192.0.2.1")

    result = check(connection, make_stack(RootDomain=f"studies.{ROOT_DOMAIN}"))

    assert result.found == f"studies.{ROOT_DOMAIN} is used for more: MX studies.{ROOT_DOMAIN}"


def test_what_cannot_be_looked_up_is_unknown(stack_world: StudyWorld, connection: Connection) -> None:
    """Given an old stack, a zone elsewhere, or no permission, it is unknown; locally there is no result."""
    assert check(connection, make_stack(RootDomain="")).outcome is Outcome.UNKNOWN
    assert check(connection, make_stack(RootDomain="elsewhere.net")).outcome is Outcome.UNKNOWN
    assert (
        list(check_root_domain(connection, Stack("x", REGION, {**COMPLETE, "RootDomain": "localhost"}))) == []
    )
    stack_world.aws.fail("ListResourceRecordSets", "AccessDenied", 403)

    (denied,) = run_check(ROOT, lambda: check_root_domain(connection, make_stack()))

    assert (denied.what, denied.outcome) == ("root domain", Outcome.UNKNOWN)
    assert "ListResourceRecordSets" in denied.found
