"""Encryption of the connection: serves the newest certificate, and never none where there should be one."""

import asyncio
import logging
import ssl
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certificates import CertificateError, KeyPair, NotNowError, Source, find_source
from settings import Settings

LOG = logging.getLogger("tls")
# How long a start waits for a certificate that cannot be had just now; then the platform tries another task.
FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS, PATIENCE_SECONDS = 1.0, 15.0, 120.0
# OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which the ssl module has no name.
_NO_CHECK_TIME = 0x200000
_END = "-----END CERTIFICATE-----"


@dataclass(frozen=True)
class Facts:
    """What a certificate says of itself; times in seconds since 1970."""

    names: tuple[str, ...]
    serial: str
    begins: float
    ends: float

    def __str__(self) -> str:
        until = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.ends))
        return f"certificate for {', '.join(self.names)}, serial {self.serial}, valid until {until}"


class Tls:
    """TLS of this server. Connections keep the certificate they began with, new ones get the newest."""

    def __init__(self, source: Source, host: str | None = None) -> None:
        """`host` is a name that the certificate has to be for, if that is known."""
        self._source, self._host = source, host
        self._chain = b""
        self._newest: ssl.SSLContext | None = None
        self.context = _make_context()
        # Called in each handshake. Loading another certificate into one context would go wrong half-way if
        # its key did not fit, and a new one of another kind (ECDSA for RSA) would stand beside the old.
        self.context.sni_callback = self._choose

    def _choose(self, connection: Any, name: str | None, context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def refresh(self) -> None:
        """Fetch the certificate and serve it if it is another one; NotNowError, CertificateError."""
        pair = self._source.fetch()
        if pair.chain == self._chain:
            return
        context = _load(pair, self._source)
        facts = _try_out(pair, self._host, self._source)
        self._newest, self._chain = context, pair.chain
        LOG.info("serving the %s, from %s", facts, self._source)
        if not facts.begins <= time.time() < facts.ends:
            LOG.error("the certificate is out of date, so browsers refuse it. Renew it: %s", self._source)

    async def begin(self, stop: asyncio.Event, patience: float = PATIENCE_SECONDS) -> None:
        """Get the first certificate, trying again for `patience` seconds; CertificateError if it fails."""
        wait, end = FIRST_WAIT_SECONDS, time.monotonic() + patience
        while not stop.is_set():
            try:
                await asyncio.to_thread(self.refresh)
                return
            except NotNowError as error:
                if time.monotonic() + wait > end:
                    raise CertificateError(f"{error}. Gave up after {patience:.0f} s.") from error
                LOG.warning("no certificate yet, next try in %.0f s: %s", wait, error)
            await _wait(stop, wait)
            wait = min(2 * wait, LAST_WAIT_SECONDS)

    async def keep_fresh(self, stop: asyncio.Event, seconds: float) -> None:
        """Look for a renewed certificate every so often; whatever goes wrong, the present one stays."""
        while not await _wait(stop, seconds):
            try:
                await asyncio.to_thread(self.refresh)
            except (NotNowError, CertificateError) as error:
                LOG.warning("no other certificate, the present one stays: %s", error)
            except Exception:
                LOG.exception("no other certificate, the present one stays")


def make_tls(settings: Settings) -> Tls | None:
    """TLS as the settings say, None for connections without (ws), which pages on https cannot open."""
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
    """A context with this certificate; `ssl` reads it from files only, which are gone again at once."""
    context = _make_context()
    with tempfile.TemporaryDirectory() as folder:  # which nobody else can look into
        chain, key = Path(folder, "chain"), Path(folder, "key")
        chain.write_bytes(pair.chain)
        key.write_bytes(pair.key)
        try:
            # Without a function OpenSSL would ask for a missing passphrase on the terminal.
            context.load_cert_chain(chain, key, password=lambda: pair.passphrase or "")
        except ssl.SSLError as error:
            if error.reason in ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"):
                raise NotNowError(f"{source}: the key is not this certificate's") from error
            raise CertificateError(f"{source} cannot be used ({error}). Both have to be PEM.") from error
    return context


def _try_out(pair: KeyPair, host: str | None, source: Source) -> Facts:
    """Shake hands with a client in memory: what the certificate says, and whether it is for this name.

    The client trusts just this certificate; who signed it is the browsers' affair.
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
            _shake_hands(side)
    except ssl.SSLError as error:
        wanted = f" for {host}" if host else ""
        raise CertificateError(f"{source} is no server's certificate{wanted} ({error}).") from error
    facts: Any = browser.getpeercert()
    return Facts(
        tuple(name for _, name in facts.get("subjectAltName", ())),
        facts["serialNumber"],
        ssl.cert_time_to_seconds(facts["notBefore"]),
        ssl.cert_time_to_seconds(facts["notAfter"]),
    )


def _shake_hands(side: ssl.SSLObject) -> None:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return  # It is the other side's turn.
