"""The one place where botocore's exceptions become this project's."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from hippo.errors import AwsError

# From https://docs.aws.amazon.com/general/latest/gr/api-retries.html and botocore's own list.
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
    """Return AWS's error code, such as `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def read_message(error: ClientError) -> str:
    """Return AWS's text for the error."""
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
    except BotoCoreError as error:  # timeouts, broken connections, credentials that are not available yet
        raise AwsError(operation, type(error).__name__, retryable=True, detail=str(error)) from error
