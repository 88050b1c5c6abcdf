"""The errors of this project: few, and each says who can do something about it."""


class HippoError(Exception):
    """Anything that this project raises on purpose."""


class SettingsError(HippoError):
    """The environment of a function is not what it needs; the operator mends the template."""


class BadRequestError(HippoError):
    """A request that cannot be answered as it stands; its text goes to the client with status 400."""


class ProjectNotFoundError(BadRequestError):
    """Unknown or not live; the text is the one that the existing front end was written against."""

    def __init__(self) -> None:
        super().__init__("Project ID Not Found")


class InvalidMessageError(HippoError):
    """An SNS message that no retry can mend: logged, and nothing is created for it."""


class ConflictError(HippoError):
    """A conditional write lost: somebody else changed the object first (412 or 409 of S3)."""


class FencedError(HippoError):
    """The server record has moved on under the invocation that was at work on it."""


class TransientError(HippoError):
    """Something that may well succeed later: HTTP handlers answer 503, SNS handlers let AWS retry.

    `retryable` says whether trying again within the same request makes sense.
    """

    retryable = True


class BrokenListError(TransientError):
    """The master list cannot be read until a person mends it."""

    retryable = False


class AwsError(TransientError):
    """AWS refused or failed a call: `code` is AWS's, `retryable` says whether to retry at once."""

    def __init__(self, operation: str, code: str, *, retryable: bool, detail: str = "") -> None:
        super().__init__(f"{operation}: {code}{': ' + detail if detail else ''}")
        self.operation = operation
        self.code = code
        self.retryable = retryable


class PermanentError(HippoError):
    """No retry helps: the server is marked failed and cleared up; the text is for researchers."""


class TaskEndedError(PermanentError):
    """The task ended before it answered: this attempt has failed, another one may do better."""


class BrokenRecordError(TransientError):
    """A stored record cannot be read until a person mends it."""

    retryable = False
