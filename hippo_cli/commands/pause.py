"""`hippo pause` and `hippo resume`: closing and opening a published study."""

from typing import Annotated

import typer

from hippo_cli.errors import UsageError
from hippo_cli.operations.platform import open_platform, parse_project
from hippo_cli.operations.switching import set_live
from hippo_cli.output import JsonOption, say, show_json

ProjectArgument = Annotated[
    str | None, typer.Argument(metavar="PROJECT", help="Project id. Default: the study in this folder.")
]


def pause(context: typer.Context, project: ProjectArgument = None, as_json: JsonOption = False) -> None:
    """Close a study, so that participants get no more pages. Answers and the version stay unchanged.

    Running servers continue until they are stopped (`hippo stop --all`) or reach their deadline.
    """
    project_id = _switch(context, project, live=False)
    if as_json:
        show_json({"projectId": project_id, "live": False})
        return
    say(f"{project_id} will be closed within about ten seconds. To open it again: hippo resume {project_id}")
    say("Publishing it with `live: true` in its config also opens it.", "dim")


def resume(context: typer.Context, project: ProjectArgument = None, as_json: JsonOption = False) -> None:
    """Open a study again. Participants continue where they were, with the version that they began with."""
    project_id = _switch(context, project, live=True)
    if as_json:
        show_json({"projectId": project_id, "live": True})
        return
    say(f"{project_id} will be open within about ten seconds.")


def _switch(context: typer.Context, project: str | None, *, live: bool) -> str:
    platform = open_platform(context.obj)
    project_id = parse_project(project) if project else platform.folder_project
    if not project_id:
        raise UsageError("no project given", "Pass its id, or run the command in the study's folder.")
    set_live(platform, project_id, live)
    return project_id
