"""`updateProject.py`: publishing with the name and the questions of the existing deployment script.

Run it in the study's folder. It does what `hippo publish` does, with the defaults of deployments that
predate it, and it writes the same two files as the existing script.
"""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError
from dotenv import dotenv_values

from hippo_cli.aws_errors import is_denied
from hippo_cli.checks.server import has_game
from hippo_cli.commands.check import AllowSecretOption, show_findings
from hippo_cli.commands.publish import carry_out, find_problems, refuse_errors, show_outcome, show_plan
from hippo_cli.confirmation import prompt
from hippo_cli.connection import Connection, Flags, connect
from hippo_cli.errors import AwsError, ExitCode, UsageError
from hippo_cli.guard import guard
from hippo_cli.image.docker import check_docker
from hippo_cli.image.image_files import build_trial
from hippo_cli.output import say, say_error
from hippo_cli.publishing.plan import Plan, Request, Target, check_image_name, make_plan, make_registry
from hippo_cli.publishing.run import Outcome
from hippo_cli.publishing.task_definition import find_newest
from hippo_cli.publishing.written_files import read_project, write_project, write_trial
from hippo_cli.stack import Stack, find_stack
from hippo_cli.study_folder import APP_FOLDER, StudyFolder, open_study
from hippo_local.console import silence_libraries, take_any_characters

# Names in existing deployments.
REGION = "ca-central-1"
FUNCTION = "HIPPO_Gym_update_project_master_list"
ROLE = "ecsTaskExecutionRole"
_IMAGE_PART = re.compile(r"(@[^/]*|:[^/@]*)$")  # the tag or digest after a repository's address
_DEVELOPING = "python3 communicator.py dev"
# All that is taken from a folder's .env, which may be someone else's: who publishes, and where to. Other
# variables can run programs, as AWS_CONFIG_FILE does, or send credentials elsewhere.
_TAKEN = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "HIPPO_STACK",
}
_FOR_TOOLS = re.compile(r"(?:AWS|DOCKER|SSL|REQUESTS)_.*|BOTO.*|.*_PROXY", re.IGNORECASE)
# The exact questions of the existing script, so that programs that reply to them keep working.
_BUILD = "Do you want to deploy docker now? [y/n]"
_CONTINUE = "dev flag set in App/xvfb.sh file, ssl and s3uploading dissabled. Do you want to continue? [y/n]"

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


def update_project(
    context: typer.Context,
    stack: Annotated[
        str | None, typer.Option(envvar="HIPPO_STACK", help="Prefix or CloudFormation name of the stack.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile (default: AWS_PROFILE).")] = None,
    region: Annotated[
        str | None, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help=f"AWS region ({REGION}).")
    ] = None,
    image: Annotated[
        str | None,
        typer.Option("--image", help="Use this existing image instead of building one with Docker."),
    ] = None,
    allowed: AllowSecretOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to all questions.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the stack trace of an error.")] = False,
) -> None:
    """Publish the study in this folder: pages, image and task definition, then the entry in the project list.

    Without useAWS, nothing is published, and only the files for running the game server here are written.
    """
    flags = context.obj = Flags(stack, profile, region, debug)
    check_image_name(image)
    study = open_study(Path())
    findings = find_problems(study, image, allowed)
    show_findings(findings)
    refuse_errors(findings)
    project = read_project(study)
    if not project.get("useAWS"):
        trial = build_trial(study, str(project["id"]), str(study.project.get("bucket") or ""))
        _write_files(study, project, trial)
        say("useAWS is not true, so nothing was published.")
        return
    target = _find_target(flags, study)
    trial = build_trial(study, target.project_id, target.bucket)
    plan = make_plan(target, _ask_whether_to_build(target, image, yes))
    show_findings(plan.findings)
    refuse_errors(plan.findings)
    if plan.server and not plan.server.is_built:
        check_docker()
        _ask_whether_to_continue(study, yes)
    show_plan(plan, deletes=False)
    outcome = carry_out(plan, deletes=False)
    show_outcome(plan, outcome, [*findings, *plan.findings])
    _write_files(study, _fill_in(project, target, plan, outcome), trial)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with one of errors.ExitCode.

    `.env` in the study's folder may set credentials, region and stack; variables that are already set win.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    take_any_characters()
    silence_libraries(arguments)  # again: a study's own updateProject.py begins here
    _load_environment()
    app(args=arguments, prog_name="updateProject.py")


