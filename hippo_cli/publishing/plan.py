"""The plan of a publication, made before anything is changed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from hippo.studies.study import read_number
from hippo_cli.aws_errors import naming_permission, read_code
from hippo_cli.checks.server import find_cost, has_game
from hippo_cli.checks.strangers import check_strangers
from hippo_cli.connection import Connection
from hippo_cli.data.bucket import Bucket, Stored
from hippo_cli.data.studies import find_entry
from hippo_cli.errors import AwsError, CliError, UsageError
from hippo_cli.findings import Finding, Severity, warning
from hippo_cli.image.build_context import BuildContext, make_context
from hippo_cli.image.env_file import check_credentials
from hippo_cli.image.image_files import build_trial, carries_certificate, prepare_files
from hippo_cli.image.registry import Registry, check_reference
from hippo_cli.publishing import task_definition
from hippo_cli.publishing.definition_check import check_definition, read_roles
from hippo_cli.publishing.own_config import read_own_config, supports_own_config
from hippo_cli.publishing.step_files import FileChanges, compare_files
from hippo_cli.publishing.task_definition import ServerSettings
from hippo_cli.stack import UPGRADE, Stack
from hippo_cli.study_folder import CONFIG_FILE, PLACEHOLDER, StudyFolder
from hippo_cli.yaml_file import to_wire

_IMAGE = re.compile(r"[a-z0-9][a-zA-Z0-9._/:@-]{0,511}")


@dataclass(frozen=True)
class Target:
    """One study and the deployment that it is published to."""

    study: StudyFolder
    connection: Connection
    stack: Stack

    @property
    def project_id(self) -> str:
        """The project's id, which is also the name of its repository and task definition."""
        return str(self.study.project["id"])

    @property
    def bucket(self) -> str:
        """The bucket of the project."""
        return str(self.config.get("bucket") or self.stack.bucket)

    @property
    def config(self) -> dict[str, Any]:
        """The config as it is sent; without a bucket of its own, the deployment chooses one."""
        config = {**self.study.project, "ecsTask": self.project_id}
        if config.get("bucket") in (None, "", PLACEHOLDER):
            config.pop("bucket", None)
        return config


@dataclass(frozen=True)
class ServerPlan:
    """The game server: an existing image, or one to build from `context`."""

    settings: ServerSettings
    newest: Mapping[str, Any] | None
    context: BuildContext | None = None
    repository: str | None = None
    is_built: bool = True

    @property
    def definition(self) -> dict[str, Any]:
        """The task definition to register."""
        return task_definition.build_definition(self.settings, self.newest)

    @property
    def is_registered(self) -> bool:
        """Whether the newest revision already equals `definition`."""
        return self.is_built and task_definition.is_same(self.newest, self.definition)


@dataclass(frozen=True)
class Plan:
    """The changes that publishing will make, and the findings about it."""

    target: Target
    files: FileChanges
    server: ServerPlan | None
    findings: list[Finding] = field(default_factory=list)
    own_config: Stored | None = None  # the researchers' config as it was last published, paused or resumed


@dataclass(frozen=True)
class Request:
    """The image that the researcher asked for: an existing `image`, the current one, or a new build."""

    image: str | None = None
    keeps_image: bool = False
    rebuilds: bool = False


def make_plan(target: Target, request: Request) -> Plan:
    """Compare the study with what is published. Nothing is changed.

    Raises CliError if the study cannot be published to this deployment.
    """
    _check_bucket(target)
    _check_move(target)
    s3 = target.connection.make_client("s3")
    files = compare_files(s3, target.bucket, target.project_id, target.study)
    server, findings = None, [*_check_runtime(target), *check_strangers(target.study, target.stack)]
    if has_game(target.study) and target.study.project.get("useAWS", True):
        server, more = _plan_server(target, request, s3)
        # With the newest revision's ARN, which names the account.
        definition = {**(server.newest or {}), **server.definition}
        findings += [*more, *_check_definition(target, definition)]
    elif has_game(target.study):
        findings += _check_foreign_definition(target)
    own_config = None
    if supports_own_config(target.stack):
        own_config = read_own_config(Bucket(s3, target.stack.bucket), target.project_id)
    return Plan(target, files, server, findings, own_config)


def check_image_name(image: str | None) -> None:
    """Raise UsageError for a text that cannot be the reference of an image."""
    if image is not None and not _IMAGE.fullmatch(image):
        raise UsageError(
            f"--image {image} is not an image reference",
            "Write it as Docker does: REGISTRY/NAME:TAG.",
        )


def _check_bucket(target: Target) -> None:
    stack = target.stack
    allowed = [stack.bucket, *(name.strip() for name in stack.get("ExtraBuckets").split(",") if name.strip())]
    # CloudFormation outputs, unlike the SSM parameters, do not list the additional buckets.
    is_known = "ResearcherExtraBucketsPolicyArn" not in stack.values
    if target.bucket not in allowed and is_known:
        file = target.study.config_file
        own = file.content["project"].get("bucket") if isinstance(file.content, dict) else None
        key = ("project", "bucket") if own else ("project", "awsSetup", "bucket")
        location = f"{CONFIG_FILE}:{file.find_line(key)}: {'.'.join(key)}"
        raise CliError(
            f"{location}: {target.bucket} is not a bucket of the stack {stack.name} ({', '.join(allowed)})",
            "Remove `bucket`, here and under awsSetup, to use the stack's bucket, or check --stack.",
        )


