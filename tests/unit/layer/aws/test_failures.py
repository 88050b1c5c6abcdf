"""Botocore's exceptions become ours and say whether to retry at once."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from hippo.aws.failures import translate
from hippo.errors import AwsError


def make_error(code: str, status: int) -> ClientError:
    """Return an error as botocore raises it."""
    return ClientError(
        {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call"
    )


@pytest.mark.parametrize(
    ("code", "status", "retryable"),
    [
        ("SlowDown", 503, True),
        ("Throttling", 400, True),
        ("ThrottlingException", 400, True),
        ("PriorRequestNotComplete", 400, True),
        ("RequestTimeout", 400, True),
        ("Anything", 500, True),
        ("Anything", 429, True),
        ("AccessDenied", 403, False),
        ("NoSuchBucket", 404, False),
        ("InvalidParameter", 400, False),
    ],
)
def test_answers_of_aws(code: str, status: int, retryable: bool) -> None:
    """Given AWS's code and status, our error names call, code and text, and says whether to retry."""
    with pytest.raises(AwsError) as caught, translate("s3:GetObject"):
        raise make_error(code, status)

    assert (caught.value.operation, caught.value.code, caught.value.retryable) == (
        "s3:GetObject",
        code,
        retryable,
    )
    assert str(caught.value) == f"s3:GetObject: {code}: words"


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="https://s3"), ReadTimeoutError(endpoint_url="https://s3")]
)
def test_broken_connections_pass(error: Exception) -> None:
    """Given a connection that broke or timed out, it is worth another try."""
    with pytest.raises(AwsError) as caught, translate("s3:GetObject"):
        raise error

    assert caught.value.retryable


def test_other_exceptions_stay_what_they_are() -> None:
    """Given a defect inside, it does not count as AWS's fault."""
    with pytest.raises(KeyError), translate("s3:GetObject"):
        raise KeyError("a defect")
