"""Where a participant stands, and what a request does there: pure decisions, no AWS."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from hippo.errors import BadRequestError
from hippo.records.participant import Participant
from hippo.studies.study import Study, read_number

# The existing front end connects 30 s after it was told to show the game: a GET that comes sooner is
# a reload or a retry after a lost answer, not the end of the game.
SHOW_AGAIN = timedelta(seconds=25)


class Phase(Enum):
    """What the participant has before them."""

    NOWHERE = "nowhere"  # no record yet
    PAGE = "page"  # waits for an answer
    WAITING = "waiting"  # for their server
    PLAYING = "playing"  # the game page was shown
    FINAL = "final"


class Move(Enum):
    """What a request does."""

    SHOW = "show"  # the current step once more
    ADVANCE = "advance"
    REPEAT = "repeat"  # a late or second answer: kept beside, then SHOW
    CLOSE = "close"  # an answer to the final page: kept, and the final page shown again


@dataclass(frozen=True, slots=True)
class Progress:
    """A place and its step; `answered` is the step whose answer a second POST would repeat.

    `was_shown`: the game at which they wait has been shown before, on a server that has died since.
    """

    phase: Phase
    step: int
    was_shown: bool = False

    @property
    def answered(self) -> int:
        """The step that was answered last."""
        return self.step - 1


def find_progress(participant: Participant | None, study: Study) -> Progress:
    """Where the record says that the participant is."""
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
    position: Progress, method: str, finished: int | None, game_shown_at: datetime | None, now: datetime
) -> Move:
    """What a request does at a position; `finished` is its `step` parameter.

    Raises BadRequestError for a step that lies ahead of the participant.
    """
    posted = method == "POST"
    if finished is not None and finished > position.step:
        raise BadRequestError(f"step: {finished} has not been reached yet")
    if finished is not None and finished < position.step:
        return Move.REPEAT if posted else Move.SHOW
    if position.phase is Phase.NOWHERE:
        return Move.ADVANCE
    if position.phase is Phase.PLAYING:
        just_shown = game_shown_at is not None and now - game_shown_at < SHOW_AGAIN
        if finished is None and just_shown:
            return Move.REPEAT if posted else Move.SHOW
        return Move.ADVANCE
    if position.was_shown and finished == position.step:
        return Move.ADVANCE  # a client can have finished what it has been shown
    if not posted:
        return Move.SHOW
    return {Phase.PAGE: Move.ADVANCE, Phase.WAITING: Move.REPEAT, Phase.FINAL: Move.CLOSE}[position.phase]


def settle(position: Progress, move: Move, finished: int | None) -> int | None:
    """The `step` that a request stands for once somebody else's write was faster than its own.

    It meant the place that it first read, so an advance is late by now, and showing must not become one.
    """
    if move is Move.ADVANCE:
        return position.step
    if position.phase in (Phase.WAITING, Phase.PLAYING):
        return min(position.answered, position.answered if finished is None else finished)
    return finished


def parse_step(value: object) -> int | None:
    """The optional `step` parameter: the step that the client has just finished, 0 for none."""
    if value is None:
        return None
    step = read_number(value)
    if step is None:
        raise BadRequestError("step: a whole number, 0 or more, is needed")
    return step
