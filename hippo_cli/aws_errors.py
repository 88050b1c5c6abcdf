"""Errors of botocore, translated into what is wrong and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from hippo_cli.credentials import ProfileError
from hippo_cli.errors import AwsError, CliError, MachineError, UsageError
from hippo_cli.wrong_clock import CERTIFICATE_PERIOD, find_wrong_clock

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
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
_PROFILE = (
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.InvalidConfigError,
    boto.InvalidRetryModeError,
    boto.UnknownCredentialError,
)
# Calls by which botocore itself gets credentials, for a profile with a role.
_CREDENTIAL_CALLS = {"AssumeRole", "AssumeRoleWithWebIdentity", "GetRoleCredentials", "GetSessionToken"}
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
    if (described := _describe_credentials(error)) is not None:
        return described
    if isinstance(error, boto.NoRegionError | boto.InvalidRegionError):
        return UsageError(f"no usable AWS region: {error}", "Pass --region, for example ca-central-1.")
    if isinstance(error, _NETWORK):
        is_time = CERTIFICATE_PERIOD.search(str(error))
        clock = "Check this computer's clock: if it is wrong, certificates seem invalid.\n" if is_time else ""
        return AwsError(
            f"AWS cannot be reached: {error}",
            f"{clock}Check the network, and AWS_ENDPOINT_URL if it is set. Then run the same command again.",
        )
    return AwsError(f"AWS: {error}", _ASK)


def _describe_credentials(error: BotoCoreError) -> CliError | None:
    """Return the error to show if a profile or its credentials cannot be used, otherwise None."""
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
        return AwsError("no AWS credentials were found", NO_CREDENTIALS)
    if isinstance(error, ProfileError):
        return AwsError(str(error), error.advice)
    if isinstance(error, boto.CredentialRetrievalError):
        reason = " ".join(str(error).split()).rstrip(":")
        return AwsError(f"the AWS credentials cannot be retrieved: {reason}", _choose_retrieval_advice(error))
    if isinstance(error, boto.ProfileNotFound):
        return UsageError(str(error), "`aws configure list-profiles` lists the existing profiles.")
    if isinstance(error, _PROFILE):
        return UsageError(
            f"the AWS profile is not valid: {error}",
            "Correct it in ~/.aws/config, for example with `aws configure sso`.",
        )
    if isinstance(error, _SIGN_IN):
        return AwsError(
            "the AWS sign-in has expired", "Sign in again: `aws sso login` (with --profile NAME)."
        )
    if isinstance(error, boto.LoginError):
        return AwsError("the AWS sign-in has expired", "Sign in again: `aws login` (with --profile NAME).")
    if isinstance(error, boto.RefreshWithMFAUnsupportedError):
        return AwsError(
            "the AWS credentials have expired, and new ones need an MFA code", "Run the same command again."
        )
    if isinstance(error, boto.MissingDependencyException):
        return MachineError(str(error), "Install it where the tool is installed, or use another profile.")
    return None


def _choose_retrieval_advice(error: boto.CredentialRetrievalError) -> str:
    if error.kwargs.get("provider") == "custom-process":
        return "Run the command of credential_process in ~/.aws/config by itself, and correct it."
    return NO_CREDENTIALS


def _describe_refusal(error: ClientError) -> CliError:
    code, message = read_code(error), str(error.response.get("Error", {}).get("Message", "")).strip()
    if (wrong_clock := find_wrong_clock(error)) is not None:
        return wrong_clock
    if code in _EXPIRED:
        return AwsError(
            "the AWS credentials have expired",
            "Sign in again (`aws sso login`) or get new ones, then run the same command again.",
        )
    if code in _INVALID:
        return AwsError(
            f"AWS does not accept the credentials ({code}: {message})",
            "They may be mistyped, revoked or from another account.\n"
            "Check them with `aws sts get-caller-identity`.",
        )
    if error.operation_name in _CREDENTIAL_CALLS and code not in _BUSY:
        return AwsError(
            f"AWS refuses the credentials of this profile ({error.operation_name}: {code}: {message})",
            "Check role_arn, source_profile and mfa_serial in ~/.aws/config, and ask the operator whether\n"
            "you may use the role. AWS accepts an MFA code only once; wait for the next one.",
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
