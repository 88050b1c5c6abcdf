"""Tests of the bots: they fill in valid values, play to the end, and report what stops them."""

import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

import hippo_local.__main__ as platform
from hippo_cli.errors import ExitCode
from hippo_local.bots.bot import Bot, Journey, Manner
from hippo_local.bots.forms import fill_in
from hippo_local.bots.game import GameError, play
from hippo_local.bots.options import FAILED, find_running
from hippo_local.bots.run import format_table, run_bots
from hippo_local.console import Console
from tests.support.paths import EXAMPLE
from tests.support.study_world import PROJECT

FAST = Manner(fast=True, seconds=20)
Run = Callable[..., Any]
# A control, and a pattern that each of its values must match.
CONTROLS = [
    ('<input name="x" type="number" min="3" max="9" step="2" required>', "[3579]"),
    ('<input name="x" type="number" max="-5" required>', r"-\d+"),
    ('<input name="x" type="range">', r"\d{1,3}"),
    ('<input name="x" type="number" step="any" min="0" max="1" required>', r"0(\.\d+)?|1"),
    ('<input name="x" type="number" min="20000101" max="20001231" required>', r"2000\d{4}"),
    ('<input name="x" type="number" min="1e999" max="nan" step="inf" required>', r"\d{1,3}"),
    ('<input name="x" type="number" min="0" max="1" step="1e-320" required>', r"[01](\.\d+)?(e-\d+)?"),
    ('<input name="x" type="range" min="-1e308" max="1e308" step="any">', r"-?[\d.]+e\+\d+"),
    ('<input name="x" required maxlength="inf" minlength="nan">', ".+"),
    ('<input name="x" required minlength="300">', ".{300,}"),
    ('<input name="x" required maxlength="4">', ".{1,4}"),
    ('<input name="x" required minlength="30">', ".{30,}"),
    ('<input name="x" required pattern="[0-9]{5}">', r"\d{5}"),
    ('<input name="x" type="email" required>', r"[^@]+@[^@]+\.[a-z]+"),
    ('<input name="x" type="date" min="2020-01-01" max="2020-12-31" required>', r"2020-\d\d-\d\d"),
    ('<input name="x" type="time" required>', r"\d\d:\d\d"),
    ('<input name="x" type="week" required>', r"\d{4}-W\d\d"),
    ('<input name="x" type="color" required>', "#[0-9a-f]{6}"),
    ('<input name="x" type="hidden" value="kept">', "kept"),
    ('<input name="x" type="checkbox" value="yes" required>', "yes"),
    ('<input name="x" type="radio" value="a"><input name="x" type="radio" value="b" required>', "[ab]"),
    (
        '<select name="x" required><option value="">Choose<option>One two<option value=2>x</select>',
        "One two|2",
    ),
    ('<textarea name="x" required></textarea>', ".+"),
]


@pytest.mark.parametrize(("page", "wanted"), CONTROLS)
def test_values_that_a_browser_lets_pass(page: str, wanted: str) -> None:
    """Given a control with limits, every random value is within them."""
    for seed in range(60):
        value = fill_in(page, random.Random(seed)).get("x")
        assert value is None or re.fullmatch(wanted, str(value)), value
        assert value is not None or "required" not in page


def test_answers_that_are_lists() -> None:
    """Given checkboxes of one name, or a multiple selection, the answer is a list."""
    boxes = "<input type=checkbox name=b value=1 required><input type=checkbox name=b value=2 required>"
    several = "<select multiple required name=s><option>p<option>q</select>"

    answers = fill_in(boxes + several, random.Random(1))

    assert answers["b"] == ["1", "2"]
    assert isinstance(answers["s"], list)
    assert set(answers["s"]) <= {"p", "q"}


def test_controls_without_an_answer() -> None:
    """Given buttons, file inputs, disabled and nameless controls, the bot answers none of them."""
    page = (
        "<input type=submit name=a><input type=file name=f required><input name=d disabled><input required>"
    )

    assert fill_in(page, random.Random(1)) == {}
    assert fill_in("<fieldset disabled><input name=d></fieldset>", random.Random(1)) == {}
    assert fill_in("<![x[<select name=s></select><option>", random.Random(1)) == {}


def test_the_same_seed_gives_the_same_answers() -> None:
    """Given the same page and seed, the answers are the same, and another seed changes them."""
    page = '<input name="a"><input name="b" type="number"><textarea name="c"></textarea>'
    answers = [fill_in(page, random.Random(seed)) for seed in ("1/0", "1/0", "2/0")]

    assert answers[0] == answers[1] != answers[2]


