"""S3: missing objects are hidden from callers without s3:ListBucket; tags need a permission and are replaced.

AWS (S3 API reference, GetObject, HeadObject and PutObject, "Permissions"): a key that does not exist is 403
AccessDenied without s3:ListBucket, and 404 NoSuchKey with it. PutObject with tags needs s3:PutObjectTagging
too. An object written without tags has none. MiniStack returns 404 to every caller, checks s3:PutObject only,
and in a bucket without versions keeps an object's old tags. It supports s3:ExistingObjectTag.
"""

from typing import Any

from hippo_local.emulator.ministack import load, patch, require

_actions = load("core.iam_actions")
_evaluator = load("core.iam_evaluator")
_responses = load("core.responses")
_router = load("core.router")
_s3 = load("services.s3")


def install() -> None:
    """Patch MiniStack so that missing objects are hidden and tags are checked and replaced as on AWS."""
    require(_evaluator, "enforce")
    require(_s3, "_buckets", "_object_tags", "object_tags_for_condition")
    require(_actions, "access_denied_response")
    plain = patch(_s3, "handle_request", None)

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        response = await plain(method, path, headers, body, query)
        bucket, _, key = path.lstrip("/").partition("/")
        if response[0] != 404 or method not in ("GET", "HEAD") or not key:
            return response
        return _deny_without_list_bucket(bucket, headers, query) or response

    patch(_s3, "handle_request", handle_request)
    plain_put = patch(_s3, "_put_object", None)

    def put_object(bucket: str, key: str, body: bytes, headers: dict[str, str]) -> Any:
        response = plain_put(bucket, key, body, headers)
        if response[0] == 200 and not headers.get("x-amz-tagging"):
            _s3._object_tags.pop((bucket, key, None), None)
        return response

    patch(_s3, "_put_object", put_object)
    plain_checks = patch(_actions, "s3_additional_checks", None)

    def additional_checks(
        method: str, path: str, headers: dict[str, str], *rest: Any
    ) -> list[tuple[str, str]]:
        checks: list[tuple[str, str]] = plain_checks(method, path, headers, *rest)
        if method == "PUT" and headers.get("x-amz-tagging"):
            checks = [*checks, ("s3:PutObjectTagging", f"arn:aws:s3:::{path.lstrip('/')}")]
        return checks

    patch(_actions, "s3_additional_checks", additional_checks)


def _deny_without_list_bucket(bucket: str, headers: dict[str, str], query: Any) -> Any:
    arn = f"arn:aws:s3:::{bucket}"
    if bucket not in _s3._buckets:
        return None
    caller = _router.extract_access_key_id(headers, query)
    denied = _evaluator.enforce(caller, "s3:ListBucket", "s3", _responses.get_region(), resource_arn=arn)
    if not denied:
        return None
    return _actions.access_denied_response(
        "s3",
        "s3:ListBucket",
        getattr(denied, "principal_arn", ""),
        _responses.new_uuid(),
        headers=headers,
        resource_arn=arn,
    )
