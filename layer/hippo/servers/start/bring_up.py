"""The start of a participant's server: shutdown alarm first, then cluster, task, name and a connection test.

At every moment the record says which invocation is at work and until when. Only `stop_server` tears down.
"""

import logging
from datetime import timedelta

from hippo.aws.ecs import PROVIDERS, RunResult, TaskState, is_capacity_shortage
from hippo.aws.events import arm_ahead
from hippo.clock import Clock, Pace, poll
from hippo.errors import (
    ConflictError,
    FencedError,
    HippoError,
    OverridesError,
    PermanentError,
    TaskEndedError,
    TransientError,
)
from hippo.invocation import Invocation
from hippo.records.codes import EndReason, ServerState, TicketUse
from hippo.records.messages import StartMessage
from hippo.records.server import HeldServer, ServerRecord, build_attempt_stop, build_tags
from hippo.servers.counters import count_failed, count_ready
from hippo.servers.start.claims import ServerClaims
from hippo.servers.start.host_name import name_server
from hippo.servers.start.tasks import (
    CapacityError,
    check_alive,
    check_not_ended,
    list_providers,
    name_client_token,
    try_subnets,
)
from hippo.servers.start.tools import GAME_PORT, StartTools

logger = logging.getLogger(__name__)

_KEPT_ADDRESSES = 12
_LONGEST_ERROR = 500


