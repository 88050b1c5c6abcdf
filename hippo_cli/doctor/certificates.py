"""The check of the game servers' certificate: whether it exists and when it expires."""

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
from hippo_cli.stack import UPGRADE, Stack

CERTIFICATE = "certificate"
_SOON = timedelta(days=14)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_PENDING = ("PENDING_VALIDATION",)
_RENEW = "Upload a new fullchain.pem and privkey.pem there (docs/howto/certificates.md)."


def check_certificate(connection: Connection, stack: Stack, now: datetime) -> Iterator[Result]:
    """Check the certificate that the stack reports: in ACM, in a bucket or in each study's image."""
    location = stack.get("GameCertificate")
    if location.startswith("arn:"):
        yield _check_acm(connection.make_client("acm"), location, now)
    elif location.startswith("s3://"):
        yield _check_bucket(connection.make_client("s3"), location, now)
    elif location == "image":
        yield unknown(
            CERTIFICATE,
            "each study's image contains its own",
            "Check the dates of its fullchain.pem, which `ssl` in config.yml names.",
        )
    else:
        yield unknown(CERTIFICATE, "the stack does not report where it is", f"Ask the operator to {UPGRADE}.")


def _check_acm(acm: Any, arn: str, now: datetime) -> Result:
    certificate = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    status, names = certificate["Status"], certificate.get("DomainName", "")
    if status in _PENDING:
        return failure(
            CERTIFICATE,
            f"{names}: ACM is waiting for its validation",
            "Check the DNS delegation, because ACM validates by DNS.",
        )
    if status != "ISSUED":
        return failure(CERTIFICATE, f"{names}: {status}", "Ask the operator to have it issued again.")
    ends = certificate.get("NotAfter")
    return judge_end(
        names, ends, now, "ACM should have renewed it automatically. Check its validation in ACM."
    )


def _check_bucket(s3: Any, location: str, now: datetime) -> Result:
    address = urlsplit(location)
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
    """Return the result for a certificate that is valid until `ends`."""
    if ends is None:
        raise CliError(f"{name}: its expiry date is not known", "Check the certificate in ACM.")
    day = f"{ends.astimezone(UTC):%Y-%m-%d}"
    if ends <= now:
        return failure(CERTIFICATE, f"{name}: expired on {day}; browsers cannot connect", advice)
    if ends - now < _SOON:
        return warning(CERTIFICATE, f"{name}: expires on {day}", advice)
    return ok(CERTIFICATE, f"{name}: valid until {day}")


def read_not_after(pem: bytes) -> datetime:
    """Return when the first certificate of a chain expires. Raises ValueError if there is none.

    This is the end of the field `validity` (RFC 5280, 4.1). It is the only X.509 field needed here, so no
    library is used.
    """
    match = _PEM.search(pem)
    if not match:
        raise ValueError("not a PEM certificate")
    try:
        certificate = _read_all(base64.b64decode(match[1]))[0][1]
        fields = _read_all(_read_all(certificate)[0][1])
        if fields[0][0] == 0xA0:  # the version, which is optional
            fields = fields[1:]
        tag, value = _read_all(fields[3][1])[1]  # after serial number, algorithm, issuer
        time_format = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}[tag]
        return datetime.strptime(value.decode("ascii"), time_format).replace(tzinfo=UTC)
    except (IndexError, KeyError, ValueError) as error:
        raise ValueError(f"not a readable certificate ({error})") from None


def _read_all(data: bytes) -> list[tuple[int, bytes]]:
    """Return the tags and contents of consecutive DER values."""
    found, offset = [], 0
    while offset < len(data):
        tag, length, offset = data[offset], data[offset + 1], offset + 2
        if length & 0x80:
            size = length & 0x7F
            length, offset = int.from_bytes(data[offset : offset + size]), offset + size
        if offset + length > len(data):
            raise ValueError("it is truncated")
        found.append((tag, data[offset : offset + length]))
        offset += length
    return found