def _load_environment() -> None:
    try:
        values = dotenv_values(Path(".env"), interpolate=False)
        for name in _TAKEN & values.keys():
            os.environ.setdefault(name, values[name] or "")
    except (OSError, ValueError) as error:
        say_error(f".env cannot be read: {error}", "bold red")
        say_error("Save it as UTF-8, with lines such as AWS_PROFILE=researcher.")
        sys.exit(ExitCode.MACHINE)
    if ignored := sorted(name for name in values.keys() - _TAKEN if _FOR_TOOLS.fullmatch(name)):
        say_error(f".env: ignored {', '.join(ignored)}", "yellow")
        say_error(
            "Only credentials, profile, region and HIPPO_STACK are taken from it. Set others in your shell."
        )


def _find_target(flags: Flags, study: StudyFolder) -> Target:
    try:
        connection = connect(flags, study.project)
    except UsageError:
        connection = connect(replace(flags, region=REGION), study.project)
    return Target(study, connection, _find_stack(connection, study))


def _find_stack(connection: Connection, study: StudyFolder) -> Stack:
    """Return the stack. Without one, return the existing deployment if the config names a bucket."""
    try:
        return find_stack(connection)
    except (AwsError, ClientError) as error:
        bucket = study.project.get("bucket")
        if connection.stack or not bucket or (isinstance(error, ClientError) and not is_denied(error)):
            raise
    values = {
        "BucketName": str(bucket),
        "UpdateFunctionName": FUNCTION,
        "TaskRoleArn": "",
        "TaskExecutionRoleArn": _choose_role(connection, str(study.project["id"])),
    }
    return Stack(FUNCTION, connection.region, values)


def _choose_role(connection: Connection, family: str) -> str:
    """Return the account's role for a first task definition; empty if one exists, which keeps its role."""
    if find_newest(connection.make_client("ecs"), family):
        return ""
    caller = connection.make_client("sts").get_caller_identity()["Arn"]
    partition, account = caller.split(":")[1], caller.split(":")[4]
    return f"arn:{partition}:iam::{account}:role/{ROLE}"


def _ask_whether_to_build(target: Target, image: str | None, yes: bool) -> Request:
    """Ask the existing script's question. Without an image yet, one is built without asking."""
    if image or yes or not has_game(target.study):
        return Request(image=image)
    registry = make_registry(target)
    exists = registry.find() and registry.find_newest()
    return Request(keeps_image=bool(exists) and not _is_yes(_BUILD))


def _ask_whether_to_continue(study: StudyFolder, yes: bool) -> None:
    script = study.directory / APP_FOLDER / "xvfb.sh"
    is_developing = script.is_file() and _DEVELOPING in script.read_text(encoding="utf-8", errors="replace")
    if is_developing and not yes and not _is_yes(_CONTINUE):
        raise typer.Exit(ExitCode.PROBLEMS)


def _is_yes(question: str) -> bool:
    """Return whether the reply is y or yes; anything else is no."""
    reply = prompt(lambda: typer.prompt(question, default="", show_default=False, prompt_suffix=" "))
    return str(reply).strip().lower() in ("y", "yes")


def _write_files(study: StudyFolder, project: dict[str, Any], trial: dict[str, Any]) -> None:
    write_trial(study, trial)
    write_project(study, project, trial)


def _fill_in(project: dict[str, Any], target: Target, plan: Plan, outcome: Outcome) -> dict[str, Any]:
    """Return the project as it was published."""
    setup = dict(project.get("awsSetup") or {})
    names = {"containerName": target.project_id, "repository": target.project_id}
    # From the outcome, because the repository may have been created in this run.
    is_own = plan.server is not None and plan.server.context is not None
    image = {"repositoryUri": _IMAGE_PART.sub("", outcome.image or "")} if is_own else {}
    filled = {**project, "ecsTask": target.project_id, "bucket": target.bucket}
    return {**filled, "awsSetup": {**setup, **names, **image}}


app.command()(guard(update_project))
