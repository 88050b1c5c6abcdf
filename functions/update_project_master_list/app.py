"""Direct invocation by the researcher's tool: add, replace, close or delete a project in the list."""

import logging
import os
from functools import cache
from typing import Any

from hippo.aws.clients import make_client
from hippo.aws.s3 import ObjectStore
from hippo.aws.site_bucket import SiteBucket
from hippo.clock import SystemClock
from hippo.errors import BadRequestError, TransientError
from hippo.settings import UpdateListSettings, read_settings
from hippo.studies import publishing, switching
from hippo.studies.config_check import check_config
from hippo.studies.media import MediaPublisher

logger = logging.getLogger(__name__)
CLOCK = SystemClock()


@cache
def read_own_settings() -> UpdateListSettings:
    """Return the function's settings."""
    return read_settings(UpdateListSettings, os.environ)


@cache
def make_buckets() -> dict[str, ObjectStore]:
    """Return the stores by bucket."""
    return {name: ObjectStore(make_client("s3", patient=True), name) for name in read_own_settings().buckets}


@cache
def make_media() -> MediaPublisher:
    """Return the publisher of the files that pages refer to, on the deployment's site if it has one."""
    site = SiteBucket(make_client("s3", patient=True), read_own_settings().site_bucket)
    return MediaPublisher(site, read_own_settings().site_url)


def lambda_handler(event: Any, _context: Any) -> dict[str, Any]:
    """Return `{"statusCode": 200, "body": warnings, "version"}`, or 400 and every error, one per line."""
    buckets = make_buckets()
    own = buckets[read_own_settings().bucket]
    if switching.is_switch(event):
        return switching.switch(own, event, CLOCK)
    errors, warnings = check_config(event, tuple(buckets), CLOCK.now(), read_own_settings().task_rules)
    if errors:
        return publishing.build_refusal(*errors, warnings=warnings)
    try:
        version, missing = publishing.publish(own, buckets, event, make_media, CLOCK)
    except BadRequestError as error:
        return publishing.build_refusal(str(error), warnings=warnings)
    except TransientError as error:
        logger.error("not published", extra={"projectId": event["id"], "why": str(error)[:300]})
        return publishing.build_refusal(f"not published: {error}")
    logger.info("published", extra={"projectId": event["id"], "version": version})
    body = "\n".join(publishing.format_warnings(warnings + missing))
    return {"statusCode": 200, "body": body, "version": version}
