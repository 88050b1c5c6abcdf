"""Messages that tests send to a game server, and how they read its answers."""

import base64
import hashlib
import hmac
import json
import time

from websockets.asyncio.client import connect

USER = "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c"
HELLO = json.dumps({"userId": USER, "projectId": "mountain_car", "frameCount": 0, "frameId": 0})
PROJECT, KEY = "mountain_car", "the-key-of-this-attempt"
START = json.dumps({"command": "start"})


async def read_until(socket, wanted):
    """Read messages until one is as wanted, and return it; text that is not JSON is returned as it is."""
    while True:
        text = await socket.recv()
        message = text if text == "done" else json.loads(text)
        if wanted(message):
            return message


def is_frame(message):
    """Return whether the message is a frame."""
    return "frame" in message


def is_error(message):
    """Return whether the message is an error."""
    return "error" in message


def is_done(message):
    """Return whether the message says that the game is over."""
    return message == "done"


async def greet(socket):
    """Say hello, and return the answer."""
    await socket.send(HELLO)
    return json.loads(await socket.recv())


def make_ticket(key=KEY, **changes):
    """Return a ticket as the platform writes it, with some values changed."""
    content = {"u": USER, "p": PROJECT, "g": 1, "s": "player", "r": "player", "a": 1, "e": time.time() + 600}
    payload = encode(json.dumps(content | changes).encode())
    return f"{payload}.{encode(hmac.digest(key.encode(), payload.encode(), hashlib.sha256))}"


def encode(data):
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def open_with(address, ticket, **options):
    """Connect with a ticket, over TLS if the options include it."""
    return connect(f"{'wss' if 'ssl' in options else 'ws'}://{address}/?ticket={ticket}", **options)


async def is_let_in(address, **options):
    """Return whether the participant gets frames, with a ticket."""
    async with open_with(address, make_ticket(), **options) as socket:
        await greet(socket)
        await socket.send(START)
        # The first frame may be from before the first step.
        frames = [await read_until(socket, is_frame) for _ in range(3)]
        return all(map(is_frame, frames))
