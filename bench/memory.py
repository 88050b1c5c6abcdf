"""Memory of each handler after a request, in its own interpreter, which calls moto over HTTP."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer

from bench.lambda_python import FUNCTIONS, find_folders, run_child, unpack_functions
from bench.tables import format_table
from bench.worlds import open_server_world, open_study_world
from tests.support.in_memory import load_event
from tests.support.server_world import BUCKET, PROJECT, ServerWorld
from tests.support.study_world import StudyWorld

# A start waits in real time here, so it skips the ten seconds before the first DNS check.
_VARIABLES = {
    "DNS_FIRST_CHECK_SECONDS": "0",
    "START_SERVER_TOPIC_ARN": "",
    "START_SERVER_FUNCTION": "start_server",
}
_USERS = ("ada", "grace")
_STUDY_FUNCTIONS = ("next_step", "update_project_master_list")


def measure_memory(functions: tuple[str, ...] = tuple(FUNCTIONS)) -> dict[str, dict[str, float]]:
    """Return, for each function, the figures of children/first_request.py: MB and seconds."""
    figures = {}
    with unpack_functions() as package:
        for name in functions:
            open_world = open_study_world if name in _STUDY_FUNCTIONS else open_server_world
            with open_world() as world, _serve_moto() as endpoint:
                if name == "stop_server":
                    _start_servers(world)
                figures[name] = _measure(package, name, endpoint)
    return figures


def _start_servers(world: ServerWorld | StudyWorld) -> None:
    assert isinstance(world, ServerWorld)
    for user in _USERS:
        world.start({"projectId": PROJECT, "userId": user, "requestId": user})


def _measure(package: Path, function: str, endpoint: str) -> dict[str, float]:
    variables = {**os.environ, **_VARIABLES, "AWS_ENDPOINT_URL": endpoint}
    if topic := os.environ.get("START_SERVER_TOPIC_ARN") or os.environ.get("STOP_SERVER_TOPIC_ARN"):
        variables["START_SERVER_TOPIC_ARN"] = topic
    text = json.dumps(_choose_events(function, endpoint))
    figures: dict[str, float] = json.loads(
        run_child("first_request.py", *find_folders(package, function), variables=variables, text=text)
    )
    return figures


def _choose_events(function: str, endpoint: str) -> list[dict[str, Any]]:
    """Return a function's first event and one more."""
    if function == "guard_deletion":
        # An address that rejects the response costs 15 s of retries; moto accepts new objects only.
        addresses = [f"{endpoint}/{BUCKET}/{name}" for name in ("first", "second")]
        return [{**load_event(function), "ResponseURL": address} for address in addresses]
    if function == "next_step":
        return [load_event("next_get"), load_event("next_post")]
    if function == "update_project_master_list":
        return [load_event("update"), load_event("update")]
    if function in ("start_server", "stop_server"):
        sample = "start_message" if function == "start_server" else "stop_message"
        return [_address(load_event(sample), user) for user in _USERS]
    sample = "start" if function == "send_start_server_message" else "stop"
    return [load_event(sample), load_event(sample)]


def _address(event: dict[str, Any], user: str) -> dict[str, Any]:
    message = {"projectId": PROJECT, "userId": user, "requestId": user}
    # Later than every start in that world; otherwise a stop would concern an earlier server.
    sns = {"Message": json.dumps(message), "Timestamp": "2030-01-01T13:00:00.000Z"}
    event["Records"][0]["Sns"].update(sns)
    return event


@contextmanager
def _serve_moto() -> Iterator[str]:
    """Serve this process's in-memory AWS over HTTP on a free port of 127.0.0.1."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def format_memory_table(measured: Mapping[str, Mapping[str, float]]) -> str:
    """Return a table with a row for each function."""
    headers = ["function", "Python, MB", "imported, MB", "first request, MB", "second, MB"]
    rows = [
        [
            f"`{name}`",
            *(f"{figures[key]:.0f}" for key in ("empty", "imported", "after first", "after second")),
            *(f"{1000 * figures[key]:.0f}" for key in ("first", "second")),
        ]
        for name, figures in measured.items()
    ]
    return format_table([*headers, "first request, ms", "second, ms"], rows)