def _check_move(target: Target) -> None:
    """Raise CliError if participants' records would stay behind in another bucket."""
    own = Bucket(target.connection.make_client("s3"), target.stack.bucket)
    entry, users = find_entry(own, target.project_id), f"{target.project_id}/Users/"
    before = own.beside(str((entry or {}).get("bucket") or ""))
    now = own.beside(target.bucket)
    if entry is None or before.name == now.name:
        return
    with naming_permission("s3:ListBucket", f"{before.name} below {users}", target.project_id):
        if _holds(before, users) and not now.holds(users):
            raise CliError(
                f"{target.project_id} has participants in the bucket {before.name}; "
                f"in {now.name} they would all start again",
                "Keep `bucket` as it was, publish under another id, or copy their records there first.",
            )


def _holds(bucket: Bucket, prefix: str) -> bool:
    try:
        return bucket.holds(prefix)
    except ClientError as error:
        if read_code(error) == "NoSuchBucket":
            return False
        raise


def _check_definition(target: Target, definition: Mapping[str, Any]) -> list[Finding]:
    line = target.study.config_file.find_line(("project", "ecsTask"))
    stack = target.stack
    return check_definition(definition, read_roles(stack), line, stack.limits, stack.get("LogGroupPrefix"))


def _check_foreign_definition(target: Target) -> list[Finding]:
    """Return warnings about a task definition that the researcher registers by other means."""
    try:
        found = task_definition.find_newest(target.connection.make_client("ecs"), target.project_id)
    except CliError:  # publishing such a study requires no permission for ECS
        return []
    findings = _check_definition(target, found) if found else []
    return [replace(finding, severity=Severity.WARNING) for finding in findings]


def _check_runtime(target: Target) -> list[Finding]:
    wanted = read_number(target.study.project.get("maxRuntime"))
    most = read_number(target.stack.get("MaxRuntime"))
    if not wanted or not most or wanted <= most or not has_game(target.study):
        return []
    line = target.study.config_file.find_line(("project", "maxRuntime"))
    what = f"this deployment stops game servers after {most} minutes, even if maxRuntime is longer"
    fix = f"Write {most} or less, or ask the operator for a longer MaxRuntime."
    return [warning("runtime", CONFIG_FILE, line, "project.maxRuntime", what, fix)]


def _plan_server(target: Target, request: Request, s3: Any) -> tuple[ServerPlan, list[Finding]]:
    newest = task_definition.find_newest(target.connection.make_client("ecs"), target.project_id)
    if newest is None and not target.stack["TaskExecutionRoleArn"]:
        raise AwsError(
            f"the task definition {target.project_id} does not exist, and no stack names roles for it",
            f"Pass --stack, or ask the operator to {UPGRADE}.",
        )
    if request.image:
        trial = to_wire(build_trial(target.study, target.project_id, target.bucket))
        image = check_reference(target.connection.make_client("ecr"), request.image, target.connection.region)
        return ServerPlan(build_settings(target, image, json.dumps(trial)), newest), []
    registry = make_registry(target)
    registry.check_name()
    repository = registry.find()
    if request.keeps_image:
        present = _find_present(target, registry, repository, newest)
        return ServerPlan(build_settings(target, present), newest), []
    prepared = prepare_files(target.study, target.project_id, target.stack, target.bucket, s3)
    context = make_context(target.study, prepared.files)
    digest = registry.find_digest(context.tag) if repository and not request.rebuilds else None
    image = f"{repository}@{digest}" if digest else f"{repository or registry.name}:{context.tag}"
    settings = build_settings(target, image)
    has_role = bool(settings.task_role or (newest or {}).get("taskRoleArn"))
    findings = [*prepared.findings, *check_credentials(target.study, has_role=has_role)]
    return ServerPlan(settings, newest, context, repository, digest is not None), findings


def make_registry(target: Target) -> Registry:
    """Return the registry of the deployment's region."""
    return Registry(target.connection.make_client("ecr"), target.project_id)


def _find_present(
    target: Target, registry: Registry, repository: str | None, newest: Mapping[str, Any] | None
) -> str:
    image = task_definition.find_image(newest, registry.name)
    if image:  # existing scripts use a tag, which is pinned here
        return check_reference(target.connection.make_client("ecr"), image, target.connection.region)
    digest = registry.find_newest() if repository else None
    if not digest:
        raise CliError(
            f"{registry.name} has no image yet", "Let it be built, or pass an existing one: --image."
        )
    return f"{repository}@{digest}"


def build_settings(target: Target, image: str, trial: str = "") -> ServerSettings:
    """Return the task definition's settings; `trial` is for images that were not built for this study."""
    cost, stack = find_cost(target.study), target.stack
    if cost is None:
        raise CliError("the size of the game server is not valid", "Run `hippo check` for details.")
    prefix = stack.get("LogGroupPrefix")
    return ServerSettings(
        family=target.project_id,
        image=image,
        cpu=cost.cpu,
        memory=cost.memory,
        task_role=stack["TaskRoleArn"],
        execution_role=stack["TaskExecutionRoleArn"],
        log_group=f"{prefix}{target.project_id}" if prefix else "",
        region=target.connection.region,
        certificate="" if carries_certificate(stack) else stack["GameCertificate"],
        trial=trial,
    )
