"""Requests that no existing client sends, made of malformed values: the same for the same seed."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote

from tests.api.description import list_operations, list_parameters
from tests.api.malformed_values import Pools, make_pools
from tests.api.raw_client import RawRequest

T = TypeVar("T")
# Some of these participants begin and so have a record. They are few, so that requests meet one another.
USERS = ("anna", "3f2b8c1e-9d47-4a6b-8e21-5c7d0f9a1b2c", "B0B", "c", "d" * 48)
LINK_KEY = b"a-key-of-signed-links-that-is-long-enough"
PLAIN, WAITING, GUARDED, SIGNED, CLOSED = "plain", "waiting", "guarded", "signed", "closed"
STUDIES = (PLAIN, WAITING, GUARDED, SIGNED, CLOSED)
ONE_PER = "PROLIFIC_PID"
_MOST_HEADERS = 4000  # characters: API Gateway takes 10,240 bytes of request line and headers
_MOST_TARGET = 5500
_CONTENT_TYPES = (
    *(
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ),
    *("application/json; charset=utf-16", "image/png", "application/xml", "", "a/b/c", "*/*"),
)
# Without Origin: the local platform refuses a foreign one, which AWS does not (tests/gaps/test_gate.py).
_HEADERS = (
    *(
        "Cookie",
        "Authorization",
        "User-Agent",
        "X-Forwarded-For",
        "Forwarded",
        "X-Real-IP",
        "Referer",
    ),
    *(
        "Accept",
        "Accept-Language",
        "X-HTTP-Method-Override",
        "X-Original-URL",
        "Sec-CH-UA-Mobile",
        "X-Api-Key",
    ),
    *(
        "X-Amz-Security-Token",
        "X-Amz-Date",
        "X-Amzn-Trace-Id",
        "If-None-Match",
        "Range",
        "Via",
        "x-study",
        "X_Y",
    ),
)


def make_requests(number: int, count: int, marker: str) -> list[RawRequest]:
    """Return that many requests; each carries the marker in a header, and in its body if it has one."""
    maker = _Maker(make_pools(number, marker), random.Random(number), marker)
    return [maker.make() for _ in range(count)]


class _Maker:
    def __init__(self, pools: Pools, chance: random.Random, marker: str) -> None:
        self._pools, self._chance, self._marker = pools, chance, marker
        self._operations = list_operations()

    def make(self) -> RawRequest:
        """Return another request."""
        kinds = (self._stray, self._bad_parameters, self._bad_body, self._odd_visit, self._control)
        (kind,) = self._chance.choices(kinds, weights=(15, 40, 17, 16, 12))
        return kind()

    def _stray(self) -> RawRequest:
        """Return a request for a path or method that the API does not have."""
        path, method = self._chance.choice(self._operations)
        if self._chance.random() < 0.5:
            method = self._chance.choice(self._pools.methods)
        else:
            tail = self._encode(self._pick(self._pools.malformed), safe="/")
            path = self._chance.choice(
                (f"/{tail}", f"{path}/{tail}", f"{path}{tail}", path.upper(), f"/{path}", "/")
            )
        body = self._pick(self._pools.bodies) if self._chance.random() < 0.3 else None
        return self._form(
            method, path, self._query(path if path in ("/next", "/stop") else "/next", 0.5), body
        )

    def _bad_parameters(self) -> RawRequest:
        """Return a request whose parameters are missing, of another kind, repeated, or unknown."""
        method = self._chance.choice(("GET", "POST"))
        body = self._pick(self._pools.bodies) if method == "POST" else None
        return self._form(method, "/next", self._query("/next", 0.45), body)

    def _bad_body(self) -> RawRequest:
        """Return a participant's answer that is not a form."""
        return self._form("POST", "/next", self._visit(), self._pick(self._pools.bodies))

    def _odd_visit(self) -> RawRequest:
        """Return a request with valid ids and arbitrary steps, retries, signatures, screens and
        recruiters' ids."""
        query = self._visit()
        for name in ("step", "retry", "signature", "screenWidth", "mobile", ONE_PER, "anything"):
            if self._chance.random() < 0.4:
                query.append((name, self._value(name, 0.5)))
        method, body = ("POST", self._build_answer()) if self._chance.random() < 0.3 else ("GET", None)
        return self._form(method, "/next", query, body)

    def _build_answer(self) -> bytes:
        return json.dumps({"m": self._marker}).encode()

    def _control(self) -> RawRequest:
        """Return a request for /start or /stop: unsigned, badly signed, or signed and malformed."""
        path = self._chance.choice(("/start", "/stop"))
        signed, query = self._chance.random() < 0.6, self._query(path, 0.6)
        if signed and (path == "/start" or self._chance.random() < 0.5):
            # The last one counts. No server is started here, because thousands would be.
            query.append(("userId", self._pick(self._pools.malformed) + self._marker))
        return self._form("GET", path, query, None, signed=signed)

    def _visit(self) -> list[tuple[str, str]]:
        project, user = self._chance.choice(STUDIES), self._chance.choice(USERS)
        query = [("projectId", project), ("userId", user)]
        if project == GUARDED and self._chance.random() < 0.8:
            query.append((ONE_PER, self._chance.choice(USERS)))
        if project == SIGNED and self._chance.random() < 0.8:
            query.append(("signature", sign(project, user.lower())))
        return query

    def _query(self, path: str, malformed: float) -> list[tuple[str, str]]:
        """Return a query in which each parameter of the description may occur, also twice or as an array."""
        query = []
        for name in list_parameters(path, "GET"):
            for _ in range(
                self._chance.choice((0, 1, 1, 1, 1, 1, 2)) if "Id" in name else self._chance.choice((0, 0, 1))
            ):
                spelling = self._chance.choice((name, name, name, name, name, name + "[]", name.upper()))
                query.append((spelling, self._value(name, malformed)))
        if self._chance.random() < 0.2:
            query.append((self._pick(self._pools.malformed)[:100], self._pick(self._pools.malformed)))
        return query

    def _value(self, name: str, malformed: float) -> str:
        if self._chance.random() < malformed:
            return self._pick(self._pools.malformed)
        if name == "projectId":
            return self._chance.choice(STUDIES)
        if name == "userId":
            return self._chance.choice(USERS)
        return self._pick(self._pools.fitting.get(name) or list(USERS))

    def _form(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        body: bytes | None,
        *,
        signed: bool = False,
    ) -> RawRequest:
        pairs = [f"{self._encode(name)}={self._encode(value)}" for name, value in query]
        target = path + ("?" + self._chance.choice(("&", "&", "&", "&&", "&;&")).join(pairs) if pairs else "")
        if self._chance.random() < 0.03:
            target += self._chance.choice(
                ("&%", "&%zz=%u0041", "&=", "?", "&a[b][c]=1", "#x", "&%c0%ae%c0%ae")
            )
        headers = [("X-Marker", self._marker), *self._headers()]
        if body is not None:
            headers.append(("Content-Type", self._chance.choice(_CONTENT_TYPES)))
        if signed:
            headers = [pair for pair in headers if pair[0] != "Authorization"] + [
                ("Authorization", _SIGNATURE)
            ]
        return RawRequest(method, target[:_MOST_TARGET], tuple(headers), body)

    def _headers(self) -> list[tuple[str, str]]:
        headers, size = [], 0
        for _ in range(self._chance.choice((0, 0, 1, 2, 5))):
            value = self._pick(self._pools.malformed).encode("utf-8", "surrogatepass").decode("latin-1")
            value = "".join(c for c in value if c.isprintable() or c == "\xad").strip()[:2500] + self._marker
            size += len(value)
            if size < _MOST_HEADERS:
                headers.append((self._chance.choice(_HEADERS), value))
        return headers

    def _encode(self, value: str, safe: str = "") -> str:
        """Return text for a query: percent-encoded, or as raw as HTTP allows."""
        raw = self._chance.random() < 0.2
        marks = "!\"'()*,./:;<>?@[\\]^`{|}~$" if raw else safe
        return quote(value.encode("utf-8", "surrogatepass"), safe=marks)

    def _pick(self, pool: Sequence[T]) -> T:
        return pool[self._chance.randrange(len(pool))]


# Signed with the operator's own key: the signature is not under test here.
_SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=test/20300101/ca-central-1/execute-api/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
)


def sign(project_id: str, user_id: str) -> str:
    """Return the signature of a participant's link, as docs/howto/sign-links.md describes it."""
    digest = hmac.new(LINK_KEY, f"{project_id}/{user_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
