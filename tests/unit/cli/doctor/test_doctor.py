"""`hippo doctor` reports for each check whether it passes and what to do, whatever the other results are."""

import json
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.resolver
import pytest
from botocore.exceptions import EndpointConnectionError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hippo_cli.connection import Connection
from hippo_cli.doctor.certificates import check_certificate, read_not_after
from hippo_cli.doctor.examination import Plan, examine
from hippo_cli.doctor.machine import check_docker
from hippo_cli.doctor.names import check_addresses, check_delegation
from hippo_cli.doctor.quotas import check_cap, check_concurrency, check_fargate, check_rules
from hippo_cli.doctor.results import Outcome, Result, ok, run_check
from hippo_cli.stack import Stack
from tests.support.aws_hooks import shared_client
from tests.support.stack_values import put_values
from tests.support.study_world import BUCKET, PROJECT, REGION, ROOT_DOMAIN, StudyWorld

Run = Callable[..., Any]
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SERVERS = ["ns-1.example.net", "ns-2.example.org"]
COMPLETE = {
    "NextUrl": "https://api.example.org/next",
    "SiteUrl": "https://study.example.org",
    "TaskRoleArn": "arn:t",
    "TaskExecutionRoleArn": "arn:e",
    "GameCertificate": "image",
    "MaxServers": "50",
    "RootDomain": ROOT_DOMAIN,
}


@pytest.fixture
def connection(stack_world: StudyWorld) -> Connection:
    """Return a connection to the deployment in memory."""
    put_values(stack_world, **COMPLETE)
    return Connection(None, REGION, None)


def find(results: list[Result], what: str) -> Result:
    """Return the only result for a check."""
    (found,) = [result for result in results if result.what == what]
    return found


def make_stack(**values: str) -> Stack:
    """Return a stack with these outputs."""
    return Stack("lab", REGION, {"BucketName": BUCKET, **COMPLETE, **values})


def ask(values: dict[str, list[str]] | Exception) -> Callable[[str, str], list[str]]:
    """Return the public DNS."""

    def answer(name: str, kind: str) -> list[str]:
        if isinstance(values, Exception):
            raise values
        if name not in values:
            raise dns.resolver.NXDOMAIN
        return values[name]

    return answer


def make_pem(ends: datetime) -> bytes:
    """Return a certificate with this validity."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "*.games.example.org")])
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, ends - timedelta(days=90), ends)
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_other_checks_run_after_failures(stack_world: StudyWorld, connection: Connection) -> None:
    """Given calls that are denied or whose target is missing, each is a line and not an exception."""
    stack_world.aws.fail("Invoke", "AccessDeniedException", 403)
    stack_world.aws.fail("GetServiceQuota", "AccessDeniedException", 403, times=9)
    stack_world.aws.fail("GetAccountSettings", "AccessDeniedException", 403)
    stack_world.aws.fail("FilterLogEvents", "AccessDeniedException", 400)

    results = list(examine(connection, Plan(PROJECT, {}, 20), NOW, ask(dns.resolver.NoNameservers())))

    assert find(results, "credentials").outcome is Outcome.OK
    assert find(results, "stack").outcome is Outcome.OK
    assert find(results, "publishing").outcome is Outcome.FAILURE
    assert "ResearcherPolicy" in find(results, "publishing").advice
    assert find(results, "logs of functions").outcome is Outcome.UNKNOWN
    assert find(results, f"data of {PROJECT}").outcome is Outcome.OK
    for what in ("Fargate", "EventBridge", "Lambda", "DNS delegation", "certificate"):
        assert find(results, what).outcome is Outcome.UNKNOWN, what
    assert "GetServiceQuota" in find(results, "Fargate").found


def test_the_command(
    stack_world: StudyWorld, run: Run, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a failure among the results, the command exits with 1, otherwise with 0, as text and as JSON."""
    results = [Result("x", Outcome.WARNING, "so-so", "Do this.")]
    monkeypatch.setattr("hippo_cli.commands.doctor.examine", lambda *_: iter(results))
    fine, machine = run("doctor"), run("doctor", "--json")
    results.append(Result("y", Outcome.FAILURE, "broken", ""))
    broken = run("doctor", "-n", "5")
    results += [Result("z", Outcome.FAILURE, "gone", ""), Result("q", Outcome.UNKNOWN, "hidden")]
    worse = run("doctor")

    assert [one.exit_code for one in (fine, machine, broken, worse)] == [0, 0, 1, 1]
    assert "x: so-so" in fine.stdout
    assert "Do this." in fine.stdout
    assert json.loads(machine.stdout)[0]["outcome"] == "warning"
    assert "1 warning, 1 failure" in broken.stdout
    assert "1 warning, 2 failures, 1 not checked" in worse.stdout


