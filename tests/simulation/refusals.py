"""AWS's refusals as botocore raises them."""

from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError


def refuse(operation: str, code: str, message: str = "", status: int = 400) -> ClientError:
    """Return the ClientError of `ecs:RunTask` and the like."""
    response: Any = {
        "Error": {"Code": code, "Message": message or code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation.partition(":")[2])


def not_reached() -> ConnectTimeoutError:
    """Return the error of a request that never arrived."""
    return ConnectTimeoutError(endpoint_url="https://aws.example")


def answer_lost() -> ReadTimeoutError:
    """Return the error of a request that may have taken effect."""
    return ReadTimeoutError(endpoint_url="https://aws.example")
