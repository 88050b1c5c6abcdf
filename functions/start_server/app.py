"""SNS start topic: bring up a participant's server."""

import logging
import os
from typing import Any

from hippo.clock import SystemClock
from hippo.invocation import handle_messages, read_invocation
from hippo.records.messages import read_notifications, read_start
from hippo.servers.start_wiring import make_server_start
from hippo.settings import StartServerSettings, read_settings

logger = logging.getLogger(__name__)
CLOCK = SystemClock()
MARGIN_SECONDS = 10.0  # to release the record before Lambda ends the invocation


def lambda_handler(event: dict[str, Any], context: Any) -> None:
    """Bring the server up; raise if a later try may succeed. Lambda retries, then dead-letters the event."""
    settings = read_settings(StartServerSettings, os.environ)
    server_start = make_server_start(settings, read_invocation(context, CLOCK, MARGIN_SECONDS), CLOCK)
    messages = (
        read_start(body, message_id, sent_at, settings.reserved_names)
        for body, message_id, sent_at in read_notifications(event, CLOCK.now())
    )
    handle_messages(messages, server_start.start, logger)
