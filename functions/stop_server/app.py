"""SNS stop topic: take a participant's server down; sweep; see to servers whose task has ended."""

import logging
import os
from typing import Any

from hippo.clock import SystemClock
from hippo.invocation import handle_messages, read_invocation
from hippo.records.messages import read_notifications
from hippo.servers.stop_wiring import make_stop_topic
from hippo.settings import StopServerSettings, read_settings

logger = logging.getLogger(__name__)
CLOCK = SystemClock()
MARGIN_SECONDS = 10.0  # to give the record back before Lambda ends the invocation


def lambda_handler(event: dict[str, Any], context: Any) -> None:
    """Raises when anything is left, so that Lambda retries; the shutdown rule stays armed meanwhile."""
    settings = read_settings(StopServerSettings, os.environ)
    topic = make_stop_topic(settings, read_invocation(context, CLOCK, MARGIN_SECONDS), CLOCK)
    messages = (topic.read(body, sent_at) for body, _, sent_at in read_notifications(event, CLOCK.now()))
    handle_messages(messages, topic.handle, logger)
