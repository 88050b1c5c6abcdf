"""A proxy that stands in for DNS: <userId>.localhost leads to the address in the zone's A record.

Chromium, Firefox and WebKitGTK resolve every *.localhost name to this machine; Safari on macOS does not. So a
name may also be the first part of the path, which the study page uses: ws://localhost:5000/<name>/. The proxy
listens on this machine, finds the name in the path or the Host header, looks it up in Route 53 and forwards
the bytes, HTTP and WebSocket alike. It closes the connection if the name does not exist or its server does
not respond, which is what a page would see on AWS. Pages that are not of this machine are refused.
"""

import asyncio
import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from hippo_local.local_requests import Audience, find_refusal
from hippo_local.ports import LOOPBACK, get_port

if TYPE_CHECKING:
    from mypy_boto3_route53.client import Route53Client

_HEAD_SECONDS = 10
_CONNECT_SECONDS = 5
_CHUNK = 65536
_HOST_HEADER = re.compile(rb"(?im)^host:[ \t]*([^\s:]+)")
# The names of this machine itself, which no game server has.
_OWN_NAMES = (b"localhost", b"127.0.0.1")
_FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_NAME_IN_PATH = re.compile(rb"\A([A-Z]+ )/([^/?\s]+)/?")


class ZoneResolver:
    """A resolver of names in one hosted zone, which caches an address for at most `seconds`."""

    def __init__(self, route53: "Route53Client", zone_id: str, root_domain: str, seconds: float = 1) -> None:
        self._route53 = route53
        self._zone_id = zone_id
        self._suffix = f".{root_domain}."
        self._seconds = seconds
        self._known: dict[str, tuple[float, str]] = {}

    def resolve(self, name: str) -> str | None:
        """Return the address of `name` (any case, with or without the final dot), or None."""
        name = name.lower().rstrip(".") + "."
        if not name.endswith(self._suffix):
            return None
        until, address = self._known.get(name, (0.0, ""))
        if time.monotonic() < until:
            return address
        found = self._look_up(name)
        if found is None:
            self._known.pop(name, None)
        else:
            self._known[name] = (time.monotonic() + self._seconds, found)
        return found

    def _look_up(self, name: str) -> str | None:
        response = self._route53.list_resource_record_sets(
            HostedZoneId=self._zone_id, StartRecordName=name, StartRecordType="A", MaxItems="1"
        )
        for record in response["ResourceRecordSets"]:
            # The listing continues with the next name if this one has no record.
            if record["Name"] == name and record["Type"] == "A" and record.get("ResourceRecords"):
                return record["ResourceRecords"][0]["Value"]
        return None


class NameProxy:
    """A proxy for connections on `listener`, in its own thread; game servers listen on `target_port`."""

    def __init__(
        self, listener: socket.socket, resolve: Callable[[str], str | None], target_port: int
    ) -> None:
        self._listener = listener
        self._resolve = resolve
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="name-proxy", daemon=True)

    def __enter__(self) -> "NameProxy":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._listener)

    async def _close(self) -> None:
        self._server.close()
        running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        # A lookup may still run in the default executor, whose thread must not outlive the proxy.
        await self._loop.shutdown_default_executor()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError), contextlib.closing(writer):
            head = await _read_head(reader)
            if not _HOST_HEADER.search(head):
                return
            if find_refusal(_list_headers(head), Audience.LOCAL_PAGES):
                writer.write(_FORBIDDEN)
                return
            name, head = _split_name(head)
            address = await self._find_server(name) if name else None
            if address is None:
                return
            async with asyncio.timeout(_CONNECT_SECONDS):
                server_reader, server_writer = await asyncio.open_connection(address, self._target_port)
            with contextlib.closing(server_writer):
                server_writer.write(head)
                await _forward_both_ways(reader, writer, server_reader, server_writer)

    async def _find_server(self, name: str) -> str | None:
        try:
            address = await asyncio.to_thread(self._resolve, name)
        except (BotoCoreError, ClientError):
            return None
        # A record that points at the proxy itself would be followed forever.
        return None if (address, self._target_port) == (LOOPBACK, get_port(self._listener)) else address


def _split_name(head: bytes) -> tuple[str, bytes]:
    """Return the name that a request is for, or "", and its head as the server expects it."""
    host = _HOST_HEADER.search(head)
    if host and host[1].lower() in _OWN_NAMES:
        name = _NAME_IN_PATH.match(head)
        if not name:
            return "", head
        named = head[: host.start(1)] + name[2] + head[host.end(1) :]
        return name[2].decode("latin-1"), _NAME_IN_PATH.sub(rb"\1/", named, count=1)
    return host[1].decode("latin-1") if host else "", head


def _list_headers(head: bytes) -> Iterator[tuple[str, str]]:
    for line in head.decode("latin-1").splitlines()[1:]:
        name, _, value = line.partition(":")
        yield name.strip(), value.strip()


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    """Return the request line and headers, or nothing if they come late, incomplete or above 64 KiB."""
    try:
        async with asyncio.timeout(_HEAD_SECONDS):
            return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
        return b""


async def _forward_both_ways(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    server_reader: asyncio.StreamReader,
    server_writer: asyncio.StreamWriter,
) -> None:
    """Forward bytes until the server has closed; a client that only stops sending may still receive."""
    upward = asyncio.create_task(_forward(reader, server_writer))
    try:
        await _forward(server_reader, writer)
    finally:
        upward.cancel()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await upward


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
