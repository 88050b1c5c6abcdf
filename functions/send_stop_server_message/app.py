"""API GET /stop: publish a stop message, for now or for a number of minutes later."""

import os
from functools import cache
from typing import Any

from hippo.aws.clients import make_client
from hippo.aws.sns import Topic
from hippo.http import HttpRequest, build_response, respond_to
from hippo.ids import parse_user_id
from hippo.records.codes import EndReason
from hippo.records.messages import build_stop, parse_delay
from hippo.settings import SendStopSettings, read_settings


@cache
def make_topic() -> tuple[Topic, SendStopSettings]:
    """Return the stop topic and the settings, created once in each execution environment."""
    settings = read_settings(SendStopSettings, os.environ)
    return Topic(make_client("sns"), settings.stop_server_topic_arn), settings


def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Return 200 with an empty body once the message is published, 400 for bad input, 503 if SNS fails."""

    def work(request: HttpRequest) -> dict[str, Any]:
        topic, settings = make_topic()
        user_id = parse_user_id(request.query.get("userId"), settings.reserved_names)
        delay = parse_delay(request.query.get("delay"))
        topic.publish(build_stop(user_id, delay=delay, reason=EndReason.REQUESTED))
        return build_response(200)

    return respond_to(event, work)
