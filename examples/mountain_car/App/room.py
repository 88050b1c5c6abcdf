"""The connections of one participant, who sees and can steer the game in each of them."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from entrance import Entrance
from game import Participant, Presence, Trial
from recorder import Recorder
from settings import Settings
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from hippo_game.idle import IdleWatch
from hippo_game.messages import Hello, Message
from hippo_game.protocol import Client
from hippo_game.tickets import Ticket

LOG = logging.getLogger("room")
HELLO_SECONDS = 30
# Known clients say hello first. Others may begin with reports of their window or mouse.
MAX_BEFORE_HELLO = 20
STORED_BEFORE_DONE_SECONDS = 3
MAX_CONNECTIONS = 8
MAX_WAITING = 100
NORMAL, GOING_AWAY, REFUSED, FULL = 1000, 1001, 1008, 1013


class NoHelloError(Exception):
    """A client that keeps sending messages without saying who it is."""


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


@dataclass(eq=False)
class Connection:
    """One window of the participant: how to talk to its client, and what waits to be sent to it."""

    client: Client
    outbox: Outbox = field(default_factory=Outbox)

    def read(self, text: str | bytes) -> tuple[Message, ...]:
        """Return what a message says; the client gets an error for each part that is not understood."""
        reading = self.client.read(text)
        for error in reading.errors:
            self.report(error)
        return reading.messages

    def report(self, error: str) -> None:
        """Send an error."""
        self.outbox.put(self.client.format_error(error))

    def refuse(self, reason: str, code: int) -> None:
        """Send an error, and close the connection."""
        self.report(reason)
        self.outbox.close(code, reason)

    def end(self) -> None:
        """Say that the game is over, and close the connection."""
        for text in self.client.format_end():
            self.outbox.put(text)
        self.outbox.close()


class Room:
    """The server's only trial: the one of the participant for whom the platform has started the server.

    Without a key of the platform, it belongs to the first participant who says hello.
    """

    def __init__(
        self,
        settings: Settings,
        recorder: Recorder,
        make_trial: Callable[[Participant], Trial],
        entrance: Entrance,
        idle_watch: IdleWatch,
    ) -> None:
        self._settings, self._recorder, self._make_trial = settings, recorder, make_trial
        self._entrance, self._idle_watch = entrance, idle_watch
        self._connections: set[Connection] = set()
        self._participant: Participant | None = None
        self._trial: Trial | None = None
        self._playing: asyncio.Task[None] | None = None
        self._counted: set[Connection] = set()
        self._stopping = self._over = False

    async def handle(self, socket: ServerConnection) -> None:
        """Serve a connection from its hello to its end."""
        trial = self._settings.trial
        connection = Connection(Client(trial.ui, trial.instructions))
        sender = asyncio.create_task(connection.outbox.deliver(socket))
        is_stranger = self._entrance.is_guarded and self._entrance.find_ticket(socket) is None
        try:
            if (is_stranger or self._count(connection)) and await self._admit(socket, connection):
                async for text in socket:
                    self._take(connection.read(text), connection)
        except ConnectionClosed:
            if connection in self._connections:  # strangers must not be able to fill the log
                LOG.info("connection lost")
        finally:
            self._counted.discard(connection)
            self._leave(connection)
            if not connection.outbox.is_closing:
                sender.cancel()
            await asyncio.wait([sender])

    @property
    def is_over(self) -> bool:
        """Whether the trial has been played to its end."""
        return self._over

    async def stop(self, timeout: float) -> None:
        """End the game and save it; a step in progress gets `timeout` seconds."""
        self._stopping = True
        if self._playing:
            await asyncio.wait([self._playing], timeout=timeout)
        if self._trial:
            self._trial.save()
        for connection in self._connections:
            connection.outbox.close(GOING_AWAY, "the server is stopping")

    def _count(self, connection: Connection) -> bool:
        """Count a connection of the participant; refuse it if they have too many."""
        self._counted.add(connection)
        if len(self._counted) <= MAX_CONNECTIONS:
            return True
        connection.refuse("The game is open in too many windows. Close one of them.", FULL)
        return False

    async def _admit(self, socket: ServerConnection, connection: Connection) -> bool:
        ticket = self._entrance.find_ticket(socket)
        try:
            hello, others = await asyncio.wait_for(
                self._read_hello(socket, connection, ticket), HELLO_SECONDS
            )
        except (TimeoutError, NoHelloError):
            connection.refuse("No message with a userId arrived. Connect again and send it first.", REFUSED)
            return False
        project_id = self._settings.project_id or hello.project_id
        if project_id is None or hello.project_id not in (None, project_id):
            connection.refuse("This server does not serve that projectId.", REFUSED)
            return False
        participant = Participant(hello.user_id, project_id, ticket.group if ticket else self._settings.group)
        owner = self._settings.user_id or (self._participant and self._participant.user_id)
        if owner not in (None, participant.user_id):
            connection.refuse("This server belongs to another participant.", REFUSED)
            return False
        self._entrance.recognise(socket)
        if connection not in self._counted and not self._count(connection):
            return False
        self._join(participant, connection)
        self._take(others, connection)
        return True

    async def _read_hello(
        self, socket: ServerConnection, connection: Connection, ticket: Ticket | None
    ) -> tuple[Hello, tuple[Message, ...]]:
        """Return who the client is, and what else its first message says.

        A ticket decides who it is. A hello is still checked: a client that takes itself for another
        participant is refused. Raises NoHelloError after too many other messages without a ticket.
        """
        for _ in count() if ticket else range(MAX_BEFORE_HELLO):
            messages = connection.read(await socket.recv())
            if messages and isinstance(messages[0], Hello):
                return messages[0], messages[1:]
            if messages and ticket:
                return Hello(ticket.user_id, ticket.project_id), messages
            if messages:
                connection.report("Send your userId and projectId first.")
        raise NoHelloError

    def _join(self, participant: Participant, connection: Connection) -> None:
        connection.outbox.put(connection.client.format_interface())
        if self._over:
            connection.end()
            return
        self._connections.add(connection)
        self._idle_watch.join(connection)
        if self._trial is None:
            self._participant = participant
            self._trial = self._make_trial(participant)
            self._playing = asyncio.create_task(self._play(self._trial))
            LOG.info("trial begun: %s", participant)
        self._trial.receive(Presence.BACK)

    def _leave(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._idle_watch.leave(connection)
        if self._trial and not self._connections:
            self._trial.receive(Presence.AWAY)

    def _take(self, messages: Iterable[Message], connection: Connection) -> None:
        """Pass messages on to the trial, up to a hello of another participant."""
        for message in messages:
            if isinstance(message, Hello):
                if not self._is_ours(message):
                    connection.report("This connection belongs to another participant or project.")
                    return
            elif self._trial and (refusal := self._trial.receive(message)):
                connection.report(refusal)

    def _is_ours(self, hello: Hello) -> bool:
        ours = self._participant
        return ours is not None and hello in (
            Hello(ours.user_id, None),
            Hello(ours.user_id, ours.project_id),
        )

    async def _play(self, trial: Trial) -> None:
        try:
            await self._tick_until_over(trial)
        except Exception:
            LOG.exception("the game failed")
            for connection in self._connections:
                connection.report("The game has ended because of an error. You can continue with the study.")
        trial.save()
        if self._stopping:
            return
        # The data is usually stored before the participant continues and the server is stopped.
        await asyncio.to_thread(self._recorder.flush, STORED_BEFORE_DONE_SECONDS)
        self._over = True
        LOG.info("trial over: %s", self._participant)
        for connection in self._connections:
            connection.end()

    async def _tick_until_over(self, trial: Trial) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not (trial.finished or self._stopping):
            # A tick runs in a thread, so that a slow environment does not delay the connections.
            frame = await asyncio.to_thread(trial.tick)
            if frame:
                for connection in self._connections:
                    connection.outbox.put_frame(connection.client.format_frame(frame))
            due = max(due + 1 / trial.frame_rate, loop.time() - 1)
            await asyncio.sleep(max(0.0, due - loop.time()))
