"""ECR, the registry of container images."""

import base64
import re
from collections.abc import Mapping
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
TAGGED = "tagged"  # the value of RepositoryAccess that requires a tag
_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Login:
    """The login with which Docker pushes; the password is valid for twelve hours."""

    user: str
    password: str


def is_repository_name(name: str) -> bool:
    """Return whether ECR accepts it as the name of a repository."""
    return 2 <= len(name) <= 256 and _NAME.fullmatch(name) is not None


def check_reference(client: Any, image: str, region: str) -> str:
    """Return the reference of an existing image, pinned if it is in this region's ECR.

    Raises CliError if it does not exist there.
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
            return image  # another account's repository, which the task's role may still be allowed to read
        if read_code(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
            raise CliError(f"the image {image} does not exist", "Check its name and tag.") from None
        raise
    digest = next((image["imageDigest"] for image in found["imageDetails"]), None)
    return f"{named['repository']}@{digest}" if digest else image


def find_repository(image: str, region: str) -> str | None:
    """Return the name of the repository of an image in this region's ECR, of whichever account."""
    named = _IN_ECR.fullmatch(image)
    return named["name"] if named and named["region"] == region else None


class Registry:
    """One project's repository, named by the project's id."""

    def __init__(self, client: Any, project_id: str) -> None:
        self._client = client
        self.name = project_id

    def check_name(self) -> None:
        """Raise CliError if the id cannot be the name of a repository."""
        if not is_repository_name(self.name):
            raise CliError(
                f"{self.name} cannot be the name of a repository: ECR accepts lower-case letters and\n"
                "digits, with single hyphens or underscores between them",
                "Change the study's id, or pass an image from another repository: --image.",
            )

    def find(self) -> str | None:
        """Return the repository's address, or None if it does not exist."""
        with naming_permission("ecr:DescribeRepositories", self.name, self.name):
            try:
                found = self._client.describe_repositories(repositoryNames=[self.name])["repositories"]
            except ClientError as error:
                if read_code(error) == "RepositoryNotFoundException":
                    return None
                raise
        return str(found[0]["repositoryUri"])

    def create(self, tags: Mapping[str, str]) -> str:
        """Create the repository with these tags, unless it exists; return its address."""
        with naming_permission("ecr:CreateRepository", self.name, self.name):
            try:
                created = self._client.create_repository(repositoryName=self.name, tags=_write_tags(tags))
            except ClientError as error:
                if read_code(error) != "RepositoryAlreadyExistsException":
                    raise
                return self.find() or self.name
        return str(created["repository"]["repositoryUri"])

    def read_tags(self) -> dict[str, str]:
        """Return the tags of the repository, which must exist."""
        with naming_permission("ecr:ListTagsForResource", self.name, self.name):
            found = self._client.list_tags_for_resource(resourceArn=self._find_arn())["tags"]
        return {tag["Key"]: tag["Value"] for tag in found}

    def tag(self, tags: Mapping[str, str]) -> None:
        """Add tags to the repository, which must exist."""
        with naming_permission("ecr:TagResource", self.name, self.name):
            self._client.tag_resource(resourceArn=self._find_arn(), tags=_write_tags(tags))

    def _find_arn(self) -> str:
        found = self._client.describe_repositories(repositoryNames=[self.name])["repositories"]
        return str(found[0]["repositoryArn"])

    def find_digest(self, tag: str) -> str | None:
        """Return the digest of the image with this tag, or None."""
        with naming_permission("ecr:DescribeImages", self.name, self.name):
            try:
                found = self._client.describe_images(repositoryName=self.name, imageIds=[{"imageTag": tag}])
            except ClientError as error:
                if read_code(error) == "ImageNotFoundException":
                    return None
                raise
        return next((str(image["imageDigest"]) for image in found["imageDetails"]), None)

    def pin(self, repository: str, tag: str) -> str:
        """Return a reference to exactly this image, even if another one is pushed with the same tag later."""
        digest = self.find_digest(tag)
        return f"{repository}@{digest}" if digest else f"{repository}:{tag}"

    def find_newest(self) -> str | None:
        """Return the digest of the image that was pushed last, or None."""
        with naming_permission("ecr:DescribeImages", self.name, self.name):
            pages = self._client.get_paginator("describe_images").paginate(repositoryName=self.name)
            images = [image for page in pages for image in page["imageDetails"]]
        if not images:
            return None
        # The parts of a multi-platform image have no tag.
        newest = max(images, key=lambda image: (bool(image.get("imageTags")), image["imagePushedAt"]))
        return str(newest["imageDigest"])

    def log_in(self) -> Login:
        """Return a login for Docker."""
        with naming_permission("ecr:GetAuthorizationToken", "*", self.name):
            response = self._client.get_authorization_token()
        token = base64.b64decode(response["authorizationData"][0]["authorizationToken"]).decode()
        user, _, password = token.partition(":")
        return Login(user, password)


def _write_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