def test_no_credentials_and_no_region(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given no credentials, this is the failure; the stack is not checked, but Docker is."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    no_credentials, no_region = run("doctor", "--region", REGION, "--json"), run("doctor")

    results = [(one["what"], one["outcome"]) for one in json.loads(no_credentials.stdout)]
    assert (no_credentials.exit_code, no_region.exit_code) == (1, 2)
    assert results[:2] == [("credentials", "failure"), ("stack", "could not look")]
    assert results[2][0] == "Docker"


def test_no_stack(aws: Any, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a region without a stack, this is the failure."""
    result = run("doctor", "--region", "eu-west-1", "--json")

    (stack,) = [one for one in json.loads(result.stdout) if one["what"] == "stack"]
    assert (result.exit_code, stack["outcome"]) == (1, "failure")
    assert "no HIPPO Gym stack was found in eu-west-1" in stack["found"]


def test_network_gone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an address that does not respond, the command exits with 1 and says what to check."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("hippo_cli.connection._RETRIES", 1)

    result = run("doctor", "--region", REGION)

    assert result.exit_code == 1
    assert "AWS cannot be reached" in result.stdout


def put_quotas(stack_world: StudyWorld, *values: float) -> None:
    """Queue values as consecutive responses of Service Quotas."""
    for value in values:
        stack_world.aws.answer("GetServiceQuota", {"Quota": {"Value": value}})


def test_quotas_against_the_plan(stack_world: StudyWorld, connection: Connection) -> None:
    """Given a small account, On-Demand fails the plan, Spot raises its cost, and there are too few rules."""
    put_quotas(stack_world, 6, 6, 100)

    fargate = list(check_fargate(connection, 20, 2))
    (rules,) = check_rules(connection, 95)
    (cap,) = check_cap(make_stack(MaxServers="5"), 20)

    assert [one.outcome for one in fargate] == [Outcome.FAILURE, Outcome.WARNING]
    assert "3 servers of 2 vCPUs at once, but 20 are planned" in fargate[0].found
    assert "Ask AWS for 40" in fargate[0].advice
    assert (rules.outcome, cap.outcome) == (Outcome.FAILURE, Outcome.WARNING)


def test_quotas_that_suffice(stack_world: StudyWorld, connection: Connection) -> None:
    """Given a large account, all quotas pass; a quota that was not changed is AWS's default."""
    put_quotas(stack_world, 4000)
    stack_world.aws.fail("GetServiceQuota", "NoSuchResourceException", 404)
    stack_world.aws.answer("GetAWSDefaultServiceQuota", {"Quota": {"Value": 4000.0}})
    put_quotas(stack_world, 300)
    stack_world.aws.answer("GetAccountSettings", {"AccountLimit": {"UnreservedConcurrentExecutions": 10}})
    stack_world.aws.answer("GetAccountSettings", {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}})

    fargate = list(check_fargate(connection, 20, 2))
    (rules,) = check_rules(connection, 100)
    (few,), (many,) = (list(check_concurrency(connection, 20)) for _ in range(2))
    (cap,) = check_cap(make_stack(), 20)
    (old,) = check_cap(make_stack(MaxServers=""), 20)

    assert {one.outcome for one in [*fargate, rules, many, cap]} == {Outcome.OK}
    assert (few.outcome, old.outcome) == (Outcome.WARNING, Outcome.UNKNOWN)


def test_delegation(stack_world: StudyWorld, connection: Connection) -> None:
    """Given the zone's name servers and those in public DNS, they agree, differ or do not exist."""
    zone = shared_client("route53").get_hosted_zone(Id=stack_world.zone_id)
    own = sorted(name.lower() for name in zone["DelegationSet"]["NameServers"])

    def check(answer: dict[str, list[str]] | Exception, **values: str) -> Outcome:
        (result,) = check_delegation(connection, make_stack(**values), ask(answer))
        return result.outcome

    assert check({ROOT_DOMAIN: own}) is Outcome.OK
    assert check({ROOT_DOMAIN: SERVERS}) is Outcome.FAILURE
    assert check({}) is Outcome.FAILURE
    assert check({"other.org": SERVERS}, RootDomain="other.org") is Outcome.WARNING
    assert check(dns.resolver.NoNameservers()) is Outcome.UNKNOWN
    assert check({}, RootDomain="localhost") is Outcome.OK
    assert check({}, RootDomain="") is Outcome.UNKNOWN


def test_addresses() -> None:
    """Given page and API, an unknown name is a failure; a failed resolver is not a result."""
    some = list(check_addresses(make_stack(), ask({"api.example.org": ["192.0.2.1"]})))
    assert list(check_addresses(make_stack(RootDomain="localhost"), ask({}))) == []
    none = list(check_addresses(make_stack(), ask(dns.resolver.LifetimeTimeout(timeout=1, errors=[]))))

    assert [one.outcome for one in some] == [Outcome.FAILURE, Outcome.OK]
    assert [one.outcome for one in none] == [Outcome.UNKNOWN, Outcome.UNKNOWN]


@pytest.mark.parametrize(("days", "outcome"), [(60, Outcome.OK), (5, Outcome.WARNING), (-1, Outcome.FAILURE)])
def test_certificate_in_the_bucket(
    stack_world: StudyWorld, connection: Connection, days: int, outcome: Outcome
) -> None:
    """Given a certificate in the bucket, its expiry is read from it."""
    stack_world.s3.put_object(
        Bucket=BUCKET, Key="SSL/fullchain.pem", Body=make_pem(NOW + timedelta(days=days))
    )

    (result,) = check_certificate(connection, make_stack(GameCertificate=f"s3://{BUCKET}/SSL"), NOW)

    assert result.outcome is outcome
    assert f"{NOW + timedelta(days=days):%Y-%m-%d}" in result.found


def test_certificate_that_is_missing_or_none(stack_world: StudyWorld, connection: Connection) -> None:
    """Given a missing file, or one that is not a certificate, this is a failure."""
    stack = make_stack(GameCertificate=f"s3://{BUCKET}/SSL")
    (missing,) = check_certificate(connection, stack, NOW)
    stack_world.s3.put_object(Bucket=BUCKET, Key="SSL/fullchain.pem", Body=b"x")
    (wrong,) = check_certificate(connection, stack, NOW)

    assert (missing.outcome, wrong.outcome) == (Outcome.FAILURE, Outcome.FAILURE)
    assert "is missing" in missing.found
    assert "not a PEM certificate" in wrong.found


@pytest.mark.parametrize("year", [2031, 2051])
def test_both_forms_of_a_certificate_s_time(year: int) -> None:
    """Given a certificate that expires before or after 2050, its expiry is read."""
    ends = datetime(year, 5, 6, 7, 8, 9, tzinfo=UTC)

    assert read_not_after(make_pem(ends)) == ends


@pytest.mark.parametrize("body", [b"AAAA", b"MIIB", b"!", b""])
def test_certificates_that_are_cut_off(body: bytes) -> None:
    """Given any bytes between the lines of a PEM file, the error is always ValueError."""
    with pytest.raises(ValueError, match="not a"):
        read_not_after(b"-----BEGIN CERTIFICATE-----\n" + body + b"\n-----END CERTIFICATE-----")


@pytest.mark.parametrize(
    ("certificate", "outcome"),
    [
        ({"Status": "ISSUED", "NotAfter": NOW + timedelta(days=90)}, Outcome.OK),
        ({"Status": "ISSUED", "NotAfter": NOW + timedelta(days=3)}, Outcome.WARNING),
        ({"Status": "PENDING_VALIDATION"}, Outcome.FAILURE),
        ({"Status": "FAILED"}, Outcome.FAILURE),
    ],
)
def test_certificate_of_acm(
    stack_world: StudyWorld, connection: Connection, certificate: dict[str, Any], outcome: Outcome
) -> None:
    """Given a certificate in ACM, its status and expiry determine the result."""
    stack_world.aws.answer("DescribeCertificate", {"Certificate": certificate})

    arn = f"arn:aws:acm:{REGION}:1:certificate/x"
    (result,) = check_certificate(connection, make_stack(GameCertificate=arn), NOW)

    assert result.outcome is outcome


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("echo 29.1", "version 29.1"),
        ("echo cannot connect >&2; exit 1", "is not running: cannot connect"),
        (None, "not installed"),
    ],
)
def test_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, found: str) -> None:
    """Given Docker, a daemon that does not respond, or no Docker, this is reported and is not a failure."""
    if script:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "docker").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(tmp_path))

    (result,) = check_docker()

    assert result.found == found
    assert result.outcome is (Outcome.OK if script == "echo 29.1" else Outcome.WARNING)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, "servers of 2 vCPUs at once"),
        ({"awsSetup": {"cpu": 4}}, "servers of 4 vCPUs at once"),
        ({"steps": {"1": "quiz.html", "finalStep": "thanks.html"}}, "the study has no game"),
    ],
)
def test_quotas_for_the_study_that_is_named(
    stack_world: StudyWorld,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    changes: Any,
    found: str,
) -> None:
    """Given another study's folder, the quotas use the size of the named study as published."""
    put_values(stack_world, **COMPLETE)
    stack_world.s3.put_object(
        Bucket=BUCKET,
        Key="project_master_list.json",
        Body=json.dumps({"projects": [{"id": "maze"} | changes]}),
    )
    (tmp_path / "config.yml").write_text("project:\n  id: other\n  awsSetup: {cpu: 8, memory: 16}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hippo_cli.doctor.examination.is_local", lambda _: False)
    put_quotas(stack_world, 40, 40, 100)

    results = json.loads(run("doctor", "--project", "maze", "--json").stdout)

    assert [one for one in results if one["what"].startswith("Fargate") and found in one["found"]], results
    without = {one["what"] for one in results if "no game" in one["found"]}
    assert without == ({"MaxServers", "Fargate", "EventBridge"} if "game" in found else set())


