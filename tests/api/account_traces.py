"""Traces of requests in the account: objects that no request may create, and logs of request contents."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.api.description import load_description
from tests.api.malformed_requests import GUARDED, ONE_PER, PLAIN, SIGNED, WAITING
from tests.api.raw_client import RawRequest

RESERVED = re.compile("www|api|mail|ns(0|[1-9][0-9]?)?")  # reserved by default in the template
# Written by the platform itself, independent of requests.
_OWN_KEYS = {"_sweep.json"}
_DERIVED_ID = "[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


class ObjectOracle:
    """The objects that may exist, derived from the requests and the description's patterns, not the
    layer's."""

    def __init__(self, requests: Iterable[RawRequest]) -> None:
        schemas = load_description()["components"]["parameters"]
        self._user = re.compile(schemas["userId"]["schema"]["pattern"].replace("$", r"\Z"))
        self.allowed = set(_OWN_KEYS)
        for request in requests:
            self.allowed.update(self._keys_of(request))

    def find_strange(self, keys: Iterable[str]) -> list[str]:
        """Return the keys that no request may have created."""
        derived = re.compile(rf"{GUARDED}/Users/{_DERIVED_ID}")
        return sorted(key for key in keys if key not in self.allowed and not derived.fullmatch(key))

    def _keys_of(self, request: RawRequest) -> Iterator[str]:
        parts = urlsplit(request.target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        project, user = query.get("projectId", ""), query.get("userId", "")
        if not self._user.match(user) or RESERVED.fullmatch(user.lower()):
            return
        if parts.path == "/stop" and request.method == "GET":
            yield f"_servers/{user.lower()}.json"
        if parts.path != "/next" or request.method not in ("GET", "POST"):
            return
        if project in (PLAIN, WAITING, SIGNED) or (project == GUARDED and not query.get(ONE_PER)):
            yield f"{project}/Users/{user.lower()}"
        if project == GUARDED:
            yield f"{GUARDED}/_admission.json"


def read_logs(logs: Any) -> Iterator[tuple[str, str]]:
    """Return (group, line) of everything that functions have logged."""
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                for event in events["events"]:
                    yield name, event["message"]


def find_leaks(lines: Iterable[tuple[str, str]], marker: str) -> list[str]:
    """Return the log lines that contain part of a body, a header or a malformed value."""
    escaped = json.dumps(marker)[1:-1]
    return [f"{group}: {line[:500]}" for group, line in lines if marker in line or escaped in line]


def list_keys(s3: Any, bucket: str) -> set[str]:
    """Return all keys of a bucket."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", ())}


def find_unreadable(s3: Any, bucket: str, keys: Iterable[str]) -> list[str]:
    """Return the keys of participants' records that are not valid records."""
    unreadable = []
    for key in keys:
        record = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        if not isinstance(record.get("nextStep"), int) or not record.get("requests"):
            unreadable.append(key)
    return unreadable
