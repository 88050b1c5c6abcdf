"""Strangers at the entrance of a game server, with TLS and without: what they cannot use up."""

import asyncio
import json
import logging
import socket as sockets
import ssl

import pytest
import server
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hippo_game import idle, strangers
from tests.support.certificates import make_certificate
from tests.support.game_client import (
    HELLO,
    START,
    greet,
    is_frame,
    is_let_in,
    make_ticket,
    open_with,
    read_until,
)
from tests.support.tls_in_memory import FakeSource

TLS = pytest.mark.parametrize("is_encrypted", [False, True], ids=["plain", "tls"])
USES = pytest.mark.parametrize("use", ["required", "optional"])
REQUEST = (
    "GET /?ticket={ticket} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
REPORT = json.dumps({"WindowEvent": {"WINDOWRESIZED": [640, 549]}})


@pytest.fixture
def options(is_encrypted, monkeypatch):
    """Return the options of a client, `ssl` among them if the server has a certificate."""
    if not is_encrypted:
        return {}
    certificate = make_certificate("*.example.org")
    monkeypatch.setattr("tls.find_source", lambda _: FakeSource(certificate))
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    return {"ssl": trust}


@pytest.fixture
def counted(monkeypatch):
    """Return the strangers that the server counts."""
    made = strangers.Strangers()
    monkeypatch.setattr("entrance.Strangers", lambda: made)
    return made


class Silent:
    """TCP connections that send nothing."""

    def __init__(self):
        self._streams = []

    async def open(self, address, count=1, sources=1):
        """Open some, from so many addresses."""
        host, _, port = address.partition(":")
        for number in range(count):
            source = (f"127.0.0.{2 + number % sources}", 0)
            self._streams.append(await asyncio.open_connection(host, int(port), local_addr=source))

    @property
    def open_ones(self):
        """Return how many the server has not closed."""
        return sum(not (reader.at_eof() or reader.exception()) for reader, _ in self._streams)

    def close(self):
        """Close all."""
        for _, writer in self._streams:
            writer.close()


async def wait_until(is_so):
    """Wait until something is so, for at most 5 s."""
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.01)


@TLS
@USES
@pytest.mark.parametrize("sources", [1, 100])
def test_silent_sockets_are_bounded(play, guard, options, monkeypatch, use, sources):
    """Given many silent TCP connections, from one address or from many, most are closed and the participant
    plays.
    """
    monkeypatch.setattr("hippo_game.strangers.MOST_CONNECTIONS_PER_SECOND", 1000)

    async def player(address):
        silent = Silent()
        await silent.open(address, 2 * strangers.MOST, sources)
        await wait_until(lambda: silent.open_ones <= strangers.MOST)
        left = silent.open_ones
        result = await is_let_in(address, **options)
        silent.close()
        return left, result

    assert play(player, guard(use)) == (strangers.MOST, True)


@TLS
def test_sockets_that_come_too_fast_are_closed(play, guard, options, monkeypatch):
    """Given more connections of an address within a second than it may open, the rest are closed, and others
    are not.
    """
    monkeypatch.setattr("hippo_game.strangers.MOST_CONNECTIONS_PER_SECOND", 5)

    async def player(address):
        silent = Silent()
        await silent.open(address, 8)
        await wait_until(lambda: silent.open_ones <= 5)
        result = silent.open_ones, await is_let_in(address, **options)
        silent.close()
        return result

    assert play(player, guard()) == (5, True)


@TLS
def test_connections_that_end_are_not_counted(play, guard, options, counted, caplog):
    """Given strangers who leave, send nonsense, or are closed, none stays counted and none fills the log."""

    async def player(address):
        host, _, port = address.partition(":")
        for said in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05nonsense"):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(said)
            await writer.drain()
            writer.close()
        rude = sockets.create_connection((host, int(port)))
        rude.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        rude.close()
        silent = Silent()
        await silent.open(address, strangers.MOST + 10, 50)
        await wait_until(lambda: silent.open_ones == strangers.MOST)
        silent.close()
        await wait_until(lambda: len(counted) == 0)
        return await is_let_in(address, **options)

    with caplog.at_level(logging.WARNING):
        assert play(player, guard())

    assert [entry.getMessage() for entry in caplog.records if entry.name == "asyncio"] == []


@pytest.mark.parametrize("is_encrypted", [True])
@pytest.mark.parametrize(
    ("form", "status"),
    [(REQUEST, b"HTTP/1.1 101 "), ("nonsense\r\n\r\n", b"")],
    ids=["ticket", "nonsense"],
)
def test_request_may_come_with_the_end_of_the_handshake(play, guard, options, form, status):
    """Given a client whose request comes in one packet with its end of the TLS handshake, it is let in or
    refused at once, as otherwise.
    """

    async def player(address):
        host, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = options["ssl"].wrap_bio(received, sent)

        async def answer(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    writer.write(sent.read())
                    data = await reader.read(65536)
                    received.write(data) if data else received.write_eof()
                except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                    return b""

        await answer(tls.do_handshake)
        # Made now: a ticket from the collection of the tests would have expired.
        tls.write(form.format(ticket=make_ticket()).encode())
        async with asyncio.timeout(3):
            response = await answer(lambda: tls.read(1000))
        writer.close()
        return response[: len(b"HTTP/1.1 101 ")]

    assert play(player, guard()) == status


@TLS
def test_unfinished_openings_end(play, guard, options, monkeypatch):
    """Given a client that never finishes the TLS handshake or its request, it is closed after some time."""
    monkeypatch.setattr("opening.OPEN_SECONDS", 0.2)
    monkeypatch.setattr("server.OPEN_SECONDS", 0.2)

    async def player(address):
        silent = Silent()
        await silent.open(address, 3)
        await wait_until(lambda: silent.open_ones == 0)
        silent.close()

    play(player, guard())


@TLS
def test_endless_request_is_cut_off(play, guard, options):
    """Given a request whose headers do not end, the connection is closed before they fill the memory."""

    async def player(address):
        host, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port), **options)
        writer.write(b"GET / HTTP/1.1\r\n")
        for number in range(20):
            writer.write(b"X-%d: " % number + b"x" * 8000 + b"\r\n")
        async with asyncio.timeout(3):
            with pytest.raises(ConnectionError):
                await reader.read()
        writer.close()

    play(player, guard())


