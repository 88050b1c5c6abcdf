"""The errors that the tool shows instead of a stack trace, and the exit codes that scripts rely on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Documented in docs/reference/cli.md."""

    FINE = 0
    PROBLEMS = 1  # the study, or its data or servers, has problems
    USAGE = 2  # the command line is wrong
    AWS = 3  # AWS refused or could not be reached, or the stack does not exist
    MACHINE = 4  # this machine: a file, the disk, or a missing program
    UNEXPECTED = 70  # a fault of the tool itself
    INTERRUPTED = 130


class CliError(Exception):
    """An error that the user can act on: `what` is wrong, and `advice` on what to do."""

    code = ExitCode.PROBLEMS

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


class UsageError(CliError):
    """An error in the command line, or in a setting that replaces a part of it."""

    code = ExitCode.USAGE


class AwsError(CliError):
    """A request that AWS refused, or that could not reach AWS."""

    code = ExitCode.AWS


class MachineError(CliError):
    """A problem of this machine, such as a missing program."""

    code = ExitCode.MACHINE
