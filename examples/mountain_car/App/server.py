"""The game server of one participant: `python server.py`, which SIGTERM stops."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable

from entrance import Entrance
from environment import Environment
from game import Participant, Trial
from opening import CLOSE_SECONDS, OPEN_SECONDS
from recorder import FolderStore, Recorder, S3Store
from room import Room
from settings import Settings, SettingsError, read_settings
from tls import make_tls
from websockets.asyncio.server import Server, serve

from hippo_game import idle

LOG = logging.getLogger("server")
# ECS kills the task 30 s after SIGTERM: time to end the step, write the data, and close the connections
# (CLOSE_SECONDS).
STEP_SECONDS, WRITE_SECONDS = 3, 20
IDLE_WRITE_SECONDS = 300  # no participant waits for a server that ends because no player is there
# A message larger than the protocol allows gets an error. A larger one closes the connection with 1009.
MAX_READ_BYTES = 64 * 1024
MAX_UNREAD = 4  # messages of one connection; then its client has to wait


def make_recorder(settings: Settings) -> Recorder:
    """Return a recorder that writes to the bucket or, if none is set, to the data folder."""
    folder = FolderStore(settings.data_folder)
    if settings.bucket:
        LOG.info("writing episodes to the bucket %s", settings.bucket)
        return Recorder(S3Store(settings.bucket), rescue=folder)
    path = settings.data_folder.resolve()
    LOG.warning("no BUCKET is set, or s3upload is false: writing episodes to the folder %s", path)
    return Recorder(folder)


async def run_server(
    settings: Settings,
    recorder: Recorder,
    stop: asyncio.Event,
    on_ready: Callable[[Server], None] = lambda server: None,
) -> int:
    """Serve until `stop` is set or no player is left, then write the remaining data; return the exit code.

    `on_ready` gets the listening server.
    """
    tls = make_tls(settings)
    if tls:
        await tls.begin(stop)
        if stop.is_set():
            return 0
    environment = Environment(settings.trial)

    def make_trial(participant: Participant) -> Trial:
        return Trial(settings.trial, participant, environment, recorder)

    entrance = Entrance(settings.tickets, tls.context if tls else None)
    idle_watch = idle.IdleWatch(settings.idle_minutes)
    room = Room(settings, recorder, make_trial, entrance, idle_watch)
    async with serve(
        room.handle,
        settings.host,
        settings.port,
        process_request=entrance.check,
        create_connection=entrance.make_connection_type(),
        compression=None,
        max_size=MAX_READ_BYTES,
        max_queue=MAX_UNREAD,
        open_timeout=OPEN_SECONDS,
        close_timeout=CLOSE_SECONDS,
    ) as server:
        LOG.info("listening on port %d, TLS %s", settings.port, "on" if tls else "off")
        on_ready(server)
        # In a task of its own: a network that hangs must not use up the time for writing at the end.
        watch = asyncio.create_task(tls.keep_fresh(stop, settings.certificate_check_seconds)) if tls else None
        is_idle = await wait_for_end(stop, idle_watch)
        LOG.info("stopping%s", ": no player is connected" if is_idle else "")
        await room.stop(STEP_SECONDS)
        await asyncio.to_thread(recorder.close, IDLE_WRITE_SECONDS if is_idle else WRITE_SECONDS)
        if watch:
            watch.cancel()
        entrance.close()
    environment.close()
    # After the trial has ended no participant needs another server.
    return idle.EXIT_CODE if is_idle and not room.is_over else 0


async def wait_for_end(stop: asyncio.Event, idle_watch: idle.IdleWatch) -> bool:
    """Wait until `stop` is set, or no player has been connected for long; return whether it is the latter."""
    tasks = [asyncio.create_task(stop.wait()), asyncio.create_task(idle_watch.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    return not stop.is_set()


async def serve_until_signal(settings: Settings) -> int:
    """Run the server until SIGTERM, SIGINT or no player is left; return the exit code."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await run_server(settings, make_recorder(settings), stop)


def main() -> int:
    """Read the settings and serve; return the exit code, 2 if a setting is wrong or the port is in use."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # A check of the open port connects and sends nothing, which is not an error worth a stack trace.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(serve_until_signal(read_settings()))
    except SettingsError as error:
        LOG.error("%s", error)
        return 2
    except OSError as error:
        LOG.error("PORT: cannot listen (%s). Stop the other program or set another PORT.", error)
        return 2


if __name__ == "__main__":
    sys.exit(main())
