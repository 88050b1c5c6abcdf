"""The errors of this project: few, and each shows who can act on it.

HippoError
├── SettingsError           the operator fixes the template
├── BadRequestError         the caller fixes the request: status 400
│   ├── ProjectNotFoundError
│   └── ReservedNameError
├── InvalidMessageError     no retry helps: logged and dropped
├── ConflictError           the caller reads again and retries
├── FencedError             the invocation gives up: another one has taken over
├── TransientError          a later try may succeed: status 503, or AWS retries
│   ├── AwsError
│   ├── BrokenListError     only after a person fixes the list
│   └── BrokenRecordError   only after a person fixes the record
└── PermanentError          no retry helps: the server is marked failed
    ├── OverridesError      the server may run without what they pass
    └── TaskEndedError      another attempt may help
"""


class HippoError(Exception):
    """Any error that this project raises on purpose."""


class SettingsError(HippoError):
    """A function's environment is incomplete or unreadable; the operator fixes the template."""


class BadRequestError(HippoError):
    """A request that cannot be answered as it is; the client receives its text with status 400."""


class ProjectNotFoundError(BadRequestError):
    """An unknown or closed project; the existing front end was written against this text."""

    def __init__(self) -> None:
        super().__init__("Project ID Not Found")


class ReservedNameError(BadRequestError):
    """A user id that the operator needs as a host name; the text says whom to contact about another id."""

    def __init__(self, contact: object = None) -> None:
        super().__init__("userId: this name is reserved" + (f". Contact: {contact}" if contact else ""))


class InvalidMessageError(HippoError):
    """An SNS message that no retry can fix; it is logged, and nothing is created for it."""


class ConflictError(HippoError):
    """A conditional write that lost: a rival changed the object first (412 or 409 of S3)."""


class FencedError(HippoError):
    """The server record has moved on under the invocation that was at work on it."""


class TransientError(HippoError):
    """A failure that may pass later: HTTP handlers return 503, SNS handlers let AWS retry.

    `retryable` says whether trying again within the same request makes sense.
    """

    retryable = True


class BrokenListError(TransientError):
    """The master list is unreadable until a person fixes it."""

    retryable = False


class AwsError(TransientError):
    """A call that AWS refused or failed: `code` is AWS's, `retryable` says whether to retry at once."""

    def __init__(self, operation: str, code: str, *, retryable: bool, detail: str = "") -> None:
        super().__init__(f"{operation}: {code}{': ' + detail if detail else ''}")
        self.operation = operation
        self.code = code
        self.retryable = retryable


class PermanentError(HippoError):
    """No retry helps: the server is marked failed and torn down; the text is for researchers."""


class OverridesError(PermanentError):
    """RunTask refused the container overrides, which pass variables to a game server."""


class TaskEndedError(PermanentError):
    """The task exited before it answered: this attempt has failed, but another one may succeed."""


class BrokenRecordError(TransientError):
    """A stored record is unreadable until a person fixes it."""

    retryable = False
