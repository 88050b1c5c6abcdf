"""Pure decisions about a start message, given server record, project and participant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from hippo.records.codes import LIVING, TASK_EXITS, EndReason, Occasion, ServerState
from hippo.records.messages import UNWRITTEN, StartMessage, find_occasion
from hippo.records.participant import Participant
from hippo.records.server import MAX_ATTEMPTS, MOST_IDLE_ENDS, ServerRecord, name_replacement
from hippo.studies.catalogue import ListedProject
from hippo.studies.study import Study

# After a signed link has displaced an unsigned study's server, only starts of signed links take effect for a
# while: the next request of a waiting participant comes within a minute.
_RESERVED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class StartCase:
    """A start message and everything that decides what it leads to.

    `owner` is the invocation at work. `project`, `study` and `participant` are read only if the server record
    does not decide alone; `is_loaded` says whether they have been. `project` is None if it is not listed.
    `rival` is the project of a living server, if that is another one.
    """

    message: StartMessage
    current: ServerRecord | None
    now: datetime
    owner: str
    is_loaded: bool = False
    project: ListedProject | None = None
    study: Study | None = None
    participant: Participant | None = None
    rival: ListedProject | None = None

    @property
    def is_replacement(self) -> bool:
        """Whether the platform itself asks, to replace a server whose task exited."""
        return self.current is not None and self.message.start_id == name_replacement(self.current)

    @property
    def tries(self) -> int:
        """The number of this attempt within the project."""
        if self._earlier is None:
            return 1
        return max(self._earlier.tries + (not self._is_free), 1)

    @property
    def idle_ends(self) -> int:
        """How many earlier attempts within the project have ended idle."""
        if self._earlier is None:
            return 0
        return self._earlier.idle_ends + self._earlier.has_ended_idle

    @property
    def _earlier(self) -> ServerRecord | None:
        """The attempt before this one, if it was one within the project; a test user begins again."""
        if self.current is None or self.current.project_id != self.message.project_id:
            return None
        return None if _begins_again(self.current, self.participant) else self.current

    @property
    def _is_free(self) -> bool:
        """Whether the attempt before counts in no limit of tries."""
        earlier = self._earlier
        return earlier is not None and earlier.has_ended_idle and earlier.idle_ends < MOST_IDLE_ENDS


class Action(Enum):
    """The ways in which `start_server` handles a start message."""

    LOAD = "load"  # read project, study and participant, then decide again
    IGNORE = "ignore"
    WAIT = "wait"  # let AWS deliver the message again: an earlier attempt is still being stopped
    CONTINUE = "continue"  # take over an attempt that is starting
    FAIL = "fail"  # permanently: the record then says why
    BEGIN = "begin"  # a new attempt, if a slot is free


@dataclass(frozen=True, slots=True)
class Decision:
    """An action and its reason; also whether to stop the current attempt, and to leave the queue."""

    action: Action
    why: str = ""
    stops_current: bool = False
    leaves_queue: bool = False
    stop_reason: EndReason = EndReason.OVERTAKEN


def decide(case: StartCase) -> Decision:
    """Return what the start leads to; LOAD if the server record does not decide alone."""
    current = case.current
    if current and _is_ending(current):
        return _decide_ending(case, current)
    if current and current.state in LIVING:
        return _decide_living(case, current)
    if not case.is_loaded:
        return Decision(Action.LOAD)
    if case.project is None or case.study is None:
        return Decision(Action.FAIL, f"there is no project {case.message.project_id}")
    return _decide_new(case, case.project, case.study)


def _decide_ending(case: StartCase, current: ServerRecord) -> Decision:
    """Decide while the earlier attempt ends; request its stop again if no invocation works on that."""
    is_old = _is_seen(case.message, current) or _is_older(case.message, current)
    return Decision(
        Action.IGNORE if is_old else Action.WAIT,
        "it is being stopped" if is_old else "the earlier server is still being stopped",
        stops_current=not current.has_lease(case.now),
    )


def _decide_living(case: StartCase, current: ServerRecord) -> Decision:
    if current.project_id != case.message.project_id:
        return _decide_displacing(case)
    if current.state == ServerState.READY or not current.is_free_for(case.owner, case.now):
        return Decision(Action.IGNORE, "there is a server already")
    return Decision(Action.CONTINUE)


def _decide_displacing(case: StartCase) -> Decision:
    """Stop the living server of another study, if only this start comes by a signed link.

    A participant has one server. In a study without signatures anyone may take any id, so without this rule a
    stranger could keep another study's participant from their game.
    """
    if not case.is_loaded:
        return Decision(Action.LOAD)
    is_unsigned = case.rival is not None and not case.rival.access.signed_links
    if case.project and case.project.live and _is_signed(case.project) and is_unsigned and _is_later(case):
        why = "the server of an unsigned study is stopped first"
        return Decision(Action.IGNORE, why, stops_current=True, stop_reason=EndReason.DISPLACED)
    return Decision(Action.IGNORE, "another study's server is running")


def _is_later(case: StartCase) -> bool:
    """Return whether the start was sent after the one that led to the living server."""
    requested = case.current.requested_at if case.current else None
    return requested is None or case.message.sent_at > requested


def _is_signed(project: ListedProject | None) -> bool:
    """Return whether every participant of the project has a signed link."""
    return project is not None and project.access.signed_links


def _decide_new(case: StartCase, project: ListedProject, study: Study) -> Decision:
    if case.is_replacement:
        is_needed = project.live and _is_missed(case, study)
        objection = None if is_needed else Decision(Action.IGNORE, "no replacement is needed")
    else:
        objection = _find_objection(case, study)
    if objection is None and case.tries > MAX_ATTEMPTS:
        objection = Decision(Action.FAIL, f"{MAX_ATTEMPTS} attempts have failed")
    if objection is None:
        return Decision(Action.BEGIN)
    leaves_queue = case.is_replacement
    return Decision(objection.action, objection.why, objection.stops_current, leaves_queue)


def _find_objection(case: StartCase, study: Study) -> Decision | None:
    """Return why a participant's own start leads to nothing, or None."""
    current = case.current
    if _is_past_stop(study, case.participant):
        return Decision(Action.IGNORE, "past the stop step")
    if _is_reserved(case):
        return Decision(Action.IGNORE, "a signed link has displaced the server of this id")
    if current and not _is_new(case.message, current, case.participant):
        # An earlier delivery of this start may have been cut off just after it created something.
        is_same = current.state == ServerState.STOPPED and case.message.start_id == current.start_id
        return Decision(Action.IGNORE, "seen before, or older than the stop", stops_current=is_same)
    if _has_no_participant(case):
        return Decision(Action.IGNORE, "the participant has no record")
    return None


