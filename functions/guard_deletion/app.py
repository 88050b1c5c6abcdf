"""Deletion of the stack: refused while a game server is left that nothing else would stop."""

import logging
import os
from threading import Timer
from typing import Any

from hippo.aws.clients import make_client
from hippo.aws.cloudformation import Stacks
from hippo.aws.custom_resource import Response
from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.functions import FunctionSwitch
from hippo.clock import SystemClock
from hippo.deployment.deletion_guard import DeletionGuard, GuardTools
from hippo.settings import GuardDeletionSettings, read_settings

logger = logging.getLogger(__name__)
CLOCK = SystemClock()
# Kept to send the response to CloudFormation before Lambda ends the function.
_SECONDS_TO_RESPOND = 15


def lambda_handler(event: dict[str, Any], context: Any) -> None:
    """Check the stack at Delete; do nothing at Create and Update. Always respond to CloudFormation."""
    response = Response(event, CLOCK)
    seconds = context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_RESPOND
    watchdog = Timer(
        seconds, response.send, ["Looking for game servers took too long. Delete the stack again."]
    )
    watchdog.daemon = True
    watchdog.start()
    failure = ""
    try:
        if event.get("RequestType") == "Delete":
            failure = make_guard().find_objection(str(event["StackId"]))
    except Exception as error:  # noqa: BLE001 - any error: without a response the stack hangs for an hour
        logger.exception("it is not known whether game servers are left")
        failure = f"Cannot tell whether game servers are left: {type(error).__name__}: {error}"
    watchdog.cancel()
    response.send(failure)


def make_guard() -> DeletionGuard:
    """Return the guard of this stack."""
    settings = read_settings(GuardDeletionSettings, os.environ)
    tools = GuardTools(
        stacks=Stacks(make_client("cloudformation", patient=True)),
        containers=Containers(make_client("ecs", patient=True)),
        rules=ShutdownRules(make_client("events", patient=True), ""),
        starts=FunctionSwitch(make_client("lambda", patient=True), settings.start_server_function),
    )
    return DeletionGuard(tools, settings.prefix, CLOCK)
