"""SNS stop topic: take a participant's server down."""

import logging
import os
from typing import Any

from hippo.clock import SystemClock
from hippo.messages import read_notifications, read_stop
from hippo.runs import handle_messages, read_run
from hippo.settings import StopServerSettings, read_settings
from hippo.stop_wiring import make_server_stop

logger = logging.getLogger(__name__)
CLOCK = SystemClock()
MARGIN_SECONDS = 10.0  # to give the record back before Lambda ends the invocation


def lambda_handler(event: dict[str, Any], context: Any) -> None:
    """Raises when anything is left, so that Lambda retries; the shutdown rule stays armed meanwhile."""
    settings = read_settings(StopServerSettings, os.environ)
    server_stop = make_server_stop(settings, read_run(context, CLOCK, MARGIN_SECONDS), CLOCK)
    messages = (read_stop(body, sent_at) for body, _, sent_at in read_notifications(event, CLOCK.now()))
    handle_messages(messages, server_stop.stop, logger)
