"""The check that the studies of the stack belong to their researchers."""

from collections.abc import Iterator

from hippo.ids import is_project_id
from hippo.studies.ownership import name_config
from hippo_cli.connection import Connection
from hippo_cli.data.bucket import Bucket
from hippo_cli.data.studies import list_entries
from hippo_cli.doctor.results import Result, ok, unknown, warning
from hippo_cli.findings import format_count
from hippo_cli.publishing.own_config import supports_own_config
from hippo_cli.stack import UPGRADE, Stack

OWNERS = "owners of studies"
_SHOWN = 10


def check_owners(connection: Connection, stack: Stack, project_id: str | None) -> Iterator[Result]:
    """Warn of studies without an own config: of all listed ones, or of the project if the list is denied."""
    if not supports_own_config(stack):
        advice = f"Ask the operator to {UPGRADE}."
        yield unknown(OWNERS, "any researcher of this deployment can replace any config", advice)
        return
    bucket = Bucket(connection.make_client("s3"), stack.bucket)
    listed = {str(entry.get("id")) for entry in list_entries(bucket) or ()}
    wanted = [one for one in sorted(listed or {project_id or ""}) if is_project_id(one)]
    bare = [one for one in wanted if not bucket.holds(name_config(one))]
    if not wanted:
        yield unknown(OWNERS, "no project given", "Pass --project ID.")
    elif bare:
        names = ", ".join(bare[:_SHOWN]) + (", …" if len(bare) > _SHOWN else "")
        yield warning(
            OWNERS,
            f"any researcher can replace the config of {format_count(len(bare), 'project')}: {names}",
            "Publish them with `hippo publish`, whose config only their researchers can change.",
        )
    else:
        yield ok(OWNERS, f"{format_count(len(wanted), 'project')} with an own config")
