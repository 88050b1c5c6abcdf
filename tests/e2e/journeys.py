"""Participants who go through the whole study at the same time, each with their own faults."""

import contextlib
import json
import os
import threading
import time
import urllib.error
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed

from hippo.host_labels import choose_host_label
from tests.e2e.account_view import AccountView
from tests.e2e.participant import Participant, play, wait_for

FORMS = ({"consent": "yes"}, {"quiz": "done"}, {"rating": "4"})
_TRY_SECONDS = 60


class Faults:
    """The file that controls faults, to which several threads add."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(self, user_id: str, *faults: dict[str, Any]) -> None:
        """Make faults act on one participant."""
        with self._lock:
            self._entries += [{**fault, "match": choose_match(user_id, fault)} for fault in faults]
            self._write()

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._entries = []
            self._write()

    def _write(self) -> None:
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(self._entries))
        os.replace(draft, self._path)


def choose_match(user_id: str, fault: dict[str, Any]) -> str:
    """Return what finds the participant's requests in the emulator. DNS changes name only the host."""
    if fault["kind"] == "lambda-death":
        return user_id
    is_of_dns = fault["kind"] == "prior-request-not-complete" or "route53" in fault.get("action", "")
    return choose_host_label(user_id, is_trusted=False) if is_of_dns else user_id


class PatientParticipant(Participant):
    """A participant who retries as the page does: after a lost connection and a status of 500 or more."""

    def _request(self, form: dict[str, Any] | None, query: dict[str, object]) -> dict[str, Any]:
        deadline = time.monotonic() + _TRY_SECONDS
        while True:
            try:
                return super()._request(form, query)
            except urllib.error.URLError as error:
                retryable = not isinstance(error, urllib.error.HTTPError) or error.code >= 500
                if not retryable or time.monotonic() > deadline:
                    raise
            time.sleep(1)


@dataclass
class Journey:
    """One participant's way through the study. `left` is what the account held after their server stopped."""

    user_id: str
    pages: list[str] = field(default_factory=list)
    error: str = ""
    cut_off: bool = False
    stored: dict[str, Any] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)
    left: dict[str, Any] = field(default_factory=dict)
    trials: list[str] = field(default_factory=list)

    @property
    def forms(self) -> list[Any]:
        """The forms that the study has stored, in order."""
        bodies = [json.loads(entry["body"] or "null") for entry in self.stored["requests"]]
        return [body for body in bodies if body]


def travel(account: AccountView, user_id: str, faults: Faults, *during: dict[str, Any]) -> Journey:
    """Go through the whole study. The faults in `during` begin while the game is played."""
    journey = Journey(user_id)
    participant = PatientParticipant(account.outputs, user_id)
    journey.pages.append(participant.begin()["page"])
    journey.pages.append(participant.submit(FORMS[0])["page"])
    participant.submit(FORMS[1])
    journey.error = _await_game_or_error(participant)
    if not journey.error:
        journey.cut_off = _play(participant, faults, during)
        journey.pages.append(participant.finish_game()["page"])
        last = participant.submit(FORMS[2])
        assert last["step"] == last["steps"] + 1
    _await_end(account, journey)
    return journey


def _await_game_or_error(participant: Participant) -> str:
    def poll() -> str | None:
        answer = participant.get(step=participant.answer["step"] - 1)
        return answer.get("error") or (answer["page"] == "show_game_page" and "none") or None

    return wait_for(f"the game of {participant.user_id}", poll, seconds=90).replace("none", "")


def _play(participant: Participant, faults: Faults, during: tuple[dict[str, Any], ...]) -> bool:
    """Play to the end; return whether the server cut the game off."""
    with participant.connect() as socket:
        if not during:
            play(socket)
            return False
        socket.recv(timeout=20)
        socket.send(json.dumps({"command": "start"}))
        faults.add(participant.user_id, *during)
        with contextlib.suppress(ConnectionClosed):
            while socket.recv(timeout=20) != "done":
                pass
    return True


def _await_end(account: AccountView, journey: Journey) -> None:
    user_id = journey.user_id
    wait_for(
        f"the server of {user_id} to stop", lambda: account.read_server(user_id).get("state") == "stopped", 90
    )
    journey.left = account.list_resources(user_id)
    journey.server = account.read_server(user_id)
    journey.stored = account.read_participant(user_id)
    journey.trials = account.list_keys(f"{account.outputs['projectId']}/Trials/{user_id}/")
