"""Faults on demand in connections, which close without a response as if the response were lost.

An ASGI application can only respond, so the server (hypercorn) is extended by one more type of message.
"""

from typing import Any

from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream

from hippo_local.emulator.apigateway.requests import Application
from hippo_local.emulator.ministack import patch

_DROP = "hippo.drop"


class DroppedConnectionError(Exception):
    """Raised while a request is served: the client gets no response, and the connection is closed."""


def install() -> None:
    """Patch hypercorn so that it closes a connection at the request of `drop_connections`."""
    plain = patch(HTTPStream, "app_send", None)

    async def send(stream: Any, message: Any) -> None:
        if message is not None and message["type"] == _DROP:
            # Nothing was sent, so the end of the application ends the connection as well.
            stream.state = ASGIHTTPState.CLOSED
            return
        await plain(stream, message)

    patch(HTTPStream, "app_send", send)


def drop_connections(application: Application) -> Application:
    """Wrap the application so that DroppedConnectionError closes the connection."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        try:
            await application(scope, receive, send)
        except DroppedConnectionError:
            await send({"type": _DROP})

    return wrapped
