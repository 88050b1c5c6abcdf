"""The credentials of a profile, fetched before the first call so that their errors are named as such.

A profile may run a program, read a token file, assume a role, or prompt for an MFA code. botocore lets the
errors of all these out as they are, in the middle of whichever call needs the credentials first.
"""

import getpass
import warnings
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

MFA_ADVICE = (
    "Run the command in a terminal. For a script, get temporary credentials in a terminal first:\n"
    'eval "$(aws configure export-credentials --profile NAME --format env)"'
)


class ProfileError(BotoCoreError):
    """A profile whose credentials cannot be used; `advice` says what to do."""

    fmt = "{what}"

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what=what)
        self.advice = advice


class ProfileSession(boto3.Session):
    """A session whose clients have working credentials, or none at all."""

    def __init__(self, profile: str | None) -> None:
        session = botocore.session.get_session()
        super().__init__(profile_name=profile, botocore_session=session)
        session.get_component("credential_provider").get_provider("assume-role")._prompter = _prompt_for_code

    def client(self, *arguments: Any, **options: Any) -> Any:
        """Return a client. Raises ProfileError or another error of botocore if the credentials fail."""
        self._load_credentials()
        return super().client(*arguments, **options)

    def _load_credentials(self) -> None:
        """Fetch the credentials, which botocore keeps for all clients."""
        try:
            if credentials := self.get_credentials():
                credentials.get_frozen_credentials()
        except (BotoCoreError, ClientError):
            raise
        except Exception as error:  # of the profile's program or file, such as output that is not JSON
            name, reason = self.profile_name, f"{type(error).__name__}: {error}"
            raise ProfileError(
                f"the AWS credentials of the profile {name} cannot be retrieved: {reason}",
                "Check the profile in ~/.aws/config: the program in credential_process, or the file in\n"
                f"web_identity_token_file. `aws sts get-caller-identity --profile {name}` tries them.",
            ) from error


def _prompt_for_code(question: str) -> str:
    """Return the MFA code that the user types. Raises ProfileError where nothing can be typed."""
    with warnings.catch_warnings():
        # getpass warns before it reads a visible reply from standard input, which is not a person's.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(question)
        except (getpass.GetPassWarning, EOFError):
            device = question.strip().rstrip(":").removeprefix("Enter MFA code for ")
            raise ProfileError(
                f"cannot prompt for the MFA code of {device}: input is not a terminal", MFA_ADVICE
            ) from None
