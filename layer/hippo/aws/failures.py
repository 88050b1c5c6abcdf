"""Botocore's exceptions become this project's, in one place."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from hippo.errors import AwsError

# https://docs.aws.amazon.com/general/latest/gr/api-retries.html and botocore's own list of them.
_RETRYABLE_CODES = {
    "InternalError",
    "InternalFailure",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServerException",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


def read_code(error: ClientError) -> str:
    """AWS's error code, such as `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def read_message(error: ClientError) -> str:
    """AWS's text for the error."""
    return str(error.response.get("Error", {}).get("Message", ""))


@contextmanager
def translate(operation: str) -> Iterator[None]:
    """Raise AwsError for whatever botocore raises inside."""
    try:
        yield
    except ClientError as error:
        code = read_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        retryable = code in _RETRYABLE_CODES or status >= 500 or status == 429
        raise AwsError(operation, code, retryable=retryable, detail=read_message(error)) from error
    except BotoCoreError as error:  # timeouts, connections that broke, credentials that are not there yet
        raise AwsError(operation, type(error).__name__, retryable=True, detail=str(error)) from error
