"""API GET /start: publish a start message."""

import os
from functools import cache
from typing import Any

from hippo.aws.clients import make_client
from hippo.aws.sns import Topic
from hippo.http import HttpRequest, build_response, respond_to
from hippo.ids import parse_project_id, parse_user_id
from hippo.records.codes import HostChoice
from hippo.records.messages import build_start
from hippo.settings import SendStartSettings, read_settings


@cache
def make_topic() -> tuple[Topic, SendStartSettings]:
    """Return the start topic and the settings, created once in each execution environment."""
    settings = read_settings(SendStartSettings, os.environ)
    return Topic(make_client("sns"), settings.start_server_topic_arn), settings


def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Return 200 with an empty body once the message is published, 400 for bad ids, 503 if SNS fails."""

    def work(request: HttpRequest) -> dict[str, Any]:
        topic, settings = make_topic()
        project_id = parse_project_id(request.query.get("projectId"))
        user_id = parse_user_id(request.query.get("userId"), settings.reserved_names)
        # If anyone may call, a stranger may have chosen the id.
        host = HostChoice.DERIVED if settings.control_authorization == "NONE" else ""
        topic.publish(build_start(project_id, user_id, host=host))
        return build_response(200)

    return respond_to(event, work)
