"""The codes that records and messages hold: their values are stored and sent, and never change.

Functions of two releases run side by side during a deployment, so both must read each other's values.
"""

from enum import StrEnum


class ServerState(StrEnum):
    """The state of a participant's server."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


# Tuples compare by equality: a hand-edited record may hold a value that cannot be hashed, such as a list.
LIVING = (ServerState.STARTING, ServerState.READY)


class EndReason(StrEnum):
    """The platform's own reasons for the end of an attempt; operators send texts of their own."""

    TASK_ENDED = "the task ended"  # an error that another attempt may not meet
    SPOT_TAKEN = "Spot took the task back"  # the next attempt runs on demand
    GAME_ENDED = "the game server ended by itself"  # without an error: no replacement is needed
    NO_SLOT = "all servers are in use"  # another start claimed the last slot first
    DISPLACED = "a signed link asked for a server under the same user id"  # in another study
    IDLE = "idle"  # the game server ended itself: no player was connected for long
    NEVER_SHOWN = "idle: the game was never shown"  # the sweep has stopped it
    FAILED = "failed"
    OVERTAKEN = "overtaken"
    MAX_RUNTIME = "maxRuntime"
    SWEEP = "sweep"
    REQUESTED = "requested"


# A server that ended for one of these reasons is replaced while its participant still needs it.
TASK_EXITS = (EndReason.TASK_ENDED, EndReason.SPOT_TAKEN)
# After one of these no participant is there, so another server starts only when the participant asks.
IDLE_ENDS = (EndReason.IDLE, EndReason.NEVER_SHOWN)
# Another server may follow these. A stop that its sender means for the participant changes that.
FOLLOWED_ENDS = (*TASK_EXITS, *IDLE_ENDS)
# Only the platform can observe these, so a stop that anyone else sends cannot be for one of them.
OBSERVED_ENDS = (*FOLLOWED_ENDS, EndReason.GAME_ENDED, EndReason.NO_SLOT, EndReason.DISPLACED)


class TicketUse(StrEnum):
    """How a game server uses tickets; the values are also those of its variable HIPPO_TICKETS."""

    REQUIRED = "required"
    OPTIONAL = "optional"  # for clients that never send `step`, which know no ticket
    NONE = "none"  # RunTask refused to pass the key


class HostChoice(StrEnum):
    """The source of a server's name, as start messages and queue entries give it."""

    USER_ID = "userId"  # the sender answers for the id, or it is a UUID
    DERIVED = "derived"  # anyone may have chosen the id


class Occasion(StrEnum):
    """The parts of request ids that say why a message was sent; other ids name a step of the study."""

    FIRST_STEP = "1"
    REPLACEMENT = "again"  # followed by the number of the attempt that is replaced
    BY_HAND = "by hand"  # a stop that an operator sent because of a server record
