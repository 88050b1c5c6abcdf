"""The connections of one participant, who sees and can steer the game in each of them."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable

from game import Participant, Presence, Trial
from protocol import DONE, Hello, ProtocolError, format_error, format_interface, parse_message
from recorder import Recorder
from settings import Settings
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

LOG = logging.getLogger("room")
HELLO_SECONDS = 30
STORED_BEFORE_DONE_SECONDS = 3
MAX_CONNECTIONS = 8
MAX_WAITING = 100
NORMAL, GOING_AWAY, REFUSED, FULL = 1000, 1001, 1008, 1013


class Outbox:
    """The queue of a connection; a new frame replaces a waiting one, so that slow clients skip frames."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[bool, str]] = deque()
        self._ready = asyncio.Event()
        self._closing: tuple[int, str] | None = None

    def put(self, text: str) -> None:
        """Queue a message; drop it if the client does not read at all."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append((False, text))
            self._ready.set()

    def put_frame(self, text: str) -> None:
        """Queue a frame in place of one that is still waiting."""
        self._waiting = deque(item for item in self._waiting if not item[0])
        self._waiting.append((True, text))
        self._ready.set()

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close the connection once everything is sent."""
        self._closing = (code, reason)
        self._ready.set()

    @property
    def is_closing(self) -> bool:
        """Whether the server itself ends this connection."""
        return self._closing is not None

    async def deliver(self, socket: ServerConnection) -> None:
        """Send until the connection ends; this runs as a task next to the one that reads."""
        try:
            while True:
                await self._ready.wait()
                self._ready.clear()
                while self._waiting:
                    await socket.send(self._waiting.popleft()[1])
                if self._closing:
                    await socket.close(*self._closing)
                    return
        except ConnectionClosed:
            return


class Room:
    """The server's only trial, which belongs to the first participant who says hello."""

    def __init__(
        self, settings: Settings, recorder: Recorder, make_trial: Callable[[Participant], Trial]
    ) -> None:
        self._settings, self._recorder, self._make_trial = settings, recorder, make_trial
        self._outboxes: set[Outbox] = set()
        self._participant: Participant | None = None
        self._trial: Trial | None = None
        self._playing: asyncio.Task[None] | None = None
        self._connections = 0
        self._stopping = self._over = False

    async def handle(self, socket: ServerConnection) -> None:
        """Serve a connection from its hello to its end."""
        outbox = Outbox()
        sender = asyncio.create_task(outbox.deliver(socket))
        self._connections += 1
        try:
            if self._connections > MAX_CONNECTIONS:
                self._refuse(outbox, "The game is open in too many windows. Close one of them.", FULL)
            elif await self._admit(socket, outbox):
                await self._listen(socket, outbox)
        except ConnectionClosed:
            LOG.info("connection lost")
        finally:
            self._connections -= 1
            self._leave(outbox)
            if not outbox.is_closing:
                sender.cancel()
            await asyncio.wait([sender])

    async def stop(self, timeout: float) -> None:
        """End the game and save it; a step in progress gets `timeout` seconds."""
        self._stopping = True
        if self._playing:
            await asyncio.wait([self._playing], timeout=timeout)
        if self._trial:
            self._trial.save()
        for outbox in self._outboxes:
            outbox.close(GOING_AWAY, "the server is stopping")

    async def _admit(self, socket: ServerConnection, outbox: Outbox) -> bool:
        try:
            hello = await asyncio.wait_for(self._read_hello(socket, outbox), HELLO_SECONDS)
        except TimeoutError:
            self._refuse(outbox, "No message with a userId arrived. Connect again and send it first.")
            return False
        project_id = self._settings.project_id or hello.project_id
        if project_id is None or hello.project_id not in (None, project_id):
            self._refuse(outbox, "This server does not serve that projectId.")
            return False
        participant = Participant(hello.user_id, project_id, self._settings.group)
        owner = self._settings.user_id or (self._participant and self._participant.user_id)
        if owner not in (None, participant.user_id):
            self._refuse(outbox, "This server belongs to another participant.")
            return False
        self._join(participant, outbox)
        return True

    async def _read_hello(self, socket: ServerConnection, outbox: Outbox) -> Hello:
        while True:
            try:
                message = parse_message(await socket.recv())
            except ProtocolError as error:
                outbox.put(format_error(str(error)))
                continue
            if isinstance(message, Hello):
                return message
            outbox.put(format_error("Send your userId and projectId first."))

    def _join(self, participant: Participant, outbox: Outbox) -> None:
        trial = self._settings.trial
        outbox.put(format_interface(trial.ui, trial.instructions))
        if self._over:
            outbox.put(DONE)
            outbox.close()
            return
        self._outboxes.add(outbox)
        if self._trial is None:
            self._participant = participant
            self._trial = self._make_trial(participant)
            self._playing = asyncio.create_task(self._play(self._trial))
            LOG.info("trial begun: %s", participant)
        self._trial.receive(Presence.BACK)

    def _leave(self, outbox: Outbox) -> None:
        self._outboxes.discard(outbox)
        if self._trial and not self._outboxes:
            self._trial.receive(Presence.AWAY)

    async def _listen(self, socket: ServerConnection, outbox: Outbox) -> None:
        async for text in socket:
            try:
                message = parse_message(text)
            except ProtocolError as error:
                outbox.put(format_error(str(error)))
                continue
            if self._trial and message and not isinstance(message, Hello):
                self._trial.receive(message)

    def _refuse(self, outbox: Outbox, reason: str, code: int = REFUSED) -> None:
        outbox.put(format_error(reason))
        outbox.close(code, reason)

    async def _play(self, trial: Trial) -> None:
        try:
            await self._tick_until_over(trial)
        except Exception:
            LOG.exception("the game failed")
            self._send_to_all(
                format_error("The game has ended because of an error. You can continue with the study.")
            )
        trial.save()
        if self._stopping:
            return
        # The data is usually stored before the participant continues and the server is stopped.
        await asyncio.to_thread(self._recorder.flush, STORED_BEFORE_DONE_SECONDS)
        self._over = True
        LOG.info("trial over: %s", self._participant)
        self._send_to_all(DONE)
        for outbox in self._outboxes:
            outbox.close()

    async def _tick_until_over(self, trial: Trial) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not (trial.finished or self._stopping):
            # A tick runs in a thread, so that a slow environment does not delay the connections.
            frame = await asyncio.to_thread(trial.tick)
            if frame:
                text = json.dumps(frame)
                for outbox in self._outboxes:
                    outbox.put_frame(text)
            due = max(due + 1 / trial.frame_rate, loop.time() - 1)
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _send_to_all(self, text: str) -> None:
        for outbox in self._outboxes:
            outbox.put(text)
