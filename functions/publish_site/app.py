"""Creation and update of the stack: puts the participant's page into the bucket that CloudFront serves."""

import logging
import os
from pathlib import Path
from threading import Timer
from typing import Any

from hippo.aws.clients import make_client
from hippo.aws.custom_resource import Response
from hippo.aws.site_bucket import SiteBucket
from hippo.clock import SystemClock
from hippo.deployment.site import build_config, find_page_files, publish_page
from hippo.settings import PublishSiteSettings, read_settings

logger = logging.getLogger(__name__)
CLOCK = SystemClock()
# Kept to send the response to CloudFormation before Lambda ends the function.
_SECONDS_TO_RESPOND = 15


def lambda_handler(event: dict[str, Any], context: Any) -> None:
    """Publish at Create and Update; change nothing at Delete. Always respond to CloudFormation."""
    response = Response(event, CLOCK)
    seconds = context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_RESPOND
    watchdog = Timer(seconds, response.send, ["Publishing the page took too long. Deploy again."])
    watchdog.daemon = True
    watchdog.start()
    failure = ""
    try:
        if event.get("RequestType") != "Delete":
            publish(event["ResourceProperties"])
    except Exception as error:  # noqa: BLE001 - any error: without a response the stack hangs for an hour
        logger.exception("the page is not published")
        failure = f"The page was not published: {type(error).__name__}: {error}"
    watchdog.cancel()
    response.send(failure)


def publish(properties: dict[str, str]) -> None:
    """Put the page into the bucket; its config.json has `NextUrl` and `PagesUrl` (may be empty)."""
    settings = read_settings(PublishSiteSettings, os.environ)
    page = find_page_files(Path(settings.site_folder))
    config = build_config(properties["NextUrl"], properties.get("PagesUrl", ""))
    bucket = SiteBucket(make_client("s3", patient=True), settings.site_bucket)
    publish_page(bucket, page, config, lambda key: logger.info("removed", extra={"key": key}))
    logger.info("published", extra={"files": len(page)})
