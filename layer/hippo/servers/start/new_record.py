"""The server records that a start writes: that of a new attempt, and that of a start which failed at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hippo.aws.ecs import ON_DEMAND
from hippo.host_labels import choose_host_label
from hippo.ids import name_resources
from hippo.invocation import Invocation
from hippo.records.codes import EndReason, HostChoice, ServerState, TicketUse
from hippo.records.messages import find_occasion
from hippo.records.server import ServerRecord
from hippo.records.tickets import make_ticket_key
from hippo.servers.start.decisions import StartCase
from hippo.studies.catalogue import ListedProject
from hippo.studies.study import Study

_KEPT_STARTS = 20


@dataclass(frozen=True, slots=True)
class AttemptSettings:
    """The deployment's settings for new attempts; `max_runtime` is in minutes."""

    prefix: str
    root_domain: str
    max_runtime: int
    make_key: Callable[[], str] = make_ticket_key


def build_new_record(
    settings: AttemptSettings, invocation: Invocation, case: StartCase, project: ListedProject, study: Study
) -> ServerRecord:
    """Return the record of a new attempt, which does not name a slot yet."""
    message, current, participant = case.message, case.current, case.participant
    group = participant.group if participant else message.group
    attempt = current.attempt + 1 if current else 1
    name = name_resources(settings.prefix, attempt, message.user_id)
    return ServerRecord(
        user_id=message.user_id,
        project_id=message.project_id,
        state=ServerState.STARTING,
        attempt=attempt,
        tries=case.tries,
        start_id=message.start_id,
        seen=_add_seen(case),
        owner=invocation.owner,
        lease_until=invocation.ends,
        cluster=name,
        rule_name=name,
        host_name=f"{_choose_label(case)}.{settings.root_domain}",
        capacity_provider=_choose_provider(case),
        addresses=current.addresses if current else (),
        requested_at=_find_request_time(case),
        started_at=case.now,
        stop_requested_at=current.stop_requested_at if current else None,
        deadline=case.now + timedelta(minutes=min(study.max_runtime, settings.max_runtime)),
        task_definition=study.task_definition,
        container=study.container_name,
        group=group,
        tickets=_choose_ticket_use(case),
        ticket_key=settings.make_key(),
        bucket=project.bucket,
        idle_minutes=project.access.idle_minutes,
        idle_ends=case.idle_ends,
    )


def build_failed_record(case: StartCase, error: str) -> ServerRecord:
    """Return the record of a start that failed before it claimed anything."""
    message, current = case.message, case.current
    return ServerRecord(
        user_id=message.user_id,
        project_id=message.project_id,
        state=ServerState.FAILED,
        attempt=current.attempt if current else 0,
        tries=case.tries,
        start_id=message.start_id,
        seen=_add_seen(case),
        addresses=current.addresses if current else (),
        requested_at=message.sent_at,
        stop_requested_at=current.stop_requested_at if current else None,
        error=error,
    )


def _add_seen(case: StartCase) -> tuple[str, ...]:
    """Return the starts that have taken effect, this one included."""
    return (*(case.current.seen if case.current else ()), case.message.start_id)[-_KEPT_STARTS:]


def _choose_provider(case: StartCase) -> str:
    """Return on-demand after Spot took back a task of this game; empty for the usual order."""
    current = case.current
    if current is None or current.project_id != case.message.project_id:
        return ""
    return ON_DEMAND if current.reason == EndReason.SPOT_TAKEN else ""


def _choose_label(case: StartCase) -> str:
    """Return the host label of the attempt. A replacement keeps the name, which clients connect to again."""
    choice = case.current.host_choice if case.current and case.is_replacement else case.message.host
    is_trusted = choice == HostChoice.USER_ID if choice else _is_from_a_trusted_sender(case)
    return choose_host_label(case.message.user_id, is_trusted=is_trusted)


def _is_from_a_trusted_sender(case: StartCase) -> bool:
    """Return whether a message that does not say who chose the id comes from a sender who may.

    A signed `/start`, and scripts that publish by themselves, name no occasion. A message that
    an earlier release of `next_step` sent follows the rules of its study.
    """
    if not find_occasion(case.message):
        return True
    return case.project is not None and case.project.access.trusts_user_ids


def _choose_ticket_use(case: StartCase) -> TicketUse:
    """Return whether the participant's clients need a ticket: they do once one of them has sent `step`."""
    sends_step = case.participant is not None and case.participant.sends_step
    is_required = sends_step or case.message.tickets == TicketUse.REQUIRED
    return TicketUse.REQUIRED if is_required else TicketUse.OPTIONAL


def _find_request_time(case: StartCase) -> datetime:
    """Return the time that a stop must be later than to count.

    A replacement keeps the time of the participant's own start: a stop sent since then also ends it.
    """
    if case.current and case.is_replacement and case.current.requested_at:
        return case.current.requested_at
    return case.message.sent_at
