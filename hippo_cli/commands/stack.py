"""`hippo stack`: the deployment that the other commands would use, with its parameters."""

from pathlib import Path
from typing import Annotated

import typer

from hippo_cli.connection import connect
from hippo_cli.output import JsonOption, show_json, show_table
from hippo_cli.stack import find_stack
from hippo_cli.study_folder import open_study, read_folder_project


def stack(
    context: typer.Context,
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A study's folder; its awsSetup may name region and stack."),
    ] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Show which deployment of HIPPO Gym is used, with its addresses and resource names."""
    found = find_stack(connect(context.obj, read_folder_project(open_study(directory).directory)))
    if as_json:
        show_json({"stack": found.name, "region": found.region, "values": dict(found.values)})
        return
    show_table(f"{found.name} in {found.region}", ("name", "value"), sorted(found.values.items()))
