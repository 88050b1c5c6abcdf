"""Sources of the certificate: two files, a folder of a bucket, or AWS Certificate Manager (ACM).

Each source returns a `KeyPair` and may be called again at any time, which is how a renewed certificate is
found.
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
# An attempt must end well before ECS sends SIGKILL, 30 s after SIGTERM.
_CLIENT = Config(connect_timeout=3, read_timeout=6, retries={"mode": "standard", "max_attempts": 2})
# Errors that a retry does not change.
_PERMANENT = {
    "AccessDenied",
    "AccessDeniedException",
    "InvalidArnException",
    "NoSuchBucket",
    "NoSuchKey",
    "ResourceNotFoundException",
    "ValidationException",
}


class CertificateError(SettingsError):
    """No certificate can be served; the message says which one was requested, and why."""


class UnavailableError(Exception):
    """A certificate cannot be fetched or used at the moment, but perhaps later."""


@dataclass(frozen=True)
class KeyPair:
    """A certificate with its chain, and its private key, all in PEM. The key may be encrypted."""

    chain: bytes
    key: bytes = field(repr=False)
    passphrase: str | None = field(default=None, repr=False)


class Source(Protocol):
    """A source of the certificate; its text names the setting and the location."""

    def fetch(self) -> KeyPair:
        """Return the present certificate. Raises UnavailableError or CertificateError."""


class FileSource:
    """A source in two files of this machine or image."""

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
    """A source in a folder of a bucket, with `fullchain.pem` and `privkey.pem` as certbot names them."""

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
        """Read both objects; they may not match while they are being replaced one after the other."""
        return KeyPair(self._read(CHAIN_NAME), self._read(KEY_NAME))

    def _read(self, name: str) -> bytes:
        try:
            response = self._client.get_object(Bucket=self._bucket, Key=f"{self._folder}/{name}")
            data: bytes = response["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise _classify(f"{self}/{name}", error) from error
        return data


class AcmSource:
    """A source in ACM: an exportable certificate, which ACM renews."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._client = boto3.client("acm", region_name=arn.split(":")[3], config=_CLIENT)

    def __str__(self) -> str:
        return f"TLS_CERTIFICATE: {self._arn}"

    def fetch(self) -> KeyPair:
        """Export the certificate; ACM encrypts the key with a passphrase known only to this process."""
        passphrase = secrets.token_urlsafe(32)
        try:
            response = self._client.export_certificate(
                CertificateArn=self._arn, Passphrase=passphrase.encode()
            )
        except (BotoCoreError, ClientError) as error:
            raise _classify(str(self), error) from error
        chain = f"{response['Certificate'].strip()}\n{response.get('CertificateChain', '').strip()}\n"
        return KeyPair(chain.encode(), response["PrivateKey"].encode(), passphrase)


def find_source(settings: Settings) -> Source | None:
    """Return the source that the settings name, or None for no TLS."""
    if settings.tls_cert_file and settings.tls_key_file:
        return FileSource(settings.tls_cert_file, settings.tls_key_file)
    if not settings.certificate:
        return None
    is_folder = settings.certificate.startswith("s3://")
    return BucketSource(settings.certificate) if is_folder else AcmSource(settings.certificate)


def _classify(what: str, error: Exception) -> Exception:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code in _PERMANENT:
        return CertificateError(
            f"{what} cannot be fetched ({error}). Check that it exists and that the task role may read it."
        )
    return UnavailableError(f"{what} cannot be fetched ({error})")
