"""The guard against deleting a stack that has game servers: only the stack can stop them."""

import logging
import re
from dataclasses import dataclass

from hippo.aws.cloudformation import Stacks
from hippo.aws.ecs import Containers
from hippo.aws.events import ShutdownRules
from hippo.aws.functions import FunctionSwitch
from hippo.clock import Clock
from hippo.errors import AwsError

logger = logging.getLogger(__name__)

# A resource's Delete request also comes when a creation or an update is rolled back.
_STACK_DELETION = "DELETE_IN_PROGRESS"
# A start that began before starts were turned off arms its rule first, and has done so after this time.
_SETTLE_SECONDS = 10
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class GuardTools:
    """The services of the guard, and the switch of the function that starts servers."""

    stacks: Stacks
    containers: Containers
    rules: ShutdownRules
    starts: FunctionSwitch


class DeletionGuard:
    """The guard against deleting the stack whose servers' names begin with `prefix`."""

    def __init__(self, tools: GuardTools, prefix: str, clock: Clock) -> None:
        self._tools = tools
        self._prefix = prefix
        self._clock = clock

    def find_objection(self, stack_id: str) -> str:
        """Return why the stack must not be deleted and what to do; empty if it may be: starts are then off.

        A rollback never has objections. Raises AwsError if AWS does not list the servers.
        """
        if not self._is_deletion(stack_id):
            return ""
        left = self.list_servers()
        if not left and self._turn_off_starts():
            try:
                self._clock.sleep(_SETTLE_SECONDS)
                left = self.list_servers()
            except BaseException:
                self._tools.starts.turn_on()
                raise
            if left:
                self._tools.starts.turn_on()
        return describe_objection(left) if left else ""

    def list_servers(self) -> list[str]:
        """Return the names of all servers that have a shutdown alarm or a cluster."""
        names = self._tools.rules.list_names(f"{self._prefix}-")
        clusters = self._tools.containers.list_clusters(f"{self._prefix}-")
        if clusters:
            found = self._tools.containers.describe_clusters(clusters)
            names |= {cluster.name for cluster in found if cluster.status != "INACTIVE"}
        # Other stacks' rules may have the prefix: CloudFormation names them after the stack, hippo-x-MyRule-…
        pattern = re.compile(rf"{re.escape(self._prefix)}-[1-9][0-9]*-[a-z0-9-]+")
        return sorted(name for name in names if pattern.fullmatch(name))

    def _is_deletion(self, stack_id: str) -> bool:
        try:
            return self._tools.stacks.find_status(stack_id) == _STACK_DELETION
        except AwsError as error:
            logger.warning("taken for a deletion of the stack", extra={"why": str(error)[:300]})
            return True

    def _turn_off_starts(self) -> bool:
        """Turn starts off; return whether that worked. If not, deletion continues: it must stay possible."""
        try:
            self._tools.starts.turn_off()
        except AwsError as error:
            logger.warning("starts are not turned off", extra={"why": str(error)[:300]})
            return False
        return True


def describe_objection(names: list[str]) -> str:
    """Return the text that CloudFormation shows next to DELETE_FAILED."""
    shown = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
    one = len(names) == 1
    count, them = ("1 game server is", "it") if one else (f"{len(names)} game servers are", "them")
    return (
        f"{count} left ({shown}), and only this stack can stop {them}. Close the studies (live: false), "
        f"wait for {them} to end or stop {them} by hand (docs/howto/operate.md), then delete the stack again."
    )
