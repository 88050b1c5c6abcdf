"""Names the permission that is missing, and who can give it."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import is_denied
from hippo_cli.errors import AwsError


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
