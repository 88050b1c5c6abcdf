"""The registry of container images, ECR."""

import base64
import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from hippo_cli.aws_errors import read_code
from hippo_cli.errors import CliError
from hippo_cli.publishing.refusals import naming_permission

# ECR API reference, CreateRepository.
_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Login:
    """What Docker needs to push; the password is good for twelve hours."""

    user: str
    password: str


class Registry:
    """One project's repository, which has the project's id as its name."""

    def __init__(self, client: Any, project_id: str) -> None:
        self._client = client
        self.name = project_id

    def check_name(self) -> None:
        """Raises CliError for ids that a repository cannot be called by."""
        if not 2 <= len(self.name) <= 256 or not _NAME.fullmatch(self.name):
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

    def holds(self, tag: str) -> bool:
        """Whether there is an image with this tag."""
        with naming_permission("ecr:DescribeImages", self.name, self.name):
            try:
                self._client.describe_images(repositoryName=self.name, imageIds=[{"imageTag": tag}])
            except ClientError as error:
                if read_code(error) == "ImageNotFoundException":
                    return False
                raise
        return True

    def find_newest(self) -> str | None:
        """`:tag` or `@digest` of the image that was pushed last; None if there is none."""
        with naming_permission("ecr:DescribeImages", self.name, self.name):
            pages = self._client.get_paginator("describe_images").paginate(repositoryName=self.name)
            images = [image for page in pages for image in page["imageDetails"]]
        if not images:
            return None
        newest = max(images, key=lambda image: image["imagePushedAt"])
        tags = newest.get("imageTags")
        return f":{tags[0]}" if tags else f"@{newest['imageDigest']}"

    def log_in(self) -> Login:
        """A login for Docker."""
        with naming_permission("ecr:GetAuthorizationToken", "*", self.name):
            answer = self._client.get_authorization_token()
        token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
        user, _, password = token.partition(":")
        return Login(user, password)
