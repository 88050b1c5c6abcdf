"""`hippo pause` and `hippo resume`: closing and opening a published study."""

from typing import Annotated

import typer

from hippo_cli.errors import UsageError
from hippo_cli.operations.platform import open_platform, read_project
from hippo_cli.operations.switching import switch_project
from hippo_cli.output import JsonOption, say, show_json

ProjectArgument = Annotated[
    str | None, typer.Argument(metavar="PROJECT", help="Project id (default: the study in this folder).")
]


def pause(context: typer.Context, project: ProjectArgument = None, as_json: JsonOption = False) -> None:
    """Close a study: participants get no more pages. Answers and the published version are kept.

    Running servers continue until you stop them (`hippo stop --all`) or their time is up.
    """
    project_id = _switch(context, project, live=False)
    if as_json:
        show_json({"projectId": project_id, "live": False})
        return
    say(f"{project_id} is closed within about ten seconds. `hippo resume {project_id}` opens it again.")
    say("Publishing it with `live: true` in its config also opens it.", "dim")


def resume(context: typer.Context, project: ProjectArgument = None, as_json: JsonOption = False) -> None:
    """Open a study again: participants continue where they were, in the version that they started with."""
    project_id = _switch(context, project, live=True)
    if as_json:
        show_json({"projectId": project_id, "live": True})
        return
    say(f"{project_id} is open within about ten seconds.")


def _switch(context: typer.Context, project: str | None, *, live: bool) -> str:
    platform = open_platform(context.obj)
    project_id = read_project(project) if project else platform.folder_project
    if not project_id:
        raise UsageError("no project is named", "Pass its id, or run this in the study's folder.")
    switch_project(platform, project_id, live)
    return project_id