class FakeStudy:
    """A study that sends prepared responses in order, and keeps the requests."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, object]] = []
        self.requests: list[tuple[str, object]] = []
        study = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802 - http.server's own name
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                study.requests.append((self.path.partition("step=")[2], body))
                status, answer = study.answers.pop(0) if study.answers else (500, "no more")
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            do_POST = do_GET  # noqa: N815 - http.server's own name

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/next"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def study() -> Iterator[FakeStudy]:
    """Provide a study with prepared responses."""
    study = FakeStudy()
    yield study
    study.close()


def page(step: int, content: str = "<p>", **more: object) -> tuple[int, dict[str, object]]:
    """Return a response of the platform for a study with three steps."""
    return 200, {"page": content, "step": step, "steps": 3, **more}


def go(study: FakeStudy, manner: Manner = FAST) -> Journey:
    """Run one bot, which does not really sleep."""
    return Bot(study.url, PROJECT, "1/0", manner, sleep=lambda _: None).run()


def play_along(*messages: str, after: str = "stop") -> Callable[[ServerConnection], None]:
    """Return a game server's handler that sends messages, waits for a command, and ends the game."""

    def handle(socket: ServerConnection) -> None:
        assert "userId" in json.loads(socket.recv())
        socket.send(json.dumps({"UI": ["left", "start", "stop"]}))
        while json.loads(socket.recv()).get("command") != "start":
            pass
        for message in messages:
            socket.send(message)
        if after:
            while json.loads(socket.recv()).get("command") != after:
                socket.send('{"frame": "x"}')
        socket.send("done")

    return handle


