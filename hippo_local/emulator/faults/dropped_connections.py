"""A connection that ends without an answer: what a client sees when the answer is lost on its way.

An ASGI application can only answer, so the server (hypercorn) is told one kind of message more.
"""

from typing import Any

from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream

from hippo_local.emulator.apigateway.requests import Application
from hippo_local.emulator.ministack import patch

_DROP = "hippo.drop"


class DroppedConnectionError(Exception):
    """Raised while a request is served: the client gets no answer, and the connection is closed."""


def install() -> None:
    """Close a connection when `drop_connections` asks for it."""
    plain = patch(HTTPStream, "app_send", None)

    async def send(stream: Any, message: Any) -> None:
        if message is not None and message["type"] == _DROP:
            # Nothing was sent, so the end of the application now ends the connection as well.
            stream.state = ASGIHTTPState.CLOSED
            return
        await plain(stream, message)

    patch(HTTPStream, "app_send", send)


def drop_connections(application: Application) -> Application:
    """The application, with DroppedConnectionError understood."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        try:
            await application(scope, receive, send)
        except DroppedConnectionError:
            await send({"type": _DROP})

    return wrapped
