"""`updateProject.py`: publishing by the name, and with the questions, of the existing deployment script.

It is run in the study's folder. What it does is `hippo publish`, with the defaults of deployments that know
nothing of that, and it leaves the two files that the existing script leaves.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError
from dotenv import load_dotenv

from hippo_cli.aws_errors import is_denied
from hippo_cli.checks.server import has_game
from hippo_cli.commands.check import show_findings
from hippo_cli.commands.publish import carry_out, find_problems, show_outcome, show_plan
from hippo_cli.connection import Connection, Flags, connect
from hippo_cli.errors import AwsError, CliError, ExitCode, UsageError
from hippo_cli.findings import count_errors
from hippo_cli.guard import guard
from hippo_cli.image.docker import check_docker
from hippo_cli.image.image_files import build_trial
from hippo_cli.output import say, say_error
from hippo_cli.publishing.plan import Plan, Target, Wishes, check_image_name, make_plan, make_registry
from hippo_cli.publishing.run import Outcome
from hippo_cli.publishing.task_definition import find_newest
from hippo_cli.publishing.written_files import read_project, write_project, write_trial
from hippo_cli.stack import Stack, find_stack
from hippo_cli.study_folder import APP_FOLDER, StudyFolder, open_study
from hippo_local.console import take_any_characters

# What existing deployments are called.
REGION = "ca-central-1"
FUNCTION = "HIPPO_Gym_update_project_master_list"
ROLE = "ecsTaskExecutionRole"
_IMAGE_PART = re.compile(r"(@[^/]*|:[^/@]*)$")  # what follows a repository's address
_DEVELOPING = "python3 communicator.py dev"
# Word for word, so that what answers them by itself goes on working.
_BUILD = "Do you want to deploy docker now? [y/n]"
_GO_ON = "dev flag set in App/xvfb.sh file, ssl and s3uploading dissabled. Do you want to continue? [y/n]"

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


def update_project(
    context: typer.Context,
    stack: Annotated[
        str | None, typer.Option(envvar="HIPPO_STACK", help="Prefix or CloudFormation name of the stack.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile (else AWS_PROFILE).")] = None,
    region: Annotated[
        str | None, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help=f"AWS region ({REGION}).")
    ] = None,
    image: Annotated[
        str | None, typer.Option("--image", help="An image that is there; Docker is not used then.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer all questions with yes.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
) -> None:
    """Publish the study of this folder: pages, image and task definition, then its entry in the list.

    Without useAWS nothing is published; the files for running the game server here are written.
    """
    flags = context.obj = Flags(stack, profile, region, debug)
    check_image_name(image)
    study = open_study(Path())
    findings = find_problems(study, image)
    show_findings(findings)
    if count_errors(findings):
        raise CliError(
            f"the study has {count_errors(findings)} errors, so nothing is done", "Mend them first."
        )
    project = read_project(study)
    if not project.get("useAWS"):
        trial = build_trial(study, str(project["id"]), str(study.project.get("bucket") or ""))
        _write_files(study, project, trial)
        say("useAWS is not true, so nothing is published.")
        return
    target = _find_target(flags, study)
    trial = build_trial(study, target.project_id, target.bucket)
    plan = make_plan(target, _ask_whether_to_build(target, image, yes))
    if plan.server and not plan.server.is_built:
        check_docker()
        _ask_whether_to_go_on(study, yes)
    show_findings(plan.findings)
    show_plan(plan, deletes=False)
    outcome = carry_out(plan, deletes=False)
    show_outcome(plan, outcome, [*findings, *plan.findings])
    _write_files(study, _fill_in(project, target, plan, outcome), trial)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; ends the process with one of errors.ExitCode.

    `.env` of the study's folder may name credentials and region; what is set already goes before.
    """
    take_any_characters()
    _load_environment()
    app(args=list(sys.argv[1:] if arguments is None else arguments), prog_name="updateProject.py")


def _load_environment() -> None:
    try:
        load_dotenv(Path(".env"))
    except (OSError, ValueError) as error:
        say_error(f".env cannot be read: {error}", "bold red")
        say_error("Save it as UTF-8, with lines such as AWS_PROFILE=lab.")
        sys.exit(ExitCode.MACHINE)


def _find_target(flags: Flags, study: StudyFolder) -> Target:
    try:
        connection = connect(flags, study.project)
    except UsageError:
        connection = connect(replace(flags, region=REGION), study.project)
    return Target(study, connection, _find_stack(connection, study))


def _find_stack(connection: Connection, study: StudyFolder) -> Stack:
    """The stack; where none is named or found, and the config names a bucket, what was always meant."""
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
    """The account's role of this name for a first task definition; an existing one keeps its own."""
    if find_newest(connection.make_client("ecs"), family):
        return ""
    who = connection.make_client("sts").get_caller_identity()["Arn"]
    partition, account = who.split(":")[1], who.split(":")[4]
    return f"arn:{partition}:iam::{account}:role/{ROLE}"


def _ask_whether_to_build(target: Target, image: str | None, yes: bool) -> Wishes:
    """The existing script's question; the image is built without it if there is none yet."""
    if image or yes or not has_game(target.study):
        return Wishes(image=image)
    registry = make_registry(target)
    is_there = registry.find() and registry.find_newest()
    return Wishes(keeps_image=bool(is_there) and not _confirm(_BUILD))


def _ask_whether_to_go_on(study: StudyFolder, yes: bool) -> None:
    script = study.directory / APP_FOLDER / "xvfb.sh"
    is_developing = script.is_file() and _DEVELOPING in script.read_text(encoding="utf-8", errors="replace")
    if is_developing and not yes and not _confirm(_GO_ON):
        raise typer.Exit(ExitCode.PROBLEMS)


def _confirm(question: str) -> bool:
    """Anything but y or yes is no."""
    try:
        answer = typer.prompt(question, default="", show_default=False, prompt_suffix=" ")
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise UsageError("there is nobody to ask", "Give --yes.") from None
    return str(answer).strip().lower() in ("y", "yes")


def _write_files(study: StudyFolder, project: dict[str, Any], trial: dict[str, Any]) -> None:
    write_trial(study, trial)
    write_project(study, project, trial)


def _fill_in(project: dict[str, Any], target: Target, plan: Plan, outcome: Outcome) -> dict[str, Any]:
    """The project as it was published."""
    setup = dict(project.get("awsSetup") or {})
    names = {"containerName": target.project_id, "repository": target.project_id}
    # Of the outcome, since the repository may have been made only now.
    is_own = plan.server is not None and plan.server.context is not None
    image = {"repositoryUri": _IMAGE_PART.sub("", outcome.image or "")} if is_own else {}
    filled = {**project, "ecsTask": target.project_id, "bucket": target.bucket}
    return {**filled, "awsSetup": {**setup, **names, **image}}


app.command()(guard(update_project))
