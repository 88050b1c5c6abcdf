"""The registry of container images, ECR."""

import base64
import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import is_denied, naming_permission, read_code
from hippo_cli.errors import CliError

# ECR API reference, CreateRepository.
_IN_ECR = re.compile(
    r"(?P<repository>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<name>[^:@]+))"
    r"(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Login:
    """What Docker needs to push; the password is good for twelve hours."""

    user: str
    password: str


def is_repository_name(name: str) -> bool:
    """Whether ECR takes it as the name of a repository."""
    return 2 <= len(name) <= 256 and _NAME.fullmatch(name) is not None


def check_reference(client: Any, image: str, region: str) -> str:
    """An image that is there already: pinned if it lies in this region's ECR, else as it is.

    Raises CliError for one that is not there.
    """
    named = _IN_ECR.fullmatch(image)
    if named is None or named["region"] != region:
        return image
    key = {"imageDigest": named["digest"]} if named["digest"] else {"imageTag": named["tag"] or "latest"}
    try:
        found = client.describe_images(
            registryId=named["account"], repositoryName=named["name"], imageIds=[key]
        )
    except ClientError as error:
        if is_denied(error):
            return image  # somebody else's repository: the task's own role may read it all the same
        if read_code(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
            raise CliError(f"{image}: there is no such image", "Look at its name and tag.") from None
        raise
    digest = next((image["imageDigest"] for image in found["imageDetails"]), None)
    return f"{named['repository']}@{digest}" if digest else image


class Registry:
    """One project's repository, which has the project's id as its name."""

    def __init__(self, client: Any, project_id: str) -> None:
        self._client = client
        self.name = project_id

    def check_name(self) -> None:
        """Raises CliError for ids that a repository cannot be called by."""
        if not is_repository_name(self.name):
            raise CliError(
                f"no repository can be called {self.name}: ECR takes lower-case letters and digits,\n"
                "with single hyphens or underscores between them",
                "Change the study's id, or name an image that lies elsewhere: --image.",
            )

    def find(self) -> str | None:
        """The repository's address; None if there is none."""
        with naming_permission("ecr:DescribeRepositories", self.name, self.name):
            try:
                found = self._client.describe_repositories(repositoryNames=[self.name])["repositories"]
            except ClientError as error:
                if read_code(error) == "RepositoryNotFoundException":
                    return None
                raise
        return str(found[0]["repositoryUri"])

    def make(self) -> str:
        """The address of the repository, made if there is none."""
        with naming_permission("ecr:CreateRepository", self.name, self.name):
            try:
                made = self._client.create_repository(repositoryName=self.name)
            except ClientError as error:
                if read_code(error) != "RepositoryAlreadyExistsException":
                    raise
                return self.find() or self.name
        return str(made["repository"]["repositoryUri"])

    def find_digest(self, tag: str) -> str | None:
        """The digest of the image with this tag; None if there is none."""
        with naming_permission("ecr:DescribeImages", self.name, self.name):
            try:
                found = self._client.describe_images(repositoryName=self.name, imageIds=[{"imageTag": tag}])
            except ClientError as error:
                if read_code(error) == "ImageNotFoundException":
                    return None
                raise
        return next((str(image["imageDigest"]) for image in found["imageDetails"]), None)

    def pin(self, repository: str, tag: str) -> str:
        """A reference that stays this very image, whatever is pushed under its tag later."""
        digest = self.find_digest(tag)
        return f"{repository}@{digest}" if digest else f"{repository}:{tag}"

    def find_newest(self) -> str | None:
        """The digest of the image that was pushed last; None if there is none."""
        with naming_permission("ecr:DescribeImages", self.name, self.name):
            pages = self._client.get_paginator("describe_images").paginate(repositoryName=self.name)
            images = [image for page in pages for image in page["imageDetails"]]
        if not images:
            return None
        # Parts of an image for several platforms have no tag.
        newest = max(images, key=lambda image: (bool(image.get("imageTags")), image["imagePushedAt"]))
        return str(newest["imageDigest"])

    def log_in(self) -> Login:
        """A login for Docker."""
        with naming_permission("ecr:GetAuthorizationToken", "*", self.name):
            answer = self._client.get_authorization_token()
        token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
        user, _, password = token.partition(":")
        return Login(user, password)
