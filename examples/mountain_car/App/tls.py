"""Encryption of connections with the newest certificate, and never without one where TLS is required."""

import asyncio
import logging
import ssl
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certificates import CertificateError, KeyPair, Source, UnavailableError, find_source
from settings import Settings

LOG = logging.getLogger("tls")
# How long a start waits for a certificate that is unavailable; after that the platform tries another task.
FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS, PATIENCE_SECONDS = 1.0, 15.0, 120.0
# OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which the ssl module has no name.
_NO_CHECK_TIME = 0x200000
_END = "-----END CERTIFICATE-----"


@dataclass(frozen=True)
class Facts:
    """The contents of a certificate; times in seconds since 1970."""

    names: tuple[str, ...]
    serial: str
    begins: float
    ends: float

    def __str__(self) -> str:
        until = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.ends))
        return f"certificate for {', '.join(self.names)}, serial {self.serial}, valid until {until}"


class Tls:
    """TLS of this server. Connections keep the certificate with which they began; new ones get the newest."""

    def __init__(self, source: Source, host: str | None = None) -> None:
        """Serve certificates from `source`; `host` is a name that they must cover, if it is known."""
        self._source, self._host = source, host
        self._chain = b""
        self._newest: ssl.SSLContext | None = None
        self.context = _make_context()
        # Called in each handshake. Loading another certificate into the same context would fail half-way if
        # its key did not match, and one of another kind (ECDSA for RSA) would be added to the old one.
        self.context.sni_callback = self._choose

    def _choose(self, connection: Any, name: str | None, context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def refresh(self) -> None:
        """Fetch the certificate and serve it if it is a new one.

        Raises UnavailableError or CertificateError.
        """
        pair = self._source.fetch()
        if pair.chain == self._chain:
            return
        context = _load(pair, self._source)
        facts = _verify(pair, self._host, self._source)
        self._newest, self._chain = context, pair.chain
        LOG.info("serving the %s, from %s", facts, self._source)
        if not facts.begins <= time.time() < facts.ends:
            LOG.error("the certificate is out of date, so browsers reject it. Renew it: %s", self._source)

    async def begin(self, stop: asyncio.Event, patience: float = PATIENCE_SECONDS) -> None:
        """Get the first certificate, with retries for `patience` seconds. Raises CertificateError."""
        wait, end = FIRST_WAIT_SECONDS, time.monotonic() + patience
        while not stop.is_set():
            try:
                await asyncio.to_thread(self.refresh)
                return
            except UnavailableError as error:
                if time.monotonic() + wait > end:
                    raise CertificateError(f"{error}. Gave up after {patience:.0f} s.") from error
                LOG.warning("no certificate yet, retrying in %.0f s: %s", wait, error)
            await _wait(stop, wait)
            wait = min(2 * wait, LAST_WAIT_SECONDS)

    async def keep_fresh(self, stop: asyncio.Event, seconds: float) -> None:
        """Check for a renewed certificate every `seconds`; after a failure the current one stays."""
        while not await _wait(stop, seconds):
            try:
                await asyncio.to_thread(self.refresh)
            except (UnavailableError, CertificateError) as error:
                LOG.warning("no new certificate, keeping the current one: %s", error)
            except Exception:
                LOG.exception("no new certificate, keeping the current one")


def make_tls(settings: Settings) -> Tls | None:
    """Return TLS as set, or None for plain connections (ws), which pages on https cannot open."""
    source = find_source(settings)
    if source is None:
        LOG.warning("no certificate is set: connections are not encrypted, and pages on https cannot connect")
        return None
    return Tls(source, f"game.{settings.root_domain}" if settings.root_domain else None)


async def _wait(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _make_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _load(pair: KeyPair, source: Source) -> ssl.SSLContext:
    """Return a context with this certificate; `ssl` reads only files, which are deleted at once."""
    context = _make_context()
    with tempfile.TemporaryDirectory() as folder:  # readable by this user only
        chain, key = Path(folder, "chain"), Path(folder, "key")
        chain.write_bytes(pair.chain)
        key.write_bytes(pair.key)
        try:
            # Without a function OpenSSL would ask for a missing passphrase on the terminal.
            context.load_cert_chain(chain, key, password=lambda: pair.passphrase or "")
        except ssl.SSLError as error:
            if error.reason in ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"):
                raise UnavailableError(f"{source}: the key does not belong to this certificate") from error
            raise CertificateError(
                f"{source} cannot be used ({error}). Both certificate and key must be PEM."
            ) from error
    return context


def _verify(pair: KeyPair, host: str | None, source: Source) -> Facts:
    """Return the certificate's contents, after a handshake in memory that checks its name.

    The client trusts exactly this certificate; browsers check who signed it. Raises CertificateError.
    """
    own = pair.chain.decode("ascii", "ignore").partition(_END)[0] + _END
    context = _load(KeyPair(own.encode(), pair.key, pair.passphrase), source)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = host is not None
    client.verify_flags |= ssl.VerifyFlags(ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        client.load_verify_locations(cadata=own)
        browser = client.wrap_bio(back, there, server_hostname=host)
        server = context.wrap_bio(there, back, server_side=True)
        for side in (browser, server, browser, server, browser):
            _handshake(side)
    except ssl.SSLError as error:
        wanted = f" for {host}" if host else ""
        raise CertificateError(f"{source} is not a server certificate{wanted} ({error}).") from error
    facts: Any = browser.getpeercert()
    return Facts(
        tuple(name for _, name in facts.get("subjectAltName", ())),
        facts["serialNumber"],
        ssl.cert_time_to_seconds(facts["notBefore"]),
        ssl.cert_time_to_seconds(facts["notAfter"]),
    )


def _handshake(side: ssl.SSLObject) -> None:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return  # It is the other side's turn.
