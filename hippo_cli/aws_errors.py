"""What botocore says, in words of somebody who has to do something about it."""

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
    "503",  # of a HEAD, whose answer has no words
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
    "Set up those that your operator gave you: `aws configure` or `aws configure sso`;\n"
    "with a name of your own then also --profile NAME, or AWS_PROFILE."
)


class BrokenOffError(boto.HTTPClientError):
    """An answer that came by half."""

    fmt = "the answer of {what} broke off: {error}"


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Says whose answer it is that breaks off while it is read: botocore does not know."""
    try:
        yield
    except _BROKEN_OFF as error:
        raise BrokenOffError(what=what, error=error) from error


def is_denied(error: ClientError) -> bool:
    """Whether these credentials may not do this."""
    return read_code(error) in _DENIED


def read_code(error: ClientError) -> str:
    """AWS's own name of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def describe_aws_error(error: BotoCoreError | ClientError) -> CliError:
    """The error to show; what nobody foresaw keeps AWS's own words."""
    if isinstance(error, ClientError):
        return _describe_refusal(error)
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
        return AwsError("there are no AWS credentials", NO_CREDENTIALS)
    if isinstance(error, boto.CredentialRetrievalError):
        return AwsError(f"the AWS credentials cannot be had: {error}", NO_CREDENTIALS)
    if isinstance(error, boto.ProfileNotFound):
        return UsageError(str(error), "`aws configure list-profiles` lists those that there are.")
    if isinstance(error, _SIGN_IN):
        return AwsError(
            "the sign-in at AWS has expired", "Sign in again: `aws sso login` (with --profile NAME)."
        )
    if isinstance(error, boto.NoRegionError | boto.InvalidRegionError):
        return UsageError(f"no usable AWS region: {error}", "Give it by --region, such as ca-central-1.")
    if isinstance(error, _NETWORK):
        return AwsError(
            f"AWS cannot be reached: {error}",
            "Look at the network (and AWS_ENDPOINT_URL, if it is set), then run the same command again.",
        )
    return AwsError(f"AWS: {error}")


def _describe_refusal(error: ClientError) -> CliError:
    code, message = read_code(error), str(error.response.get("Error", {}).get("Message", "")).strip()
    if code in _EXPIRED:
        return AwsError(
            "the AWS credentials have expired",
            "Sign in again (`aws sso login`) or ask for new ones; then run the same command again.",
        )
    if code in _INVALID:
        return AwsError(
            f"AWS does not accept the credentials ({code}: {message})",
            "They may be mistyped, revoked or another account's; a clock that is wrong looks the same.",
        )
    if code in _DENIED:
        return AwsError(
            f"access denied: these credentials may not do {error.operation_name}"
            + (f" ({message})" if message else ""),
            "Ask the operator to attach the stack's ResearcherPolicy to you, and to tag you\n"
            "with your project (hippo-project).",
        )
    if code in _BUSY:
        return AwsError(f"AWS is busy ({code})", "Wait a minute and run the same command again.")
    return AwsError(f"AWS refused {error.operation_name}: {code}: {message}")


@contextmanager
def naming_permission(action: str, resource: str, project_id: str) -> Iterator[None]:
    """Turns a refusal of IAM into one that says which action on which resource was refused."""
    try:
        yield
    except ClientError as error:
        if not is_denied(error):
            raise
        raise AwsError(
            f"access denied: these credentials may not do {action} on {resource}",
            "If the project is yours, ask the operator to attach the stack's ResearcherPolicy to you (its\n"
            "output ResearcherPolicyArn; for a further bucket also ResearcherExtraBucketsPolicyArn), and\n"
            f"to tag you hippo-project={project_id}, or with the beginning of the id before a hyphen.\n"
            "If it is somebody else's, give the study another id.",
        ) from error
