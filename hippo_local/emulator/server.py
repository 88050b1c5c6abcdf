"""The emulator's server: MiniStack with every gap closed, and the end of everything that it started."""

import asyncio
import logging
import os
import signal
import socket
import tempfile

from hippo_local.emulator import eventbridge, gate, route53, s3, sns
from hippo_local.emulator.apigateway import compression, requests, responses
from hippo_local.emulator.apigateway import validation as api_validation
from hippo_local.emulator.cloudformation import conditions, stack_deletions, stacks
from hippo_local.emulator.ecs import events as ecs_events
from hippo_local.emulator.ecs import network_interfaces, tasks
from hippo_local.emulator.ecs import validation as ecs_validation
from hippo_local.emulator.faults import api_calls, dropped_connections
from hippo_local.emulator.faults import functions as function_faults
from hippo_local.emulator.faults import tasks as task_faults
from hippo_local.emulator.faults.control_file import FaultRegistry
from hippo_local.emulator.guardian import Guardian
from hippo_local.emulator.iam import authorization, decision_log, policy_variables, root_keys
from hippo_local.emulator.lambda_ import async_invocations, updates, workers
from hippo_local.emulator.ministack import EmulatorMismatchError, load
from hippo_local.emulator.settings import Settings

_log = logging.getLogger("hippo_local.emulator")

# How long tasks have to end by themselves when the whole platform stops.
_SHUTDOWN_GRACE = 3.0


class CannotStartError(RuntimeError):
    """The emulator cannot start; the message says why and what to do, in one line."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then stop every task and Lambda worker. Raises CannotStartError."""
    listener = _listen(settings.port)
    guardian = Guardian(_make_temporary_directory())
    try:
        _install(settings, guardian)
        asyncio.run(_serve_until_signal(listener))
    except EmulatorMismatchError as error:
        raise CannotStartError(str(error)) from error
    finally:
        _stop_everything(guardian)
    # Threads of MiniStack may still wait for an invocation that has just been killed, so do not join them.
    logging.shutdown()
    os._exit(0)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise CannotStartError(
            f"cannot listen on port {port} of 127.0.0.1 ({error.strerror}). "
            "Stop the program that uses it, or choose another --port"
        ) from error
    return listener


def _make_temporary_directory() -> str:
    """Create a directory for temporary files of the emulator, its workers and its tasks."""
    directory = tempfile.mkdtemp(prefix="hippo-emulator-")
    os.environ["TMPDIR"] = tempfile.tempdir = directory
    return directory


def _install(settings: Settings, guardian: Guardian) -> None:
    registry = FaultRegistry(settings.faults)
    task_fault_control = task_faults.TaskFaults(registry)
    tasks.install(settings, guardian, task_fault_control)
    ecs_validation.install()
    task_faults.install(task_fault_control)
    network_interfaces.install()
    eventbridge.install()
    ecs_events.install()
    async_invocations.install(settings)
    sns.install()
    workers.install(settings, guardian)
    updates.install()
    function_faults.install(registry)
    responses.install()
    requests.install()
    compression.install()
    api_validation.install()
    conditions.install()
    stacks.install()
    stack_deletions.install()
    route53.install()
    root_keys.install(settings.keys)
    authorization.install()
    policy_variables.install()
    decision_log.install(settings.permissions)
    s3.install()
    api_calls.install(registry)
    dropped_connections.install()


async def _serve_until_signal(listener: socket.socket) -> None:
    from hypercorn.asyncio import serve as serve_asgi
    from hypercorn.config import Config

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.errorlog = logging.getLogger("hypercorn.error")
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.shutdown_timeout = 2
    # Header names must reach a function in the case in which the client wrote them.
    config.h11_pass_raw_headers = True
    application = requests.keep_header_names(gate.close(load("app").app))
    application = dropped_connections.drop_connections(application)
    _log.info("process %d serves", os.getpid())

    async def wait_for_signal() -> None:
        await ended.wait()
        # In a thread: a stopping task may still write its data through this process.
        await asyncio.to_thread(_end_children)

    await serve_asgi(application, config, shutdown_trigger=wait_for_signal)


def _end_children() -> None:
    tasks.stop_all(grace=_SHUTDOWN_GRACE)
    load("core.lambda_runtime").reset()


def _stop_everything(guardian: Guardian) -> None:
    # Once more: a request served in the meantime may have started another task.
    _end_children()
    guardian.close()