def test_size_from_the_version_without_the_list(
    stack_world: StudyWorld, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Given no permission to read the list of projects, the version in the project's folder has the size."""
    put_values(stack_world, **COMPLETE)
    for key in stack_world.list_keys(f"{PROJECT}/_versions/"):  # a version of the same second would be as new
        stack_world.s3.delete_object(Bucket=BUCKET, Key=key)
    stack_world.publish({}, awsSetup={"cpu": 8, "memory": 16})
    stack_world.aws.reset()
    stack_world.aws.fail("GetObject", "AccessDenied", 403, times=9, key="project_master_list")
    monkeypatch.setattr("hippo_cli.doctor.examination.is_local", lambda _: False)
    monkeypatch.chdir(tmp_path)
    put_quotas(stack_world, 40, 40, 100)

    results = json.loads(run("doctor", "--project", PROJECT, "--json").stdout)

    assert any("servers of 8 vCPUs at once" in one["found"] for one in results)


def test_what_was_seen_before_the_network_went() -> None:
    """Given a check that fails midway, its earlier results are reported as well."""

    def check() -> Iterator[Result]:
        yield ok("first", "seen")
        raise EndpointConnectionError(endpoint_url="https://ecr.example")

    found = run_check("permissions", check)

    assert [(one.what, one.outcome) for one in found] == [
        ("first", Outcome.OK),
        ("permissions", Outcome.FAILURE),
    ]
    assert "https://ecr.example" in found[1].found
