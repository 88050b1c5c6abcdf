"""`hippo pause` and `hippo resume`: whether a published study is open."""

from typing import Annotated

import typer

from hippo_cli.errors import UsageError
from hippo_cli.operations.platform import open_platform, read_project
from hippo_cli.operations.switching import switch_project
from hippo_cli.output import JsonOption, say, show_json

ProjectArgument = Annotated[
    str | None, typer.Argument(metavar="PROJECT", help="Its id; by default the study of this folder.")
]


def pause(context: typer.Context, project: ProjectArgument = None, as_json: JsonOption = False) -> None:
    """Close a study: nobody gets a further page. What has been answered, and its version, stay as they are.

    Servers that run go on until they are stopped (`hippo stop --all`) or their time is over.
    """
    project_id = _switch(context, project, live=False)
    if as_json:
        show_json({"projectId": project_id, "live": False})
        return
    say(f"{project_id} is closed in some ten seconds; `hippo resume {project_id}` opens it again.")
    say("Publishing it with `live: true` in its config opens it as well.", "dim")


def resume(context: typer.Context, project: ProjectArgument = None, as_json: JsonOption = False) -> None:
    """Open a study again: participants go on where they were, with the version that they began with."""
    project_id = _switch(context, project, live=True)
    if as_json:
        show_json({"projectId": project_id, "live": True})
        return
    say(f"{project_id} is open in some ten seconds.")


def _switch(context: typer.Context, project: str | None, *, live: bool) -> str:
    platform = open_platform(context.obj)
    project_id = read_project(project) if project else platform.folder_project
    if not project_id:
        raise UsageError("no project is named", "Give its id, or go into the study's folder.")
    switch_project(platform, project_id, live)
    return project_id
