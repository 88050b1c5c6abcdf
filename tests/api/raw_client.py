"""An HTTP client that sends requests byte for byte over one kept connection."""

import http.client
import shlex
import socket
from dataclasses import dataclass
from typing import Any, cast

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it is on the wire; `target` begins with the path of the API, without its stage."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def format_command(self, url: str) -> str:
        """Return a shell command that sends the same request to the API at `url` again."""
        words = ["curl", "-i", "--globoff", "--path-as-is", "-X", self.method, url + self.target]
        for name, value in self.headers:
            words += ["-H", f"{name}: {value}"]
        command = shlex.join(words)
        if self.body is None:
            return command
        # A body may contain bytes that no shell accepts as an argument.
        write = f"import sys; sys.stdout.buffer.write({self.body!r})"
        return f"{shlex.join(['python3', '-c', write])} | {command} --data-binary @-"


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """The response."""

    status: int
    headers: dict[str, str]
    body: bytes


class RawClient:
    """One connection to an API, opened again when the other side has closed it."""

    def __init__(self, port: int, host: str, stage: str) -> None:
        self._port, self._host, self._stage = port, host, stage
        self._socket: socket.socket | None = None

    def send(self, request: RawRequest) -> RawAnswer:
        """Send a request and return the response. Raises OSError or HTTPException if none arrives."""
        fresh = self._socket is None
        try:
            return self._exchange(request)
        except (OSError, http.client.HTTPException):
            self.close()
            if fresh:
                raise
        # The kept connection may have been closed while it was idle.
        return self._exchange(request)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, request: RawRequest) -> RawAnswer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), _TIMEOUT_SECONDS)
        body = request.body or b""
        lines = [f"{request.method} /{self._stage}{request.target} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in request.headers]
        if request.body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        answer = http.client.HTTPResponse(cast(Any, self._socket), method=request.method)
        answer.begin()
        content = answer.read()
        found = RawAnswer(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, content
        )
        if answer.will_close:
            self.close()
        return found
