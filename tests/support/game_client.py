"""Messages that tests send to a game server, and how they read its answers."""

import json

USER = "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c"
HELLO = json.dumps({"userId": USER, "projectId": "mountain_car", "frameCount": 0, "frameId": 0})
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
