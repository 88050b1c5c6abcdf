"""Tests of the served certificate when certificates arrive late, are renewed, or are wrong."""

import asyncio
import logging
import ssl
import threading

import pytest
from certificates import CertificateError, KeyPair, UnavailableError
from server import run_server
from tls import Tls
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.certificates import make_certificate
from tests.support.game_client import START, greet, is_done, read_until
from tests.support.tls_in_memory import FakeSource, begin, der, meet

NAMES = ("*.example.org",)


def test_temporary_error_is_retried(monkeypatch):
    """Given an error at first, the server has its certificate after another attempt."""
    monkeypatch.setattr("tls.FIRST_WAIT_SECONDS", 0.01)
    certificate = make_certificate(*NAMES)
    tls = Tls(FakeSource(UnavailableError("busy"), UnavailableError("busy"), certificate))
    begin(tls)

    assert meet(tls) == der(certificate)


def test_lasting_error_ends_the_start(monkeypatch):
    """Given an error that does not pass, the start fails in the end and nothing is served without TLS."""
    monkeypatch.setattr("tls.FIRST_WAIT_SECONDS", 0.01)

    with pytest.raises(CertificateError, match="busy"):
        begin(Tls(FakeSource(UnavailableError("busy"))), patience=0.05)


def test_stop_ends_the_wait_for_a_certificate(monkeypatch):
    """Given a task that is stopped while it waits for its certificate, it ends at once."""
    monkeypatch.setattr("tls.FIRST_WAIT_SECONDS", 60)

    async def whole():
        stop = asyncio.Event()
        waiting = asyncio.create_task(Tls(FakeSource(UnavailableError("busy"))).begin(stop))
        await asyncio.sleep(0.05)
        stop.set()
        await asyncio.wait_for(waiting, 10)

    asyncio.run(whole())


@pytest.mark.parametrize("kinds", [("ec", "ec"), ("rsa", "ec"), ("ec", "rsa")])
def test_renewed_certificate_replaces_the_old_one(kinds):
    """Given a renewed certificate, with the same or another kind of key, new handshakes get it."""
    old, new = (make_certificate(*NAMES, kind=kind) for kind in kinds)
    tls = Tls(FakeSource(old, new))
    begin(tls)
    before = meet(tls)
    tls.refresh()

    assert (before, meet(tls)) == (der(old), der(new))


@pytest.mark.parametrize(
    "answer",
    [
        UnavailableError("busy"),
        CertificateError("gone"),
        make_certificate("*.example.com"),
        "other key",
    ],
    ids=["passing", "lasting", "other name", "other key"],
)
def test_unusable_certificate_leaves_the_current_one(answer, caplog):
    """Given no usable successor, the server keeps its certificate, logs this, and uses the next valid one."""
    old, new = make_certificate(*NAMES), make_certificate(*NAMES)
    if answer == "other key":
        answer = KeyPair(new.chain, old.key)
    source = FakeSource(old, answer)
    tls = Tls(source, "game.example.org")

    async def whole():
        await tls.begin(stop := asyncio.Event())
        fresh = asyncio.create_task(tls.keep_fresh(stop, 0.02))
        while "keeping the current one" not in caplog.text:
            await asyncio.sleep(0.005)
        kept = meet(tls)
        source.answers = [new]
        while meet(tls) == kept:
            await asyncio.sleep(0.005)
        stop.set()
        await fresh
        return kept, meet(tls)

    assert asyncio.run(asyncio.wait_for(whole(), 10)) == (der(old), der(new))


def test_hanging_check_does_not_delay_the_end(make_settings, make_recorder, store, monkeypatch):
    """Given a check for a renewed certificate that hangs, a stop still writes the data at once."""
    hangs, release = threading.Event(), threading.Event()
    certificate = make_certificate(*NAMES)

    class HangingSource(FakeSource):
        def fetch(self):
            if self.answers.pop() is None:
                hangs.set()
                release.wait(8)
            return KeyPair(certificate.chain, certificate.key)

    monkeypatch.setattr("tls.find_source", lambda _: HangingSource(None, certificate))
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE

    async def whole():
        stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
        settings = make_settings({"TLS_CHECK_SECONDS": "1"})
        run = run_server(settings, make_recorder(store), stop, lambda s: port.set_result(s.sockets[0]))
        server = asyncio.create_task(run)
        address = f"wss://127.0.0.1:{(await port).getsockname()[1]}"
        try:
            async with connect(address, ssl=trust) as socket:
                await greet(socket)
                await socket.send(START)
                await read_until(socket, lambda m: m.get("frameId", 0) > 3 and hangs.is_set())
                stop.set()
                with pytest.raises(ConnectionClosed):
                    await read_until(socket, is_done)
                await asyncio.wait_for(server, 8)
                return list(store.files)
        finally:
            release.set()

    assert asyncio.run(whole())


def test_same_certificate_is_not_logged_again(caplog):
    """Given the certificate that is already served, a check logs nothing and changes nothing."""
    caplog.set_level(logging.INFO)
    tls = Tls(FakeSource(make_certificate(*NAMES)))
    begin(tls)
    said = caplog.text
    tls.refresh()

    assert caplog.text == said


def test_log_says_what_is_served(caplog):
    """Given a certificate, its names, serial number, end and source are logged."""
    caplog.set_level(logging.INFO)
    certificate = make_certificate(*NAMES)
    begin(Tls(FakeSource(certificate)))

    for part in (
        NAMES[0],
        f"{certificate.serial:X}",
        certificate.parsed.not_valid_after_utc.strftime("%Y-%m-%d"),
    ):
        assert part in caplog.text
    assert "TLS_CERTIFICATE: fake" in caplog.text


@pytest.mark.parametrize("age", [30, -2], ids=["expired", "not yet valid"])
def test_certificate_out_of_date_is_served_and_reported(caplog, age):
    """Given a certificate that has expired, or is not valid yet, it is served and the log reports the
    problem.
    """
    tls = Tls(FakeSource(make_certificate(*NAMES, age=age)), "game.example.org")
    begin(tls)

    assert "out of date" in caplog.text


def test_certificate_for_another_name_ends_the_start():
    """Given a root domain and a certificate for another one, the start fails and names the domain."""
    with pytest.raises(CertificateError, match=r"game\.example\.org"):
        begin(Tls(FakeSource(make_certificate("*.example.com")), "game.example.org"))


def test_key_of_another_certificate_ends_the_start(monkeypatch):
    """Given a key that keeps belonging to another certificate, the start fails after the time for a
    correction.
    """
    monkeypatch.setattr("tls.FIRST_WAIT_SECONDS", 0.01)
    old, new = make_certificate(*NAMES), make_certificate(*NAMES)
    mixed = KeyPair(new.chain, old.key)
    with pytest.raises(CertificateError, match="does not belong to this certificate"):
        begin(Tls(FakeSource(mixed)), patience=0.05)
    tls = Tls(FakeSource(mixed, new))
    begin(tls)

    assert meet(tls) == der(new)
