"""Error responses of each service when it is called too often or fails by itself.

AWS: the codes that botocore retries as throttling (botocore/data/_retry.json), and each service's API
reference, "Common errors"; Route 53 developer guide, "Quotas"; S3 user guide, "Best practices design
patterns".
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorResponse:
    """An error response of a service."""

    code: str
    status: int
    message: str


_JSON_THROTTLE = ErrorResponse("ThrottlingException", 400, "Rate exceeded")
_QUERY_THROTTLE = ErrorResponse("Throttling", 400, "Rate exceeded")
_INTERNAL_MESSAGE = "We encountered an internal error. Please try again."

# Every service that a fault may name, with its response to too many calls.
THROTTLES = {
    "cloudformation": _QUERY_THROTTLE,
    "ec2": ErrorResponse("RequestLimitExceeded", 503, "Request limit exceeded."),
    "ecs": _JSON_THROTTLE,
    "events": _JSON_THROTTLE,
    "iam": _QUERY_THROTTLE,
    "lambda": ErrorResponse("TooManyRequestsException", 429, "Rate Exceeded."),
    "logs": _JSON_THROTTLE,
    "route53": _QUERY_THROTTLE,
    "s3": ErrorResponse("SlowDown", 503, "Please reduce your request rate."),
    "sns": _QUERY_THROTTLE,
    "sqs": ErrorResponse("RequestThrottled", 403, "Request is throttled."),
    "sts": _QUERY_THROTTLE,
}

_FAILURE_CODES = {
    "ec2": "InternalError",
    "ecs": "ServerException",
    "events": "InternalException",
    "lambda": "ServiceException",
    "logs": "ServiceUnavailableException",
    "s3": "InternalError",
}

# ECS API reference, DeleteCluster; the text as seen in practice.
UPDATE_IN_PROGRESS = ErrorResponse(
    "UpdateInProgressException",
    400,
    "The specified cluster is in a busy state. "
    "Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED.",
)
# Route 53 API reference, ChangeResourceRecordSets.
PRIOR_REQUEST_NOT_COMPLETE = ErrorResponse(
    "PriorRequestNotComplete",
    400,
    "The request was rejected because Route 53 was still processing a prior request.",
)
# ECS developer guide, "Amazon ECS stopped tasks error messages"; "Fargate Spot termination notices".
NO_CAPACITY = (
    "Capacity is unavailable at this time. Please try again later or in a different availability zone"
)
SPOT_INTERRUPTION = "Your Spot Task was interrupted."


def build_failure(service: str) -> ErrorResponse:
    """Return a service's response when it fails by itself (status 500)."""
    return ErrorResponse(_FAILURE_CODES.get(service, "InternalFailure"), 500, _INTERNAL_MESSAGE)
