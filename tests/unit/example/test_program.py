"""Tests of the game server as a program: certificates, settings, signals and output."""

import asyncio
import json
import os
import signal
import socket as sockets
import ssl
import subprocess
import sys
import time

import pytest
import server
from settings import SettingsError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.game_client import START, USER, greet, is_done, read_until
from tests.support.paths import EXAMPLE

APP = EXAMPLE / "App"


@pytest.fixture
def certificate(tmp_path):
    """Create a certificate for localhost and its key, as two files."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    return cert, key


def test_tls_from_a_certificate_file_pair(play, make_settings, certificate):
    """Given a certificate and its key, the server uses wss."""
    cert, key = certificate
    trust = ssl.create_default_context(cafile=cert)

    async def player(address):
        async with connect(f"wss://{address}", ssl=trust, server_hostname="localhost") as socket:
            return await greet(socket)

    assert "UI" in play(player, make_settings({"TLS_CERT_FILE": str(cert), "TLS_KEY_FILE": str(key)}))


def test_files_without_a_certificate(make_settings, make_recorder, store, tmp_path):
    """Given files that hold no certificate, the error names the settings."""
    (tmp_path / "a.pem").write_text("no certificate")
    both = dict.fromkeys(("TLS_CERT_FILE", "TLS_KEY_FILE"), str(tmp_path / "a.pem"))

    with pytest.raises(SettingsError, match="^TLS_CERT_FILE"):
        asyncio.run(server.run_server(make_settings(both), make_recorder(store), asyncio.Event()))


def test_without_a_bucket_the_folder_is_used_and_named(make_settings, caplog, tmp_path):
    """Given no bucket, files go to the data folder, and the log names it."""
    recorder = server.make_recorder(make_settings())
    recorder.save("p/a.jsonl", b"x")
    recorder.close(10)

    assert (tmp_path / "data/p/a.jsonl").read_bytes() == b"x"
    assert str(tmp_path / "data") in caplog.text


def start_program(tmp_path, **environ):
    """Start the server by its file, as a task does, without any settings of this machine."""
    trial = {"game": "MountainCar-v0", "actionSpace": ["left", "noop", "right"], "maxSteps": 5000}
    base = {
        "HOST": "127.0.0.1",
        "PATH": os.environ["PATH"],
        "TRIAL_CONFIG": json.dumps(trial),
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, str(APP / "server.py")],
        env={**base, **environ},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def find_free_port():
    """Return a port without a listener."""
    with sockets.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_line(program, part):
    """Read the program's output up to a line with this part, and return all of it."""
    seen, end = "", time.monotonic() + 30
    while part not in seen and time.monotonic() < end:
        line = program.stdout.readline()
        if not line:
            break
        seen += line
    return seen


def test_sigterm_writes_what_was_played_and_ends(tmp_path):
    """Given the real program during play, SIGTERM ends it at once with the episode in its folder."""
    port = find_free_port()
    program = start_program(tmp_path, PORT=str(port), PROJECT_ID="mountain_car")

    async def player():
        async with connect(f"ws://127.0.0.1:{port}") as socket:
            await greet(socket)
            await socket.send(START)
            await read_until(socket, lambda m: m.get("frameId", 0) > 3)
            program.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed):
                await read_until(socket, is_done)

    try:
        assert "listening" in wait_for_line(program, "listening")
        asyncio.run(asyncio.wait_for(player(), 20))
        assert program.wait(10) == 0
    finally:
        program.kill()
        program.communicate()
    (episode,) = (tmp_path / "data/mountain_car/Trials" / USER).iterdir()
    assert json.loads(episode.read_text().splitlines()[0])["step"] == 1


def test_without_a_player_the_program_ends_with_its_own_exit_code(tmp_path):
    """Given a player who starts and leaves, the program writes the episode and exits with 86."""
    port = find_free_port()
    program = start_program(tmp_path, PORT=str(port), PROJECT_ID="mountain_car", HIPPO_IDLE_MINUTES="0.05")

    async def player():
        async with connect(f"ws://127.0.0.1:{port}") as socket:
            await greet(socket)
            await socket.send(START)
            await read_until(socket, lambda m: m.get("frameId", 0) > 3)

    try:
        wait_for_line(program, "listening")
        asyncio.run(asyncio.wait_for(player(), 20))
        output, _ = program.communicate(timeout=30)
    finally:
        program.kill()
    assert (program.returncode, "no player is connected" in output) == (86, True)
    (episode,) = (tmp_path / "data/mountain_car/Trials" / USER).iterdir()
    assert json.loads(episode.read_text().splitlines()[0])["step"] == 1


def test_after_the_trial_the_program_ends_without_an_error(tmp_path):
    """Given a trial that was played to its end, the program without a player exits with 0."""
    port = find_free_port()
    program = start_program(tmp_path, PORT=str(port), PROJECT_ID="mountain_car", HIPPO_IDLE_MINUTES="0.05")

    async def player():
        async with connect(f"ws://127.0.0.1:{port}") as socket:
            await greet(socket)
            await socket.send("done")
            await read_until(socket, is_done)

    try:
        wait_for_line(program, "listening")
        asyncio.run(asyncio.wait_for(player(), 20))
        output, _ = program.communicate(timeout=30)
    finally:
        program.kill()
    assert (program.returncode, "no player is connected" in output) == (0, True)


def test_silent_connection_leaves_no_stack_trace(tmp_path):
    """Given a check that the port is open, the log shows no error."""
    port = find_free_port()
    program = start_program(tmp_path, PORT=str(port))
    try:
        wait_for_line(program, "listening")
        sockets.create_connection(("127.0.0.1", port)).close()
        program.terminate()
        output, _ = program.communicate(timeout=20)
    finally:
        program.kill()
    assert "Traceback" not in output
    assert program.returncode == 0


@pytest.mark.parametrize(
    ("named", "environ"),
    [
        ("PORT", {"PORT": "x"}),
        ("TRIAL_CONFIG", {"TRIAL_CONFIG": "{"}),
        ("game", {"TRIAL_CONFIG": '{"actionSpace": ["a"]}'}),
        ("TLS_CERTIFICATE", {"TLS_CERTIFICATE": "image"}),
        ("HIPPO_IDLE_MINUTES", {"HIPPO_IDLE_MINUTES": "soon"}),
    ],
)
def test_wrong_setting_ends_the_program_with_its_name(tmp_path, named, environ):
    """Given a wrong setting, the program exits with 2 and one line that names it."""
    program = start_program(tmp_path, **environ)
    output, _ = program.communicate(timeout=30)

    assert program.returncode == 2
    assert f"{named}: " in output
    assert "Traceback" not in output


def test_port_in_use_is_reported(tmp_path):
    """Given a port in use, the program exits with 2 and says what to do."""
    with sockets.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        program = start_program(tmp_path, PORT=str(listener.getsockname()[1]))
        output, _ = program.communicate(timeout=30)

    assert program.returncode == 2
    assert "PORT: " in output
    assert "Traceback" not in output
