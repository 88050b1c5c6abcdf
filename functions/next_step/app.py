"""API GET/POST /next: the page of the participant's step."""

import os
from functools import cache
from itertools import count
from typing import Any

from hippo import metrics
from hippo.aws.clients import ClientOnDemand, make_client
from hippo.aws.route53 import HostNames
from hippo.aws.s3 import ObjectStore
from hippo.aws.sns import Topic
from hippo.clock import SystemClock
from hippo.http import HttpRequest, build_response, respond_to
from hippo.invocation import read_deadline, retry_until
from hippo.journey.controller import StudyController
from hippo.records.server import ResourceNames, ServerStore
from hippo.settings import NextStepSettings, read_settings
from hippo.studies.catalogue import Catalogue

# The front end cannot use a 5xx, so faults are retried while one more call that hangs fits (aws/clients.py).
MARGIN_SECONDS = 10.0
CLOCK = SystemClock()


@cache
def make_controller() -> StudyController:
    """Return the controller of studies, created once in each execution environment."""
    settings = read_settings(NextStepSettings, os.environ)
    metrics.name_stack(settings.prefix)
    buckets = (settings.bucket, *settings.extra_buckets)
    return StudyController(
        settings,
        Catalogue(make_store, buckets, CLOCK, settings.project_cache_seconds),
        ServerStore(make_store(settings.bucket), ResourceNames(settings.prefix, settings.root_domain)),
        Topic(ClientOnDemand("sns"), settings.start_server_topic_arn),
        Topic(ClientOnDemand("sns"), settings.stop_server_topic_arn),
        lambda: HostNames(make_client("route53"), settings.hosted_zone_id),
        CLOCK,
    )


@cache
def make_store(bucket: str) -> ObjectStore:
    """Return the store of a bucket."""
    return ObjectStore(make_client("s3"), bucket)


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return 200 with the page, 400 with what is wrong, or 503 when AWS stays unavailable."""
    controller = make_controller()
    deadline = read_deadline(context, CLOCK.now(), MARGIN_SECONDS, otherwise=10)

    def work(request: HttpRequest) -> dict[str, Any]:
        tries = count()
        content = retry_until(deadline, CLOCK, lambda: controller.respond(request, again=next(tries) > 0))
        return build_response(200, content)

    return respond_to(event, work)