class ServerStart:
    """One invocation's start of a server."""

    def __init__(
        self,
        claims: ServerClaims,
        tools: StartTools,
        stack: str,
        invocation: Invocation,
        clock: Clock,
        first_dns_check: timedelta,
    ) -> None:
        self._claims = claims
        self._tools = tools
        self._stack = stack
        self._clock = clock
        self._invocation = invocation
        self._first_dns_check = first_dns_check

    def start(self, message: StartMessage) -> None:
        """Bring up the server that the message asks for, unless there is nothing to do.

        Raises TransientError when a later try may succeed. The record's lease is then released, and the
        record says why the try failed.
        """
        held = self._claims.claim(message)
        if held is None:
            return
        try:
            self._bring_up_or_release(held)
        except FencedError:
            self._log("overtaken", held.record)
            if self._claims.release_overtaken(held.record):
                self._tools.request_stop(held.record)

    def _bring_up_or_release(self, held: HeldServer) -> None:
        try:
            self._bring_up(held)
        except FencedError:
            raise
        except PermanentError as error:
            self._fail(held, error)
        except HippoError as error:
            self._release(held, error)
            raise

    def _bring_up(self, held: HeldServer) -> None:
        self._arm_rule(held)
        # After the rule, which frees the slot whatever happens to this start.
        if not self._claims.claim_slots_or_requeue(held):
            self._tools.request_stop(held.record, EndReason.NO_SLOT)
            return
        record = held.check()
        self._tools.containers.create_cluster(record.cluster, self._tags(record))
        self._await_cluster(held)
        for provider in list_providers(record):
            try:
                self._bring_up_on(held, provider)
                now = self._clock.now()
                held.update(
                    check_not_ended, state=ServerState.READY, ready_at=now, lease_until=None, problem=""
                )
            except CapacityError as error:
                self._log("no capacity", held.record, provider=provider, detail=str(error)[:200])
                continue
            self._log("ready", held.record, provider=provider, task=held.record.task_arn)
            count_ready(held.record)
            return
        held.update(capacity_provider="", task_arn="", rounds=held.record.rounds + 1)
        raise TransientError(f"{record.user_id}: no capacity on {' or '.join(PROVIDERS)}")

    def _arm_rule(self, held: HeldServer) -> None:
        """Arm the rule before anything that costs money exists."""
        record = held.record
        while True:
            deadline = record.deadline or self._invocation.until
            if deadline <= self._clock.now():
                raise PermanentError("the deadline passed before the server could start")
            message = build_attempt_stop(record, EndReason.MAX_RUNTIME)
            tags = self._tags(record)
            arm_ahead(self._tools.rules, self._clock, record.rule_name, deadline, message, tags)
            record = held.check()
            if record.deadline is None or record.deadline >= deadline:
                return  # otherwise a delayed stop has moved it earlier meanwhile

    def _await_cluster(self, held: HeldServer) -> None:
        name = held.record.cluster

        def is_active() -> bool | None:
            if self._tools.containers.find_cluster_status(name) == "ACTIVE":
                return True
            held.check()  # a stop may have deleted it
            return None

        poll(is_active, clock=self._clock, until=self._invocation.until, what=f"cluster {name}")

    def _bring_up_on(self, held: HeldServer, provider: str) -> None:
        """Run the task on this provider, name it, and wait for its port. Raises CapacityError."""

        def run(full: tuple[str, ...]) -> tuple[str, str]:
            arn = self._run_task(held, provider, full)
            return arn, self._await_address(held, arn)

        subnets = self._tools.containers.subnets
        task_arn, address = try_subnets(subnets, run, lambda: held.update(task_arn=""))
        known = (*(a for a in held.record.addresses if a != address), address)[-_KEPT_ADDRESSES:]
        held.update(public_ip=address, addresses=known)
        change_id = name_server(self._tools.host_names, held.record, address)
        self._await_answer(held, task_arn, address, change_id)

    def _run_task(self, held: HeldServer, provider: str, full: tuple[str, ...]) -> str:
        record = held.record
        if record.task_arn and record.capacity_provider == provider:
            return record.task_arn
        task = self._tools.find_task(record)
        record = held.update(capacity_provider=provider, task_arn="", **task)
        try:
            result = self._request_task(held, provider, full)
        except ConflictError:
            # The same token with other parameters: the stack was deployed with another security group or
            # subnet between two of our tries. Continue with the task of the first try.
            running = self._tools.containers.list_tasks(record.cluster)
            if not running:
                raise TransientError(f"{record.user_id}: RunTask conflicts, no task is visible yet") from None
            return held.update(task_arn=running[0]).task_arn
        if result.task_arn:
            return held.update(task_arn=result.task_arn).task_arn
        if any(is_capacity_shortage(reason) for reason in result.failures):
            raise CapacityError("; ".join(result.failures))
        raise TransientError(f"{record.user_id}: RunTask failed: {'; '.join(result.failures) or 'no task'}")

    def _request_task(self, held: HeldServer, provider: str, full: tuple[str, ...]) -> RunResult:
        """Call RunTask. If it refuses the variables, a server that needs no group runs without tickets."""
        try:
            return self._run_with_variables(held.record, provider, full)
        except OverridesError as error:
            if held.record.group is not None:
                raise
            self._log("without tickets", held.record, error=str(error)[:200])
            record = held.update(tickets=TicketUse.NONE, ticket_key="")
            return self._run_with_variables(record, provider, full)

    def _run_with_variables(self, record: ServerRecord, provider: str, full: tuple[str, ...]) -> RunResult:
        return self._tools.containers.run_task(
            record.cluster,
            record.task_definition,
            provider,
            name_client_token(record, provider, full),
            self._tags(record),
            full,
            record.container,
            self._tools.list_variables(record),
        )

    def _await_address(self, held: HeldServer, task_arn: str) -> str:
        def find_address() -> str | None:
            task = self._find_living_task(held, task_arn)
            if task is None or task.interface_id is None:
                return None
            return self._tools.interfaces.find_public_ip(task.interface_id)

        return poll(
            find_address, clock=self._clock, until=self._invocation.until, what=f"the address of {task_arn}"
        )

    def _find_living_task(self, held: HeldServer, task_arn: str) -> TaskState | None:
        """Return the task, None while ECS does not show it.

        Raises FencedError and what `check_alive` raises.
        """
        task = self._tools.containers.describe_task(held.record.cluster, task_arn)
        if task is None:
            held.check()  # not visible yet, or a stop has deleted the cluster
        else:
            check_alive(task)
        return task

    def _await_answer(self, held: HeldServer, task_arn: str, address: str, change_id: str) -> None:
        """Wait until the port answers and every name server knows the name.

        A client that asks too early gets NXDOMAIN, which resolvers cache for up to 15 minutes. Route 53
        takes about 30 s and allows five requests a second per account, so it is asked late and rarely.
        Trying the port is not an AWS call, so it is done often.
        """
        ask_from = self._clock.now() + self._first_dns_check
        state = {"answers": False, "in sync": False}
        pace = Pace(self._clock)

        def check() -> bool | None:
            if not state["answers"]:
                state["answers"] = self._tools.connect(address, GAME_PORT)
            if pace.is_due():
                if not state["answers"]:
                    self._find_living_task(held, task_arn)
                if not state["in sync"] and self._clock.now() >= ask_from:
                    state["in sync"] = self._tools.host_names.is_in_sync(change_id)
            if not all(state.values()):
                return None
            # The task may have ended while its name was still unknown.
            state["answers"] = self._tools.connect(address, GAME_PORT)
            return True if state["answers"] else None

        what = f"{address} to answer by its name"
        poll(check, clock=self._clock, until=self._invocation.until, what=what, first=0.25, most=0.5)

    def _fail(self, held: HeldServer, error: PermanentError) -> None:
        """Record that this attempt has failed, and request its stop."""
        self._log("failed", held.record, error=str(error)[:200], task=held.record.task_arn)
        count_failed(held.record.project_id, held.record.user_id, str(error))
        reason = EndReason.TASK_ENDED if isinstance(error, TaskEndedError) else EndReason.FAILED
        held.update(
            state=ServerState.FAILED, error=str(error)[:_LONGEST_ERROR], reason=reason, lease_until=None
        )
        self._tools.request_stop(held.record, EndReason.FAILED)

    def _release(self, held: HeldServer, problem: HippoError) -> None:
        """Release the lease, so that the next try continues at once, and record what this one failed of.

        Raises FencedError: another invocation owns the record, so this start must not be tried again.
        """
        self._log("not started yet", held.record, error=str(problem)[:_LONGEST_ERROR])
        try:
            held.update(lease_until=None, problem=str(problem)[:_LONGEST_ERROR])
        except TransientError as error:
            self._log("lease not released", held.record, error=str(error)[:200])

    def _tags(self, record: ServerRecord) -> dict[str, str]:
        return build_tags(self._stack, record)

    def _log(self, event: str, record: ServerRecord, **fields: str) -> None:
        ids = {"projectId": record.project_id, "userId": record.user_id, "attempt": record.attempt}
        logger.info(event, extra={**ids, **fields})