def test_eight_silent_clients_do_not_keep_the_participant_out(play, guard):
    """Given eight open clients that never say hello where hellos are admitted, the participant plays."""

    async def player(address):
        silent = [await connect(f"ws://{address}") for _ in range(8)]
        result = await is_let_in(address)
        async with connect(f"ws://{address}") as socket:
            await greet(socket)  # the existing front end's way
        for socket in silent:
            await socket.close()
        return result

    assert play(player, guard("optional"))


def test_one_stranger_goes_when_there_are_too_many(play, guard, monkeypatch):
    """Given one more silent client than there may be, one is closed."""
    monkeypatch.setattr("hippo_game.strangers.MOST", 4)

    async def player(address):
        silent = [await connect(f"ws://{address}") for _ in range(5)]
        await asyncio.wait(
            [asyncio.create_task(socket.wait_closed()) for socket in silent],
            return_when=asyncio.FIRST_COMPLETED,
        )
        open_ones = [socket for socket in silent if socket.close_code is None]
        for socket in silent:
            await socket.close()
        return len(open_ones)

    assert play(player, guard("optional")) == 4


def test_strangers_who_ask_too_fast_are_refused(play, guard, monkeypatch):
    """Given more requests without a ticket within a second than an address may send, the rest are refused,
    and a ticket still opens the game.
    """
    monkeypatch.setattr("hippo_game.strangers.MOST_PER_SECOND", 0)

    async def player(address):
        with pytest.raises(InvalidStatus) as refusal:
            await connect(f"ws://{address}")
        return refusal.value.response.status_code, await is_let_in(address)

    assert play(player, guard("optional")) == (429, True)


@pytest.mark.parametrize("is_guarded", [False, True])
def test_many_messages_without_a_hello_end_the_connection(play, guard, is_guarded, caplog):
    """Given a client that keeps sending other messages than a hello, its connection is closed."""

    async def player(address):
        async with connect(f"ws://{address}") as socket:
            for _ in range(20):
                await socket.send(START)
            with pytest.raises(ConnectionClosed) as end:
                await read_until(socket, is_frame)
            return end.value.rcvd.code

    with caplog.at_level(logging.INFO):
        assert play(player, guard("optional") if is_guarded else None) == 1008
    assert "connection lost" not in caplog.text


@pytest.mark.parametrize(
    ("use", "reports"), [("optional", 19), ("required", 200)], ids=["hello after some", "ticket after many"]
)
def test_other_messages_may_come_first(play, guard, use, reports):
    """Given a client that reports its window first, it is let in by a later hello, or by its ticket."""

    async def player(address):
        open_one = connect(f"ws://{address}") if use == "optional" else open_with(address, make_ticket())
        async with open_one as socket:
            for _ in range(reports):
                await socket.send(REPORT)
            await socket.send(HELLO)
            await socket.send(START)
            return await read_until(socket, is_frame)

    assert play(player, guard(use))


@USES
@TLS
def test_strangers_do_not_keep_a_server_running(guard, options, make_recorder, store, use):
    """Given strangers who hold connections open, a server without its player ends as idle."""

    async def player(port):
        silent = Silent()
        await silent.open(f"127.0.0.1:{port}", 3)
        return silent.close

    assert run_until_idle(player, guard(use, HIPPO_IDLE_MINUTES="0.01"), make_recorder(store))


def test_stranger_who_reads_nothing_does_not_keep_a_server_running(guard, make_recorder, store, monkeypatch):
    """Given a stranger who does not read what the server sends, a server without its player ends as idle."""
    monkeypatch.setattr("server.CLOSE_SECONDS", 60)

    async def player(port):
        narrow = sockets.socket()
        narrow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1024)
        narrow.connect(("127.0.0.1", port))
        client = await connect("ws://127.0.0.1", sock=narrow)
        client.transport.pause_reading()
        for _ in range(19):
            await client.send(json.dumps({f"{number}" + "k" * 40: 1 for number in range(300)}))
            await asyncio.sleep(0.01)  # the server drops errors that it has no time to send
        return client.transport.abort

    assert run_until_idle(player, guard("optional", HIPPO_IDLE_MINUTES="0.01"), make_recorder(store))


def run_until_idle(player, settings, recorder):
    """Return whether a server ends as idle; `player` gets its port and returns what ends its connections."""

    async def run():
        stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
        on_ready = lambda s: port.set_result(s.sockets[0].getsockname()[1])  # noqa: E731
        running = asyncio.create_task(server.run_server(settings, recorder, stop, on_ready))
        end = await player(await port)
        try:
            return await asyncio.wait_for(running, 5) == idle.EXIT_CODE
        finally:
            end()

    return asyncio.run(run())
