"""Tests of the name proxy, which forwards bytes to the address in the hosted zone."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hippo_local.name_proxy import NameProxy, ZoneResolver
from hippo_local.ports import get_port, open_listener


class FakeRoute53:
    """A hosted zone that lists its A records as Route 53 does: from the requested name on, at most
    MaxItems.
    """

    def __init__(self, records: dict[str, str]) -> None:
        self.records = records
        self.calls = 0

    def list_resource_record_sets(self, **request: Any) -> dict[str, Any]:
        """Return the first record whose name is not before StartRecordName."""
        self.calls += 1
        later = sorted(name for name in self.records if name >= request["StartRecordName"])
        sets = [
            {"Name": name, "Type": "A", "ResourceRecords": [{"Value": self.records[name]}]} for name in later
        ]
        return {"ResourceRecordSets": sets[: int(request["MaxItems"])]}


def _make_resolver(records: dict[str, str], seconds: float = 1) -> tuple[ZoneResolver, FakeRoute53]:
    route53: Any = FakeRoute53(records)
    return ZoneResolver(route53, "Z1", "localhost", seconds), route53


@contextlib.contextmanager
def _run_server(handle: Any) -> Iterator[int]:
    """Serve each connection with `handle` in a thread, on a free loopback port."""
    with open_listener(0, "server", "-") as listener:
        listener.settimeout(0.1)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    connection.settimeout(5)
                    with connection:
                        handle(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield get_port(listener)
        ended.set()
        thread.join()


@contextlib.contextmanager
def _connect_through_proxy(target_port: int, addresses: dict[str, str]) -> Iterator[socket.socket]:
    with (
        open_listener(0, "proxy", "-") as listener,
        NameProxy(listener, addresses.get, target_port),
        socket.create_connection(("127.0.0.1", get_port(listener)), timeout=5) as client,
    ):
        yield client


class _Asked:
    """A zone that notes which names were looked up, and knows all of them."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def get(self, name: str) -> str:
        self.names.append(name)
        return "127.0.0.1"


def _read_head_and_answer(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"served")


def _read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_request_reaches_the_server_that_its_host_names() -> None:
    """Given a known host, the server gets the head unchanged, and the client gets the response."""
    heads: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heads.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    head = b"GET / HTTP/1.1\r\nhost: u1.localhost:5000\r\nX: y\r\n\r\n"
    with _run_server(answer) as port, _connect_through_proxy(port, {"u1.localhost": "127.0.0.1"}) as client:
        client.sendall(head)
        received = _read_all(client)

    assert received == b"HTTP/1.1 204 No Content\r\n\r\n"
    assert heads == [head]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/u1.localhost/?ticket=a", "/?ticket=a"),
        ("/u1.localhost", "/"),
        ("/u1.localhost?a=b", "/?a=b"),
        ("/u1.localhost/u2.localhost/x", "/u2.localhost/x"),
    ],
)
def test_a_name_may_be_the_first_part_of_the_path(host: str, path: str, expected: str) -> None:
    """Given a request to this machine by its own name, as from Safari, the path names the server, which gets
    the head that a request to its name would have.
    """
    heads: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heads.append(connection.recv(65536))

    with _run_server(answer) as port, _connect_through_proxy(port, {"u1.localhost": "127.0.0.1"}) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nX: y\r\nHost: {host}:5000\r\n\r\n".encode())
        _read_all(client)

    assert heads == [f"GET {expected} HTTP/1.1\r\nX: y\r\nHost: u1.localhost:5000\r\n\r\n".encode()]


def test_bytes_pass_both_ways_after_the_head() -> None:
    """Given an open connection (a WebSocket), each side receives what the other sends, in turn."""

    def echo(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"ready")
        while data := connection.recv(65536):
            connection.sendall(data.upper())

    with _run_server(echo) as port, _connect_through_proxy(port, {"u1.localhost": "127.0.0.1"}) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: u1.localhost\r\n\r\n")
        assert client.recv(100) == b"ready"
        client.sendall(b"left")
        assert client.recv(100) == b"LEFT"
        client.sendall(b"right")
        assert client.recv(100) == b"RIGHT"


def test_a_client_that_stops_sending_still_gets_the_response() -> None:
    """Given a client that closes its sending side, it still receives what the server sends afterwards."""

    def answer_at_the_end(connection: socket.socket) -> None:
        received = _read_all(connection)
        connection.sendall(str(len(received)).encode())

    head = b"GET / HTTP/1.1\r\nHost: u1.localhost\r\n\r\n"
    with (
        _run_server(answer_at_the_end) as port,
        _connect_through_proxy(port, {"u1.localhost": "127.0.0.1"}) as client,
    ):
        client.sendall(head)
        client.shutdown(socket.SHUT_WR)
        assert _read_all(client) == str(len(head)).encode()


