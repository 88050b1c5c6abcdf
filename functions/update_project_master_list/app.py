"""Direct invocation by the researcher's tool: add or replace one project in the master list, or close it."""

import logging
import os
from functools import cache
from typing import Any

from hippo.aws.clients import make_client
from hippo.aws.s3 import ObjectStore
from hippo.aws.site_bucket import SiteBucket
from hippo.clock import SystemClock
from hippo.errors import BadRequestError, TransientError
from hippo.media import MediaPublisher
from hippo.project_config import check_config
from hippo.project_switch import is_switch, switch
from hippo.publications import form_warnings, freeze_version, list_project, read_expected
from hippo.settings import UpdateListSettings, read_settings

logger = logging.getLogger(__name__)
CLOCK = SystemClock()


@cache
def make_buckets() -> dict[str, ObjectStore]:
    """The stores by bucket, the stack's own first."""
    settings = read_settings(UpdateListSettings, os.environ)
    names = (settings.bucket, *settings.extra_buckets)
    return {name: ObjectStore(make_client("s3", patient=True), name) for name in names}


@cache
def make_media() -> MediaPublisher:
    """Where what pages refer to is published: on the deployment's site, if it has one."""
    settings = read_settings(UpdateListSettings, os.environ)
    site = SiteBucket(make_client("s3", patient=True), settings.site_bucket)
    return MediaPublisher(site, settings.site_url)


def lambda_handler(event: Any, _context: Any) -> dict[str, Any]:
    """`{"statusCode": 200, "body": warnings, "version"}`, or 400 and all that is wrong, a line each."""
    buckets = make_buckets()
    own = next(iter(buckets))
    if is_switch(event):
        return switch(buckets[own], event, CLOCK)
    errors, warnings = check_config(event, tuple(buckets))
    if errors:
        return {"statusCode": 400, "body": "\n".join(errors + form_warnings(warnings))}
    config = {key: value for key, value in event.items() if key not in ("version", "files")}
    try:
        store = buckets[config.get("bucket") or own]
        version, missing = freeze_version(store, config, make_media(), read_expected(event))
        list_project(buckets[own], {**config, "version": version}, CLOCK)
    except BadRequestError as error:
        return {"statusCode": 400, "body": "\n".join([str(error), *form_warnings(warnings)])}
    except TransientError as error:
        logger.error("not published", extra={"projectId": config["id"], "why": str(error)[:300]})
        return {"statusCode": 400, "body": f"not published: {error}"}
    logger.info("published", extra={"projectId": config["id"], "version": version})
    return {"statusCode": 200, "body": "\n".join(form_warnings(warnings + missing)), "version": version}
