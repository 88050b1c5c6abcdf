"""IAM: the signature of a request, by any key of this run.

AWS (IAM user guide, "AWS Signature Version 4 for API requests") refuses every request whose signature does
not fit. MiniStack checks neither root's signatures, nor unsigned requests to S3, nor requests that it serves
before it looks at the caller.
"""

from dataclasses import dataclass
from typing import Any

from hippo_local.emulator.ministack import load, require

_ALGORITHM = "AWS4-HMAC-SHA256"

_app = load("app")
_evaluator = load("core.iam_evaluator")
_responses = load("core.responses")
_router = load("core.router")
_s3 = load("services.s3")

# (status, headers, body)
Response = tuple[int, dict[str, str], bytes]


def check_installation() -> None:
    """Raise EmulatorMismatchError unless MiniStack has what this module builds on."""
    require(_app, "_credential_failure")
    require(
        _evaluator, "AuthError", "SignedRequest", "_s3_presigned_query", "_signed_request", "authenticate"
    )
    require(_router, "detect_service", "extract_access_key_id")
    require(_s3, "_verify_presigned_sigv4")


@dataclass(frozen=True)
class Request:
    """A request as it arrived: `path` decoded, `raw_path` not; headers in lower case, queries as lists."""

    method: str
    path: str
    raw_path: str
    headers: dict[str, str]
    query: dict[str, list[str]]

    @property
    def key_id(self) -> str:
        """The access key that the request names, or ""."""
        return str(_router.extract_access_key_id(self.headers, self.query))


def is_of_root(request: Request) -> bool:
    """Return whether the request names root's key, so that MiniStack itself would check no signature."""
    return bool(request.key_id) and _evaluator.is_root_access_key(request.key_id)


def find_failure(request: Request, body: bytes) -> Response | None:
    """Return the response to a request that no key of this run has signed, or None."""
    authorization = request.headers.get("authorization", "")
    is_presigned = not authorization and request.query.get("X-Amz-Algorithm") == [_ALGORITHM]
    if not request.key_id or not (is_presigned or authorization.startswith(f"{_ALGORITHM} ")):
        return _refuse_unsigned(request)
    if is_presigned and _evaluator._s3_presigned_query(request.query):
        failure: Response | None = _s3._verify_presigned_sigv4(
            request.method, request.path, request.headers, request.query
        )
        return failure
    signed = _evaluator.SignedRequest(
        request.key_id,
        request.method,
        request.raw_path,
        request.query,
        request.headers,
        body,
        presigned=is_presigned,
    )
    _evaluator._signed_request.set(signed)
    checked = _evaluator.authenticate(request.key_id, _responses.get_account_id())
    return _describe(request, checked) if isinstance(checked, _evaluator.AuthError) else None


def _refuse_unsigned(request: Request) -> Response:
    is_s3 = _detect_service(request) == "s3"
    code, message = (
        ("AccessDenied", "Access Denied")
        if is_s3
        else ("MissingAuthenticationToken", "Missing Authentication Token")
    )
    return _describe(request, _evaluator.AuthError(code, message))


def _describe(request: Request, failure: Any) -> Response:
    response: Response = _app._credential_failure(
        _detect_service(request), "", _responses.new_uuid(), failure, request.headers
    )
    return response


def _detect_service(request: Request) -> str:
    return str(_router.detect_service(request.method, request.path, request.headers, request.query))
