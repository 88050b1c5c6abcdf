"""What was looked at, what came of it, and what to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from hippo_cli.aws_errors import describe_aws_error, is_denied
from hippo_cli.errors import CliError


class Outcome(StrEnum):
    """Only a failure makes the command end with 1."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "could not look"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report."""

    what: str
    outcome: Outcome
    found: str
    advice: str = ""


def ok(what: str, found: str) -> Result:
    """As it should be."""
    return Result(what, Outcome.OK, found)


def warning(what: str, found: str, advice: str) -> Result:
    """Works, but may not for all participants, or not for long."""
    return Result(what, Outcome.WARNING, found, advice)


def failure(what: str, found: str, advice: str) -> Result:
    """Does not work."""
    return Result(what, Outcome.FAILURE, found, advice)


def unknown(what: str, found: str, advice: str = "") -> Result:
    """Nobody could look."""
    return Result(what, Outcome.UNKNOWN, found, advice)


def look(what: str, check: Callable[[], Iterable[Result]]) -> list[Result]:
    """A check's results; what AWS refuses to show could not be looked at, and nothing else ends with it."""
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
            f"these credentials may not do {error.operation_name}",
            "Somebody who may, such as the operator, can run this too.",
        )
    told = describe_aws_error(error)
    return failure(what, told.what, told.advice)