@pytest.mark.parametrize(
    "headers",
    [
        "Host: evil.example:5000",
        "Host: u1.localhost\r\nHost: evil.example",
        "Host: u1.localhost:5000\r\nOrigin: https://evil.example",
        "Host: localhost:5000\r\norigin: null",
        "Host: u1.localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate",
    ],
)
def test_pages_from_elsewhere_reach_no_server(headers: str) -> None:
    """Given a page or a name of another owner, no connection to a server is made."""
    addresses: Any = _Asked()
    with _run_server(_read_all) as port, _connect_through_proxy(port, addresses) as client:
        client.sendall(f"GET /u1.localhost/ HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        received = _read_all(client)

    assert received.startswith(b"HTTP/1.1 403 ")
    assert addresses.names == []


def test_a_local_page_reaches_its_server() -> None:
    """Given the study's page or a development server's, its socket reaches the server."""
    with _run_server(_read_head_and_answer) as port:
        for origin in ("http://localhost:8000", "http://127.0.0.1:3000"):
            with _connect_through_proxy(port, {"u1.localhost": "127.0.0.1"}) as client:
                head = f"GET / HTTP/1.1\r\nHost: u1.localhost:5000\r\nOrigin: {origin}\r\n\r\n"
                client.sendall(head.encode())
                assert _read_all(client) == b"served"


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: unknown.localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Host: u1.localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost:5000\r\n\r\n",
        b"GET /unknown.localhost HTTP/1.1\r\nHost: localhost:5000\r\n\r\n",
        b"GET /u1.localhost HTTP/1.1\r\nHost: u2.localhost:5000\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: u1.localhost\r\nX: " + b"a" * 70000 + b"\r\n\r\n",
    ],
    ids=["unknown name", "no host", "no name", "unknown name in the path", "two names", "head too long"],
)
def test_a_connection_without_an_address_is_closed(head: bytes) -> None:
    """Given a head that leads to no server, the connection is closed without a response."""
    with (
        _run_server(_read_all) as port,
        _connect_through_proxy(port, {"u1.localhost": "127.0.0.1"}) as client,
        contextlib.suppress(ConnectionError),
    ):
        client.sendall(head)
        assert client.recv(100) == b""


def test_a_connection_to_a_server_that_is_gone_is_closed() -> None:
    """Given an address without a listener, the connection is closed without a response."""
    with open_listener(0, "gone", "-") as listener:
        closed_port = get_port(listener)

    with _connect_through_proxy(closed_port, {"u1.localhost": "127.0.0.1"}) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: u1.localhost\r\n\r\n")
        assert client.recv(100) == b""


def test_a_record_that_points_at_the_proxy_is_not_followed() -> None:
    """Given an A record with the proxy's own address and port, the proxy does not connect to itself."""
    with open_listener(0, "proxy", "-") as listener:
        asked: list[str] = []

        def resolve(name: str) -> str:
            asked.append(name)
            return "127.0.0.1"

        with (
            NameProxy(listener, resolve, get_port(listener)),
            socket.create_connection(("127.0.0.1", get_port(listener)), timeout=5) as client,
        ):
            client.sendall(b"GET / HTTP/1.1\r\nHost: u1.localhost\r\n\r\n")
            assert client.recv(100) == b""

    assert asked == ["u1.localhost"]


def test_the_end_of_the_proxy_closes_open_connections() -> None:
    """Given a connection in use, the end of the proxy does not wait for it, and leaves no thread."""
    before = set(threading.enumerate())  # another test's platform may have a proxy of its own
    with _run_server(_read_all) as port:
        with _connect_through_proxy(port, {"u1.localhost": "127.0.0.1"}) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: u1.localhost\r\n\r\n")
            time.sleep(0.1)
            began = time.monotonic()
        assert time.monotonic() - began < 2

    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name == "name-proxy"]


def test_names_are_found_in_any_case_and_with_a_final_dot() -> None:
    """Given a record, it is found however the browser writes the name."""
    resolver, _ = _make_resolver({"u1.localhost.": "127.100.0.1"})

    assert resolver.resolve("U1.LocalHost.") == "127.100.0.1"


def test_the_next_name_of_the_zone_is_not_used() -> None:
    """Given a listing that begins with another participant's record, no address is returned."""
    resolver, _ = _make_resolver({"u2.localhost.": "127.100.0.2"})

    assert resolver.resolve("u1.localhost") is None


def test_names_outside_the_zone_are_not_looked_up() -> None:
    """Given a name outside the root domain, no address is returned and Route 53 gets no call."""
    resolver, route53 = _make_resolver({"u1.example.org.": "127.100.0.1"})

    assert resolver.resolve("u1.example.org") is None
    assert resolver.resolve("localhost") is None
    assert route53.calls == 0


def test_an_address_is_cached() -> None:
    """Given two requests within the cache's lifetime, Route 53 gets one call, and another one afterwards."""
    resolver, route53 = _make_resolver({"u1.localhost.": "127.100.0.1"}, seconds=0.2)

    resolver.resolve("u1.localhost")
    resolver.resolve("u1.localhost")
    assert route53.calls == 1

    time.sleep(0.25)
    route53.records["u1.localhost."] = "127.100.0.9"
    assert resolver.resolve("u1.localhost") == "127.100.0.9"


def test_a_name_that_appears_is_found_at_once() -> None:
    """Given a name that did not exist, its record is found by the next request once it exists."""
    resolver, route53 = _make_resolver({})
    assert resolver.resolve("u1.localhost") is None

    route53.records["u1.localhost."] = "127.100.0.1"
    assert resolver.resolve("u1.localhost") == "127.100.0.1"
