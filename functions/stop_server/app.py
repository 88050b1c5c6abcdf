"""SNS stop topic: tear down a participant's server, sweep, and handle task exits."""

import logging
import os
from typing import Any

from hippo.clock import SystemClock
from hippo.invocation import handle_messages, read_invocation
from hippo.records.messages import read_notifications
from hippo.servers.stop_wiring import make_stop_dispatcher
from hippo.settings import StopServerSettings, read_settings

logger = logging.getLogger(__name__)
CLOCK = SystemClock()
MARGIN_SECONDS = 10.0  # to release the record before Lambda ends the invocation


def lambda_handler(event: dict[str, Any], context: Any) -> None:
    """Handle the message; raise if anything is left. Lambda then retries, and the rule stays armed."""
    settings = read_settings(StopServerSettings, os.environ)
    dispatcher = make_stop_dispatcher(settings, read_invocation(context, CLOCK, MARGIN_SECONDS), CLOCK)
    messages = (dispatcher.read(body, sent_at) for body, _, sent_at in read_notifications(event, CLOCK.now()))
    handle_messages(messages, dispatcher.handle, logger)
