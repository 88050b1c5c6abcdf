"""Connections from their first packet on: TLS begins only once they have been counted."""

import asyncio
import ssl
from contextlib import suppress
from typing import ClassVar

from websockets.asyncio.server import ServerConnection

# For a client's part of the TLS handshake, and again for its request. The slowest lines of phones need 2 s
# there and back, at 50 kbit/s. That is two such trips for TLS 1.2, 0.7 s for the certificates, and a second
# to repeat a lost packet.
OPEN_SECONDS = 6
CLOSE_SECONDS = 3
# A request opens a connection. `websockets` itself reads up to 1 MiB of headers.
MAX_REQUEST_BYTES = 64 * 1024


class OpeningConnection(ServerConnection):
    """A connection that reports when it is accepted and when it ends, and begins TLS by itself.

    The server must accept it without TLS. If asyncio began TLS, the connection would not exist before its
    client has finished the handshake, and those that never do could not be counted.
    """

    tls: ClassVar[ssl.SSLContext | None] = None
    _is_open = False
    _early = b""
    _request_bytes = 0

    def accepted(self, transport: asyncio.Transport) -> None:
        """Count the connection; aborting `transport` refuses it."""

    def ended(self) -> None:
        """Forget the connection, whether or not it was opened."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the connection of a socket, or begin TLS."""
        assert isinstance(transport, asyncio.Transport)
        self.accepted(transport)
        if transport.is_closing():
            return
        if self.tls is None:
            self._open(transport)
        else:
            transport.pause_reading()
            self._encrypting = self.loop.create_task(self._encrypt(transport, self.tls))

    async def _encrypt(self, transport: asyncio.Transport, tls: ssl.SSLContext) -> None:
        if transport.is_closing():
            return
        encrypted = None
        with suppress(OSError):  # the client speaks no TLS, is too late, or has gone
            encrypted = await self.loop.start_tls(
                transport,
                self,
                tls,
                server_side=True,
                ssl_handshake_timeout=OPEN_SECONDS,
                ssl_shutdown_timeout=CLOSE_SECONDS,
            )
        if encrypted:
            self._open(encrypted)
        else:
            self.ended()  # asyncio does not report the end of what was not opened

    def _open(self, transport: asyncio.Transport) -> None:
        self._is_open = True
        super().connection_made(transport)
        if self._early:
            self.data_received(self._early)

    def data_received(self, data: bytes) -> None:
        """Read a part of the request, or of messages."""
        if not self._is_open:  # it came together with the end of the TLS handshake
            self._early += data
            return
        if self.request is None:
            self._request_bytes += len(data)
            if self._request_bytes > MAX_REQUEST_BYTES:
                self.transport.abort()
                return
        super().data_received(data)

    def eof_received(self) -> None:
        """Note that the client sends nothing more."""
        if self._is_open:
            super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the connection, which may have been refused before it was opened."""
        self.ended()
        if self._is_open:
            super().connection_lost(exc)
