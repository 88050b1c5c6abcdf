"""CloudFormation as a custom resource's function sees it: a URL that waits for the response."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class CloudFormation:
    """A receiver of the responses that functions PUT to its URL; it refuses the first `refusals` of them."""

    def __init__(self) -> None:
        self.answers: list[dict[str, str]] = []
        self.types: list[str | None] = []
        self.refusals = 0
        stack = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:  # noqa: N802 - the base class names it so
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stack.types.append(self.headers["Content-Type"])
                if stack.refusals:
                    stack.refusals -= 1
                    self.send_error(503)
                    return
                stack.answers.append(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Log nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/answer"
