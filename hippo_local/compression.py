"""Compression of responses, as CloudFront and API Gateway do it."""

import gzip
import re

_REFUSED = re.compile(r"q=0(\.0*)?")


def accepts_gzip(header: str) -> bool:
    """Return whether an Accept-Encoding header names gzip, and not with a weight of 0."""
    weights = {}
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        weights[coding.strip()] = weight.replace(" ", "")
    return not _REFUSED.fullmatch(weights.get("gzip", weights.get("*", "q=0")))


def compress(body: bytes) -> bytes:
    """Return the body for `Content-Encoding: gzip`, always the same for the same body."""
    return gzip.compress(body, mtime=0)