@pytest.fixture
def game(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Provide a function that starts a game server and returns its address."""
    monkeypatch.setattr("hippo_local.bots.game._SHORT_GAME_SECONDS", 0.0)
    servers = []

    def start(handle: Callable[[ServerConnection], None]) -> str:
        server = serve(handle, "127.0.0.1", 0)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"ws://x.localhost:{server.socket.getsockname()[1]}"

    yield start
    for server in servers:
        server.shutdown()


def test_through_the_study(study: FakeStudy, game: Callable[..., str]) -> None:
    """Given a form, a wait, a game and the last page, the bot answers each with its own step."""
    url = game(play_along('{"frame": "1"}'))
    study.answers = [
        page(1, '<input name="age" type="number" required>'),
        page(2, "wait"),
        page(2, "wait"),
        page(2, "show_game_page", server=url),
        page(3),
        page(4),
    ]

    journey = go(study)

    assert journey.error == ""
    assert (journey.pages, journey.waits) == ([1, 3, 4], 2)
    assert journey.time_to_game is not None
    assert journey.games[0].frames >= 1
    steps, bodies = zip(*study.requests, strict=True)
    assert steps == ("0", "1", "1", "1", "2", "3")
    assert list(bodies[1]) == ["age"]
    assert bodies[2:] == (None, None, None, {})


def test_obstacles_are_reported(study: FakeStudy) -> None:
    """Given an error page, a refusal, an invalid response, or an endless wait, the journey reports it."""
    found = []
    for answers in (
        [page(1, error="serverFailed")],
        [(400, "Project ID Not Found")],
        [(503, "busy")] * 5,
        [(200, ["x"])] * 5,
    ):
        study.answers = list(answers)
        found.append(go(study).error)
    study.answers = [page(1, "wait", progress="queued")] * 3
    found.append(go(study, Manner(fast=True, seconds=-1)).error)

    assert found[0] == "serverFailed at step 1"
    assert "400" in found[1]
    assert "Project ID Not Found" in found[1]
    assert "503" in found[2]
    assert "not a response of the study's API" in found[3]
    assert "waiting for a server at step 1 (queued)" in found[4]


def test_a_busy_platform_is_retried(study: FakeStudy) -> None:
    """Given a 503 that is temporary, the bot continues, as the page does."""
    study.answers = [(503, "busy"), page(1), (429, "slow"), page(4)]

    assert go(study).error == ""


@pytest.mark.parametrize(
    ("handle", "what"),
    [
        (play_along('{"error": "Full."}', after=""), "Full."),
        (lambda socket: socket.close(), "closed the connection after 0 frames"),
    ],
)
def test_a_game_that_fails(game: Callable[..., str], handle: Any, what: str) -> None:
    """Given a server that reports an error or closes the connection, the game fails with that error."""
    with pytest.raises(GameError, match=what):
        play(game(handle), {"userId": "x"}, random.Random(1), fast=True, seconds=5)


def test_a_game_without_a_server() -> None:
    """Given no server at the address, the error names the address."""
    with pytest.raises(GameError, match="ws://127.0.0.1:9"):
        play("ws://127.0.0.1:9", {"userId": "x"}, random.Random(1), fast=True, seconds=5)


def test_the_report(study: FakeStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a bot that does not reach the end, table, bots.json and exit code report it."""
    outputs = {"nextUrl": study.url, "projectId": PROJECT}

    def send(number: int) -> int:
        options = {"seed": 7, "fast": True, "minutes": 1, "directory": tmp_path, "console": Console()}
        return run_bots(outputs, number, **options)

    study.answers = [page(4), page(4)]
    fine = send(2)
    study.answers = [page(1, error="serverFailed")]
    failed = send(1)

    report = json.loads((tmp_path / "bots.json").read_text())
    shown = capsys.readouterr().out
    assert (fine, failed) == (0, FAILED)
    assert "2 of 2 bots finished" in shown
    assert "bot 1: serverFailed at step 1" in shown
    assert (report["seed"], report["bots"][0]["finished"]) == (7, False)
    assert "NO" in format_table([Journey("x", error="y")])


def test_the_report_says_why_a_game_did_not_start(
    study: FakeStudy, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a game server that ended at once, the report has the end of its log, but that of no other."""
    user = "11111111-2222-4333-8444-555555555555"
    monkeypatch.setattr("hippo_local.bots.bot.uuid.uuid4", lambda: user)
    (tmp_path / f"hippo-1-{user}-0a1b2c3d-x.log").write_text("starting\nactionSpace: empty\n")
    outputs = {"nextUrl": study.url, "projectId": PROJECT, "logs": {"tasks": str(tmp_path)}}
    study.answers = [page(1, error="server_failed")]

    run_bots(outputs, 1, 7, fast=True, minutes=1, directory=tmp_path, console=Console())

    shown = capsys.readouterr().out
    assert "server_failed at step 1. The game server wrote last: starting / actionSpace: empty" in shown
    assert "actionSpace" in json.loads((tmp_path / "bots.json").read_text())["bots"][0]["error"]


def test_a_platform_that_was_killed_is_not_used(study: FakeStudy, tmp_path: Path) -> None:
    """Given a platform's outputs, the platform is used only if it responds."""
    nothing = find_running(tmp_path)
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps({"endpointUrl": study.url}))
    up = find_running(tmp_path)
    path.write_text(json.dumps({"endpointUrl": "http://127.0.0.1:9"}))

    assert (nothing, up, find_running(tmp_path)) == (None, {"endpointUrl": study.url}, None)


def test_the_command(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given `hippo local --bots`, the platform gets the options, and its exit code becomes the tool's."""
    seen: list[list[str]] = []

    def main(arguments: list[str]) -> int:
        seen.append(arguments)
        return FAILED

    monkeypatch.setattr("hippo_local.__main__.main", main)
    example = EXAMPLE

    result = run("local", example, "--bots", "2", "--seed", "5", "--pace", "real")
    alone, wrong = run("local", example, "--seed", "5"), run("local", example, "--bots", 1, "--pace", "slow")

    assert result.exit_code == ExitCode.PROBLEMS
    assert seen[0][-6:] == ["--bots", "2", "--seed", "5", "--pace", "real"]
    assert (alone.exit_code, wrong.exit_code) == (2, 2)


def test_an_exception_in_one_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given an unexpected exception, it becomes that bot's error, so the others are still reported."""

    def fail(_: Bot) -> None:
        raise OverflowError("cannot convert float infinity to integer")

    monkeypatch.setattr(Bot, "_take_study", fail)

    journey = Bot("http://localhost:9/next", PROJECT, "1/0", FAST).run()

    assert journey.error == "OverflowError: cannot convert float infinity to integer"


def test_a_platform_with_another_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a running platform with another study, no bot starts."""
    monkeypatch.setattr("hippo_local.__main__.find_running", lambda _: {"projectId": "another"})

    code = platform.main(["--study", "examples/mountain_car", "--bots", "1", "--directory", str(tmp_path)])

    assert code == ExitCode.USAGE
    assert "serves the study another, not mountain_car" in capsys.readouterr().err


def test_the_report_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given --json, standard output contains only the report."""
    monkeypatch.setattr(Bot, "_take_study", lambda _: None)
    monkeypatch.setattr(
        "hippo_local.__main__.find_running", lambda _: {"projectId": "mountain_car", "nextUrl": "http://x"}
    )
    arguments = ["--study", "examples/mountain_car", "--bots", "2", "--json", "--directory", str(tmp_path)]

    code = platform.main(arguments)

    assert code == 0
    output = json.loads(capsys.readouterr().out)
    assert [bot["finished"] for bot in output["bots"]] == [True, True]
    assert output == json.loads((tmp_path / "bots.json").read_text())
