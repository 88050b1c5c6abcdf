"""Debian's Firefox as Playwright's channel `moz-firefox` expects it, started with the arguments of Firefox.

Playwright expects a newer Firefox. This program is a proxy between the two, which responds with success to
the commands of the module `emulation` that this Firefox does not know.
"""

import asyncio
import json
import os
import re
import signal
import sys
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
# Messages may be pictures, and tests on a busy machine may delay a ping for long.
_LIMITS: dict[str, Any] = {"max_size": None, "ping_interval": None}


async def main() -> int:
    """Run Firefox and the proxy until Firefox ends; return its exit code."""
    firefox = await asyncio.create_subprocess_exec(
        os.environ["FIREFOX"], *sys.argv[1:], stderr=asyncio.subprocess.PIPE
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, firefox.terminate)
    assert firefox.stderr is not None
    async for line in firefox.stderr:
        text = line.decode(errors="replace")
        if not (listening := _LISTENING.search(text)):
            sys.stderr.write(text)
            continue
        async with serve(lambda client: _forward(client, listening[1]), "127.0.0.1", 0, **_LIMITS) as proxy:
            port = proxy.sockets[0].getsockname()[1]
            # Playwright waits for this line.
            sys.stderr.write(f"WebDriver BiDi listening on ws://127.0.0.1:{port}\n")
            sys.stderr.flush()
            async for line in firefox.stderr:
                sys.stderr.write(line.decode(errors="replace"))
            await firefox.wait()
    return await firefox.wait()


async def _forward(client: ServerConnection, url: str) -> None:
    path = client.request.path if client.request else ""
    async with connect(url + path, **_LIMITS) as server:
        methods: dict[int, str] = {}

        async def send_commands() -> None:
            async for text in client:
                command = json.loads(text)
                methods[command["id"]] = command["method"]
                await server.send(text)
            await server.close()

        async def send_responses() -> None:
            async for text in server:
                await client.send(_accept_unknown(text, methods))
            await client.close()

        await asyncio.gather(send_commands(), send_responses(), return_exceptions=True)


def _accept_unknown(text: str | bytes, methods: dict[int, str]) -> str | bytes:
    """Return a message of Firefox, with success instead of an unknown command of `emulation`."""
    message = json.loads(text)
    method = methods.pop(message.get("id"), "")
    if message.get("error") == "unknown command" and method.startswith("emulation."):
        return json.dumps({"type": "success", "id": message["id"], "result": {}})
    return text


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