def _is_reserved(case: StartCase) -> bool:
    """Return whether the id was freed a moment ago for a study that signs its links, unlike this one."""
    ended = case.current
    if ended is None or ended.reason != EndReason.DISPLACED or _is_signed(case.project):
        return False
    return ended.stopped_at is not None and case.now < ended.stopped_at + _RESERVED


def _is_missed(case: StartCase, study: Study) -> bool:
    """Return whether a server whose task exited needs a replacement.

    It does not if it was stopped on purpose since then, or if the participant has finished the games.
    """
    ended = case.current
    stopped_since = ended is None or ended.reason not in TASK_EXITS or _is_older(case.message, ended)
    return not (
        stopped_since or _is_past_stop(study, case.participant) or _is_past_games(study, case.participant)
    )


def _has_no_participant(case: StartCase) -> bool:
    """Return whether the start names a participant without a record: withdrawn, or never admitted.

    Only a start that the first page sends may arrive before the participant's record, and the participant's
    next request asks again. Participants of other senders (`/start`) need no record. A replacement always
    finds the record of the server that it replaces.
    """
    occasion = find_occasion(case.message)
    if occasion.startswith(f"{Occasion.REPLACEMENT}/"):
        return case.current is None
    if not occasion or case.participant is not None:
        return False
    return occasion != Occasion.FIRST_STEP or case.now - case.message.sent_at > UNWRITTEN


def _is_past_stop(study: Study, participant: Participant | None) -> bool:
    """Return whether the participant has gone past the step at which their server is stopped."""
    if participant is None or study.stop_step is None or study.stop_step <= (study.start_step or 0):
        return False
    return participant.next_step - 1 >= study.stop_step


def _is_past_games(study: Study, participant: Participant | None) -> bool:
    """Return whether the participant has finished the last game."""
    if participant is None:
        return False
    shown = participant.next_step - 1
    return not any(study.is_game(step) for step in range(max(shown, 1), study.last_step + 1))


def _is_new(message: StartMessage, current: ServerRecord, participant: Participant | None) -> bool:
    """Return whether a start after `failed` or `stopped` asks for a new attempt: not seen, not older."""
    if _is_older(message, current):
        return False
    return not _is_seen(message, current) or _begins_again(current, participant)


def _is_ending(record: ServerRecord) -> bool:
    """Return whether something of an attempt may be left: a stop is at work on it or has been requested."""
    return record.state == ServerState.STOPPING or record.has_failed_late


def _is_seen(message: StartMessage, current: ServerRecord) -> bool:
    """Return whether the start has already taken effect."""
    return message.start_id in (current.start_id, *current.seen)


def _is_older(message: StartMessage, current: ServerRecord) -> bool:
    """Return whether the start was sent before the stop."""
    ended = current.stop_requested_at or current.stopped_at
    return ended is not None and message.sent_at <= ended


def _begins_again(current: ServerRecord, participant: Participant | None) -> bool:
    """Return whether the participant's record was created after the stop: a test user's second run."""
    ended = current.stop_requested_at or current.stopped_at
    if not ended or participant is None or participant.created is None:
        return False
    return participant.created > max(ended, current.requested_at or ended)
