"""Errors of botocore, translated into what is wrong and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from hippo_cli.errors import AwsError, CliError, UsageError

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_INVALID = {
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"}
_BUSY = {
    "503",  # of a HEAD request, whose response has no body
    "InternalError",
    "InternalFailure",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
}
_NETWORK = (boto.HTTPClientError, boto.ConnectionError)  # timeouts, TLS, proxies, refused connections
_BROKEN_OFF = (boto.IncompleteReadError, boto.ReadTimeoutError, boto.ResponseStreamingError)
_SIGN_IN = (boto.SSOError, boto.TokenRetrievalError)
NO_CREDENTIALS = (
    "Set up the credentials from your operator with `aws configure` or `aws configure sso`.\n"
    "If you saved them under a profile name, also pass --profile NAME or set AWS_PROFILE."
)

_ASK = "Run it again with --debug, and send the output to the operator."


class BrokenOffError(boto.HTTPClientError):
    """A response that was cut off while it was read."""

    fmt = "the response of {what} was cut off: {error}"


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Name the source of a response that is cut off while it is read; botocore does not know it."""
    try:
        yield
    except _BROKEN_OFF as error:
        raise BrokenOffError(what=what, error=error) from error


def is_denied(error: ClientError) -> bool:
    """Return whether the credentials lack the permission."""
    return read_code(error) in _DENIED


def read_code(error: ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def describe_aws_error(error: BotoCoreError | ClientError) -> CliError:
    """Return the error to show. Unknown errors keep AWS's own message."""
    if isinstance(error, ClientError):
        return _describe_refusal(error)
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
        return AwsError("no AWS credentials were found", NO_CREDENTIALS)
    if isinstance(error, boto.CredentialRetrievalError):
        return AwsError(f"the AWS credentials cannot be retrieved: {error}", NO_CREDENTIALS)
    if isinstance(error, boto.ProfileNotFound):
        return UsageError(str(error), "`aws configure list-profiles` lists the existing profiles.")
    if isinstance(error, _SIGN_IN):
        return AwsError(
            "the AWS sign-in has expired", "Sign in again: `aws sso login` (with --profile NAME)."
        )
    if isinstance(error, boto.NoRegionError | boto.InvalidRegionError):
        return UsageError(f"no usable AWS region: {error}", "Pass --region, for example ca-central-1.")
    if isinstance(error, _NETWORK):
        return AwsError(
            f"AWS cannot be reached: {error}",
            "Check the network, and AWS_ENDPOINT_URL if it is set. Then run the same command again.",
        )
    return AwsError(f"AWS: {error}", _ASK)


def _describe_refusal(error: ClientError) -> CliError:
    code, message = read_code(error), str(error.response.get("Error", {}).get("Message", "")).strip()
    if code in _EXPIRED:
        return AwsError(
            "the AWS credentials have expired",
            "Sign in again (`aws sso login`) or get new ones, then run the same command again.",
        )
    if code in _INVALID:
        return AwsError(
            f"AWS does not accept the credentials ({code}: {message})",
            "They may be mistyped, revoked or from another account. A wrong system clock also causes this.\n"
            "Check them with `aws sts get-caller-identity`, and check the clock.",
        )
    if code in _DENIED:
        return AwsError(
            f"access denied: these credentials have no permission for {error.operation_name}"
            + (f" ({message})" if message else ""),
            "Ask the operator to attach the stack's ResearcherPolicy to you, and to tag you\n"
            "with your project (hippo-project).",
        )
    if code in _BUSY:
        return AwsError(f"AWS is busy ({code})", "Wait a minute and run the same command again.")
    return AwsError(f"AWS refused {error.operation_name}: {code}: {message}", _ASK)


@contextmanager
def naming_permission(action: str, resource: str, project_id: str) -> Iterator[None]:
    """Turn a refusal by IAM into an error that names the action and the resource."""
    try:
        yield
    except ClientError as error:
        if not is_denied(error):
            raise
        raise AwsError(
            f"access denied: these credentials have no permission for {action} on {resource}",
            "If the project is yours, ask the operator to attach the stack's ResearcherPolicy to you\n"
            "(output ResearcherPolicyArn; for an additional bucket also ResearcherExtraBucketsPolicyArn),\n"
            f"and to tag you hippo-project={project_id}. If the id has a hyphen, the part before it is\n"
            "enough.\n"
            "If the project belongs to another researcher, choose another id for the study.",
        ) from error
