"""Where the certificate comes from: two files, a folder of a bucket, or AWS Certificate Manager (ACM).

Each source gives the same, a `KeyPair`, and may be asked again at any time: that is how a renewed certificate
is noticed.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from settings import S3_FOLDER, Settings, SettingsError

CHAIN_NAME, KEY_NAME = "fullchain.pem", "privkey.pem"
# A try must end well before ECS kills, 30 s after SIGTERM.
_CLIENT = Config(connect_timeout=3, read_timeout=6, retries={"mode": "standard", "max_attempts": 2})
# What asking again does not change.
_LASTING = {
    "AccessDenied",
    "AccessDeniedException",
    "InvalidArnException",
    "NoSuchBucket",
    "NoSuchKey",
    "ResourceNotFoundException",
    "ValidationException",
}


class CertificateError(SettingsError):
    """There is no certificate that could be served; the message says which was meant and why."""


class NotNowError(Exception):
    """A certificate cannot be fetched or used at the moment; it may be in a while."""


@dataclass(frozen=True)
class KeyPair:
    """A certificate with its chain, and its private key; all PEM. The key may be encrypted."""

    chain: bytes
    key: bytes = field(repr=False)
    passphrase: str | None = field(default=None, repr=False)


class Source(Protocol):
    """Somewhere to get the certificate from; its text says where, with the setting's name."""

    def fetch(self) -> KeyPair:
        """The certificate as it is now; NotNowError, or CertificateError if there is none."""


class FileSource:
    """Two files of this machine or image."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain, self._key = chain, key

    def __str__(self) -> str:
        return f"TLS_CERT_FILE, TLS_KEY_FILE: {self._chain}, {self._key}"

    def fetch(self) -> KeyPair:
        """Read both files."""
        try:
            return KeyPair(self._chain.read_bytes(), self._key.read_bytes())
        except OSError as error:
            raise CertificateError(f"{self} cannot be read ({error}).") from error


class BucketSource:
    """`fullchain.pem` and `privkey.pem` in a folder of a bucket, as certbot names them."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        match = S3_FOLDER.fullmatch(address)
        if not match:
            raise CertificateError(f"TLS_CERTIFICATE: {address!r} is not s3://bucket/folder.")
        self._bucket, self._folder = match[1], match[2]
        self._client = boto3.client("s3", config=_CLIENT)

    def __str__(self) -> str:
        return f"TLS_CERTIFICATE: {self._address}"

    def fetch(self) -> KeyPair:
        """Read both objects; whoever replaces them does it one after the other, so they may not fit once."""
        return KeyPair(self._read(CHAIN_NAME), self._read(KEY_NAME))

    def _read(self, name: str) -> bytes:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=f"{self._folder}/{name}")
            data: bytes = answer["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise _judge(f"{self}/{name}", error) from error
        return data


class AcmSource:
    """An exportable certificate of ACM, which renews it."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._client = boto3.client("acm", region_name=arn.split(":")[3], config=_CLIENT)

    def __str__(self) -> str:
        return f"TLS_CERTIFICATE: {self._arn}"

    def fetch(self) -> KeyPair:
        """Export it. ACM encrypts the key with a passphrase that nobody but this process ever knows."""
        passphrase = secrets.token_urlsafe(32)
        try:
            answer = self._client.export_certificate(CertificateArn=self._arn, Passphrase=passphrase.encode())
        except (BotoCoreError, ClientError) as error:
            raise _judge(str(self), error) from error
        chain = f"{answer['Certificate'].strip()}\n{answer.get('CertificateChain', '').strip()}\n"
        return KeyPair(chain.encode(), answer["PrivateKey"].encode(), passphrase)


def find_source(settings: Settings) -> Source | None:
    """The source that the settings name, None where there is to be no TLS."""
    if settings.tls_cert_file and settings.tls_key_file:
        return FileSource(settings.tls_cert_file, settings.tls_key_file)
    if not settings.certificate:
        return None
    is_folder = settings.certificate.startswith("s3://")
    return BucketSource(settings.certificate) if is_folder else AcmSource(settings.certificate)


def _judge(what: str, error: Exception) -> Exception:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code in _LASTING:
        return CertificateError(
            f"{what} cannot be fetched ({error}). See that it exists and the task role may."
        )
    return NotNowError(f"{what} cannot be fetched ({error})")
