"""Tests of the sources of the game server's certificate."""

import logging
import ssl

import boto3
import botocore.client
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from certificates import (
    AcmSource,
    BucketSource,
    CertificateError,
    FileSource,
    UnavailableError,
    find_source,
)
from moto import mock_aws
from tls import Tls, make_tls

from tests.support.certificates import make_certificate
from tests.support.tls_in_memory import begin, der, meet

NAMES = ("*.example.org",)
ADDRESS = "s3://studies/SSL"


@pytest.fixture
def aws(monkeypatch):
    """Open an in-memory AWS."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


@pytest.fixture
def bucket(aws):
    """Create a bucket; return a function that stores certbot's two files of a certificate in it."""
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="studies")

    def put(certificate):
        s3.put_object(Bucket="studies", Key="SSL/fullchain.pem", Body=certificate.chain)
        s3.put_object(Bucket="studies", Key="SSL/privkey.pem", Body=certificate.key)

    return put


def test_pair_in_the_bucket_is_served(bucket):
    """Given the pair in the bucket's folder, the server serves it."""
    certificate = make_certificate(*NAMES)
    bucket(certificate)
    tls = Tls(BucketSource(ADDRESS))
    begin(tls)

    assert meet(tls) == der(certificate)


def test_certificate_of_acm_is_exported_and_served(aws, caplog):
    """Given an exportable certificate, it is served with its key decrypted by a generated passphrase that is
    not logged.
    """
    acm = boto3.client("acm", region_name="eu-west-1")
    arn = acm.request_certificate(DomainName=NAMES[0], Options={"Export": "ENABLED"})["CertificateArn"]
    pairs = [AcmSource(arn).fetch() for _ in range(2)]
    with caplog.at_level(logging.INFO):
        tls = Tls(AcmSource(arn), "game.example.org")
        begin(tls)

    exported = acm.get_certificate(CertificateArn=arn)["Certificate"]
    assert meet(tls) == ssl.PEM_cert_to_DER_cert(exported)
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in pairs[0].key
    assert pairs[0].passphrase != pairs[1].passphrase
    # ACM allows 4 to 128 characters of ASCII without #, $ and %.
    assert 4 <= len(pairs[0].passphrase) <= 128
    assert not set(pairs[0].passphrase) & set("#$%")
    assert arn in caplog.text
    assert "PRIVATE KEY" not in caplog.text + repr(pairs[0])
    assert pairs[0].passphrase not in repr(pairs[0])


def test_certificate_of_acm_is_requested_in_its_own_region(aws, monkeypatch):
    """Given a task in another region, the region of the ARN is used."""
    arn = boto3.client("acm", region_name="us-east-1").request_certificate(
        DomainName=NAMES[0], Options={"Export": "ENABLED"}
    )["CertificateArn"]

    assert b"BEGIN CERTIFICATE" in AcmSource(arn).fetch().chain


@pytest.mark.parametrize("missing", ["bucket", "object", "certificate"])
def test_missing_certificate_ends_the_start(bucket, missing):
    """Given a certificate that does not exist, the start fails at once and names it."""
    if missing == "certificate":
        address = "arn:aws:acm:eu-west-1:123456789012:certificate/0a1b"
        source = AcmSource(address)
    else:
        address = ADDRESS if missing == "object" else "s3://nowhere/SSL"
        source = BucketSource(address)

    with pytest.raises(CertificateError, match=f"^TLS_CERTIFICATE: {address}"):
        begin(Tls(source))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject"), CertificateError),
        (ClientError({"Error": {"Code": "SlowDown"}}, "GetObject"), UnavailableError),
        (
            ClientError({"Error": {"Code": "RequestInProgressException"}}, "ExportCertificate"),
            UnavailableError,
        ),
        (EndpointConnectionError(endpoint_url="https://s3"), UnavailableError),
    ],
)
def test_temporary_errors_are_distinguished_from_permanent_ones(aws, monkeypatch, error, kind):
    """Given an error of AWS, it is classified by whether a retry can help."""

    def fail(*_):
        raise error

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", fail)

    with pytest.raises(kind):
        BucketSource(ADDRESS).fetch()


def test_encrypted_key_without_passphrase_is_rejected_without_a_prompt(tmp_path):
    """Given an encrypted key in a file, the start fails without prompting for a passphrase."""
    from cryptography.hazmat.primitives import serialization

    certificate = make_certificate(*NAMES)
    locked = serialization.load_pem_private_key(certificate.key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "cert.pem").write_bytes(certificate.chain)
    (tmp_path / "key.pem").write_bytes(locked)

    with pytest.raises(CertificateError, match="^TLS_CERT_FILE"):
        begin(Tls(FileSource(tmp_path / "cert.pem", tmp_path / "key.pem")))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("arn:aws:acm:ca-central-1:123456789012:certificate/0a1b-2c", AcmSource),
        (ADDRESS, BucketSource),
        ("s3://studies/SSL/", BucketSource),
    ],
)
def test_setting_names_the_source(make_settings, aws, value, kind):
    """Given TLS_CERTIFICATE, or `certificate` in the trial settings, it determines the source."""
    assert type(find_source(make_settings({"TLS_CERTIFICATE": value}))) is kind
    assert type(find_source(make_settings(certificate=value))) is kind


def test_without_any_setting_connections_are_plain_with_a_warning(make_settings, caplog):
    """Given no certificate at all, the server uses ws and logs a warning."""
    assert make_tls(make_settings()) is None
    assert "not encrypted" in caplog.text
