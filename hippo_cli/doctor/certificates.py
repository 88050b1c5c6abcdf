"""The certificate of game servers: whether there is one, and for how long."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import read_code, reading
from hippo_cli.connection import Connection
from hippo_cli.doctor.results import Result, failure, ok, unknown, warning
from hippo_cli.errors import CliError
from hippo_cli.stack import Stack

CERTIFICATE = "certificate"
_SOON = timedelta(days=14)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_NOT_NOW = ("PENDING_VALIDATION",)
_RENEW = "Put a new fullchain.pem and privkey.pem there: docs/howto/certificates.md."


def check_certificate(connection: Connection, stack: Stack, now: datetime) -> Iterator[Result]:
    """Of what the stack says: one of ACM, a pair in a bucket, or one in each study's image."""
    place = stack.get("GameCertificate")
    if place.startswith("arn:"):
        yield _check_acm(connection.make_client("acm"), place, now)
    elif place.startswith("s3://"):
        yield _check_bucket(connection.make_client("s3"), place, now)
    elif place == "image":
        yield unknown(
            CERTIFICATE,
            "each study's image carries its own",
            "Look at the dates of its fullchain.pem, which `ssl` in config.yml names.",
        )
    else:
        yield unknown(
            CERTIFICATE, "the stack does not say where it is", "Ask the operator to deploy it again."
        )


def _check_acm(acm: Any, arn: str, now: datetime) -> Result:
    certificate = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    status, names = certificate["Status"], certificate.get("DomainName", "")
    if status in _NOT_NOW:
        return failure(
            CERTIFICATE,
            f"{names}: ACM waits for its validation",
            "Look at the DNS delegation: it is done there.",
        )
    if status != "ISSUED":
        return failure(CERTIFICATE, f"{names}: {status}", "Ask the operator to have it issued again.")
    ends = certificate.get("NotAfter")
    return judge_end(names, ends, now, "ACM renews it by itself, and has not: look at its validation there.")


def _check_bucket(s3: Any, place: str, now: datetime) -> Result:
    address = urlsplit(place)
    key = f"{address.path.strip('/')}/fullchain.pem"
    try:
        with reading(f"s3://{address.netloc}/{key}"):
            body = s3.get_object(Bucket=address.netloc, Key=key)["Body"].read()
    except ClientError as error:
        if read_code(error) != "NoSuchKey":
            raise
        return failure(CERTIFICATE, f"s3://{address.netloc}/{key} is missing", _RENEW)
    try:
        ends = read_not_after(body)
    except ValueError as error:
        return failure(CERTIFICATE, f"s3://{address.netloc}/{key}: {error}", _RENEW)
    return judge_end(f"s3://{address.netloc}/{key}", ends, now, _RENEW)


def judge_end(name: str, ends: datetime | None, now: datetime, advice: str) -> Result:
    """By how long it is valid still."""
    if ends is None:
        raise CliError(f"{name}: it is not known until when it is valid")
    day = f"{ends.astimezone(UTC):%Y-%m-%d}"
    if ends <= now:
        return failure(CERTIFICATE, f"{name}: has expired on {day}, no browser connects", advice)
    if ends - now < _SOON:
        return warning(CERTIFICATE, f"{name}: expires on {day}", advice)
    return ok(CERTIFICATE, f"{name}: valid until {day}")


def read_not_after(pem: bytes) -> datetime:
    """Until when the first certificate of a chain is valid. Raises ValueError.

    The end of the field `validity` (RFC 5280, 4.1): the only thing asked of X.509 here, so no library for it.
    """
    match = _PEM.search(pem)
    if not match:
        raise ValueError("not a PEM certificate")
    try:
        certificate = _read_all(base64.b64decode(match[1]))[0][1]
        fields = _read_all(_read_all(certificate)[0][1])
        if fields[0][0] == 0xA0:  # the version, which may be left out
            fields = fields[1:]
        tag, value = _read_all(fields[3][1])[1]  # after serial number, algorithm, issuer
        form = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}[tag]
        return datetime.strptime(value.decode("ascii"), form).replace(tzinfo=UTC)
    except (IndexError, KeyError, ValueError) as error:
        raise ValueError(f"not a certificate that can be read ({error})") from None


def _read_all(data: bytes) -> list[tuple[int, bytes]]:
    """The DER values that stand one after the other: tags and contents."""
    found, place = [], 0
    while place < len(data):
        tag, length, place = data[place], data[place + 1], place + 2
        if length & 0x80:
            size = length & 0x7F
            length, place = int.from_bytes(data[place : place + size]), place + size
        if place + length > len(data):
            raise ValueError("it is cut off")
        found.append((tag, data[place : place + length]))
        place += length
    return found
