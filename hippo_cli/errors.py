"""What the tool tells its user instead of a stack trace, and the exit codes that scripts rely on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Documented in docs/reference/cli.md."""

    FINE = 0
    PROBLEMS = 1  # the study, or what was asked about it, has problems
    USAGE = 2  # the command line is wrong
    AWS = 3  # AWS refused or could not be reached, or there is no such stack
    MACHINE = 4  # this machine: a file, the disk, a program that is missing
    UNEXPECTED = 70  # a fault of the tool itself
    INTERRUPTED = 130


class CliError(Exception):
    """Something the user can act on: `what` is wrong and, under it, what to do."""

    code = ExitCode.PROBLEMS

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


class UsageError(CliError):
    """The command line, or a setting that stands for a part of it, is wrong."""

    code = ExitCode.USAGE


class AwsError(CliError):
    """AWS refused, or could not be reached."""

    code = ExitCode.AWS


class MachineError(CliError):
    """Something on this machine is in the way."""

    code = ExitCode.MACHINE
