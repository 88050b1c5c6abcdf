"""Faults of AWS become this project's errors, whatever was called."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ConnectTimeoutError

from hippo.aws.failures import translate
from hippo.errors import AwsError
from tests.unit.layer.aws.calls import CALLS


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    ("code", "status", "retryable"),
    [
        ("Throttling", 400, True),
        ("ThrottlingException", 400, True),
        ("TooManyRequestsException", 429, True),
        ("RequestLimitExceeded", 503, True),
        ("SlowDown", 503, True),
        ("InternalError", 500, True),
        ("Whatever", 502, True),
        ("InvalidClientTokenId", 403, False),
        ("ValidationException", 400, False),
    ],
)
def test_a_fault_becomes_ours(
    stub: Callable[..., None], operation: str, code: str, status: int, retryable: bool
) -> None:
    """Given a fault of AWS, every method raises AwsError with its code and says whether to retry at once."""
    service, call = CALLS[operation]
    stub(service, operation, code, status)

    with pytest.raises(AwsError) as error:
        call()

    assert (error.value.code, error.value.retryable) == (code, retryable)


def test_a_passing_fault_of_route53_is_known(stub: Callable[..., None]) -> None:
    """Given another change of the zone that is running, the error says to retry."""
    stub("route53", "change_resource_record_sets", "PriorRequestNotComplete")

    with pytest.raises(AwsError) as error:
        CALLS["change_resource_record_sets"][1]()

    assert error.value.retryable


def test_a_broken_connection_may_pass() -> None:
    """Given a botocore error without a response, it becomes an AwsError too."""
    with pytest.raises(AwsError) as error, translate("s3:GetObject"):
        raise ConnectTimeoutError(endpoint_url="https://s3")

    assert (error.value.operation, error.value.retryable) == ("s3:GetObject", True)
