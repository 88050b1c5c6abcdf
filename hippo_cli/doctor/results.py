"""Results of checks: the subject, the outcome and advice."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from hippo_cli.aws_errors import describe_aws_error, is_denied
from hippo_cli.errors import CliError


class Outcome(StrEnum):
    """Outcome of a check, as in the command's JSON. Only a failure makes the command exit with 1."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "could not look"

    @property
    def label(self) -> str:
        """The outcome as text."""
        return "not checked" if self is Outcome.UNKNOWN else self.value


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a check."""

    what: str
    outcome: Outcome
    found: str
    advice: str = ""


def ok(what: str, found: str) -> Result:
    """Return a result without a problem."""
    return Result(what, Outcome.OK, found)


def warning(what: str, found: str, advice: str) -> Result:
    """Return a result that works, but possibly not for all participants or not for long."""
    return Result(what, Outcome.WARNING, found, advice)


def failure(what: str, found: str, advice: str) -> Result:
    """Return a result that does not work."""
    return Result(what, Outcome.FAILURE, found, advice)


def unknown(what: str, found: str, advice: str = "") -> Result:
    """Return a result that could not be determined."""
    return Result(what, Outcome.UNKNOWN, found, advice)


def run_check(what: str, check: Callable[[], Iterable[Result]]) -> list[Result]:
    """Return a check's results. An error becomes another result, so that the other checks still run."""
    results: list[Result] = []
    try:
        for result in check():
            results.append(result)
    except CliError as error:
        results.append(failure(what, error.what, error.advice))
    except (BotoCoreError, ClientError) as error:
        results.append(_describe(what, error))
    return results


def _describe(what: str, error: BotoCoreError | ClientError) -> Result:
    if isinstance(error, ClientError) and is_denied(error):
        return unknown(
            what,
            f"these credentials have no permission for {error.operation_name}",
            "Ask the operator, who has this permission, to run `hippo doctor`.",
        )
    described = describe_aws_error(error)
    return failure(what, described.what, described.advice)
