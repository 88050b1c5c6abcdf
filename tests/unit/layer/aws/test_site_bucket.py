"""The site's bucket: every refusal names the object, and a copy is of the object as listed."""

from collections.abc import Callable
from typing import Any

import pytest

from hippo.aws.s3 import ListedObject
from hippo.aws.site_bucket import SiteBucket
from hippo.errors import AwsError
from tests.unit.layer.aws.calls import CLIENTS

SOURCE = ListedObject("p/_media/car.png", 3, '"e"')


@pytest.mark.parametrize(
    ("operation", "act", "named"),
    [
        ("put_object", lambda bucket: bucket.put("main.js", b"", "text/javascript", "no-cache"), "main.js"),
        ("delete_object", lambda bucket: bucket.delete("old.js"), "old.js"),
        (
            "copy_object",
            lambda bucket: bucket.copy("data", SOURCE, "media/p/0.png", "image/png", ""),
            "car.png",
        ),
        ("list_objects_v2", lambda bucket: list(bucket.list_tree("media/")), "ListObjectsV2"),
    ],
)
def test_refusals_are_the_projects_own_errors(
    stub: Callable[..., None], operation: str, act: Callable[[SiteBucket], Any], named: str
) -> None:
    """Given AccessDenied, the AwsError names the operation, and the object if there is one."""
    stub("s3", operation, "AccessDenied", 403)

    with pytest.raises(AwsError, match=named) as caught:
        act(SiteBucket(CLIENTS["s3"], "site"))
    assert caught.value.code == "AccessDenied"
