"""A participant's progress, and what a request does to it: pure decisions, without AWS."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from hippo.errors import BadRequestError
from hippo.records.participant import Participant
from hippo.studies.study import Study, read_number

# The existing front end connects 30 s after the response that shows the game. An earlier GET is a reload,
# or a retry after a lost response, and not the end of the game.
SHOW_AGAIN = timedelta(seconds=25)


class Phase(Enum):
    """The kind of page that the participant sees."""

    NOWHERE = "nowhere"  # no record yet
    PAGE = "page"  # waits for an answer
    WAITING = "waiting"  # for their server
    PLAYING = "playing"  # the game page was shown
    FINAL = "final"


class Move(Enum):
    """The effect of a request."""

    SHOW = "show"  # the current step again
    ADVANCE = "advance"
    REPEAT = "repeat"  # a late or second answer: kept under `repeats`, then SHOW
    CLOSE = "close"  # an answer to the final page: kept, and the final page shown again


@dataclass(frozen=True, slots=True)
class Progress:
    """The participant's phase and step.

    `was_shown` says that the game they wait for was shown before, on a server that has failed since.
    """

    phase: Phase
    step: int
    was_shown: bool = False

    @property
    def answered(self) -> int:
        """The step that was answered last, whose answer a second POST would repeat."""
        return self.step - 1


def find_progress(participant: Participant | None, study: Study) -> Progress:
    """Return the progress that the participant's record states."""
    if participant is None:
        return Progress(Phase.NOWHERE, 0)
    final = study.last_step + 1
    if participant.interrupted_at and study.is_game(participant.next_step - 1):
        return Progress(Phase.WAITING, participant.next_step - 1, was_shown=True)
    if participant.waiting_since and study.is_game(participant.next_step):
        return Progress(Phase.WAITING, participant.next_step)
    step = min(participant.next_step - 1, final)
    if step < 1:
        return Progress(Phase.NOWHERE, 0)
    if step == final:
        return Progress(Phase.FINAL, final)
    return Progress(Phase.PLAYING if study.is_game(step) else Phase.PAGE, step)


def decide(
    progress: Progress, method: str, finished: int | None, game_shown_at: datetime | None, now: datetime
) -> Move:
    """Return what a request does; `finished` is its `step` parameter.

    Raises BadRequestError for a step that the participant has not reached.
    """
    posted = method == "POST"
    if finished is not None and finished > progress.step:
        raise BadRequestError(f"step: {finished} has not been reached yet")
    if finished is not None and finished < progress.step:
        return Move.REPEAT if posted else Move.SHOW
    if progress.phase is Phase.NOWHERE:
        return Move.ADVANCE
    if progress.phase is Phase.PLAYING:
        just_shown = game_shown_at is not None and now - game_shown_at < SHOW_AGAIN
        if finished is None and just_shown:
            return Move.REPEAT if posted else Move.SHOW
        return Move.ADVANCE
    if progress.was_shown and finished == progress.step:
        return Move.ADVANCE  # a client may have finished the game that it was shown
    if not posted:
        return Move.SHOW
    return {Phase.PAGE: Move.ADVANCE, Phase.WAITING: Move.REPEAT, Phase.FINAL: Move.CLOSE}[progress.phase]


def settle(progress: Progress, move: Move, finished: int | None) -> int | None:
    """Return the `step` of a request that lost to another write.

    It referred to the progress that it first read. An advance is therefore late, and a request that only
    shows must not become an advance.
    """
    if move is Move.ADVANCE:
        return progress.step
    if progress.phase in (Phase.WAITING, Phase.PLAYING):
        return min(progress.answered, progress.answered if finished is None else finished)
    return finished


def parse_step(value: object) -> int | None:
    """Return the optional `step` parameter: the step that the client has just finished, 0 for none."""
    if value is None:
        return None
    step = read_number(value)
    if step is None:
        raise BadRequestError("step: must be a whole number, 0 or more")
    return step
