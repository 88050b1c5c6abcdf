"""The optional keys of a config, and their values as the code uses them.

Publishing refuses unreadable values. `next_step` treats them as absent, because it also reads lists that were
edited by hand. It imports this module; config_keys.py adds the other keys, which only publishing needs.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hippo.studies.completion import Completion
from hippo.studies.config_rules import (
    Choice,
    Code,
    CompletionUrl,
    Flag,
    Key,
    Language,
    Number,
    NumberOrZero,
    Origins,
    ParameterName,
    Section,
    Time,
    read_values,
)

logger = logging.getLogger(__name__)

MOST_PARTICIPANTS = 100_000
MOST_SERVERS = 300  # each has a rule, of which EventBridge allows 300
DEFAULT_LANGUAGE = "en"
HASH, BALANCED = "hash", "balanced"
UUID, ANY = "uuid", "any"
MARK, EMPTY_ANSWER, IGNORE = "mark", "empty", "ignore"
DEFAULT_GROUPS_CUTOFF = 120  # minutes: twice the runtime of a long game, and the pages around it
MOST_GROUPS_CUTOFF = 100_000  # ten weeks
DEFAULT_IDLE, MOST_IDLE = 10, 1440  # minutes without a player; the latter is a day
DEFAULT_LEAVING_OFFER = 120  # seconds: longer than most participants think about one move
MOST_LEAVING_OFFER = 86_400
LEAST_WIDTH, MOST_WIDTH = 320, 4000  # CSS pixels
DEFAULT_LAPSE, LEAST_LAPSE, MOST_LAPSE = 30, 5, 100_000  # minutes: most read a first page in less than ten
MOST_NEWCOMERS = 10_000  # each takes 30 bytes of a network's count for an hour
STEP_NUMBER = Number(1, 999_999, "the number of a step")

PAGE_KEYS = (
    Key(
        "language",
        Language(),
        "The language of your pages, as a BCP 47 tag in quotes. The page around them uses it too.",
        '"en"',
    ),
    Key("completion", Section(), "The code and link that participants see at the end."),
    Key("completion.code", Code(), "The code that recruiters ask for, in quotes.", '"C1AB2"'),
    Key(
        "completion.url",
        CompletionUrl(),
        "The link back to the recruiter; {code}, {userId} and {parameter} are filled in.",
        '"https://app.prolific.com/submissions/complete?cc={code}"',
    ),
    Key(
        "consentStep",
        STEP_NUMBER,
        "The step with the consent page. Its answer records which text was agreed to, and when.",
        "1",
    ),
    Key(
        "untouched",
        Choice(MARK, EMPTY_ANSWER, IGNORE),
        "The rule for a slider or list that was not touched: mark, the default, lists its name "
        "in _untouched; empty stores an empty value; ignore stores the value only.",
        MARK,
    ),
    Key(
        "width",
        Number(LEAST_WIDTH, MOST_WIDTH, "a whole number of CSS pixels"),
        "How wide your pages are in a window that has the room, in CSS pixels without the margins.",
        "1200",
    ),
    Key(
        "groups",
        Choice(HASH, BALANCED),
        "balanced assigns each newcomer the variants with the fewest participants; hash, the default, "
        "chooses by user ID.",
        BALANCED,
    ),
    Key(
        "groupsCutoff",
        Number(1, MOST_GROUPS_CUTOFF),
        "With balanced groups: minutes after which a participant who has not finished counts as a drop-out.",
        "120",
    ),
    Key(
        "offerLeavingAfter",
        Number(0, MOST_LEAVING_OFFER),
        "Seconds without a change of the game's picture after which the page offers to continue without the "
        "game; 0 for never.",
        "300",
    ),
)
ACCESS_KEYS = (
    Key(
        "onePer",
        ParameterName(),
        "Admits one participant for each value of this parameter of the link.",
        "PROLIFIC_PID",
    ),
    Key("signedLinks", Flag(), "true admits only participants whose link you have signed.", "true"),
    Key(
        "userIds",
        Choice(UUID, ANY),
        "any names each game server after its user ID in the DNS. With uuid, the default, an ID that is not "
        "a UUID becomes such a name only if the link is signed.",
        ANY,
    ),
    Key("maxParticipants", Number(1, MOST_PARTICIPANTS), "How many participants may begin.", "30"),
    Key(
        "lapseAfter",
        NumberOrZero(LEAST_LAPSE, MOST_LAPSE),
        "Minutes after which another participant may get the place of one who has not answered the first "
        "page; 0 for never.",
        "60",
    ),
    Key(
        "newcomersPerNetwork",
        Number(0, MOST_NEWCOMERS),
        "How many participants of one network may begin in an hour; 0 for any number.",
        "100",
    ),
    Key("maxServers", Number(1, MOST_SERVERS), "How many game servers may run at the same time.", "5"),
    Key(
        "idleMinutes",
        Number(0, MOST_IDLE),
        "Minutes without a player after which a game server ends, by default 10; 0 for never.",
        "20",
    ),
    Key(
        "closesAt",
        Time(),
        "When the study closes to new participants: date, time and zone, in quotes.",
        '"2030-12-01T12:00:00+01:00"',
    ),
    Key("screen", Section(), "Which screens are turned away before they begin."),
    Key("screen.mobile", Flag(), "false turns away phones and tablets.", "false"),
    Key("screen.minWidth", Number(1, 100_000), "Turns away narrower windows, in CSS pixels.", "800"),
    Key(
        "linkOrigins",
        Origins(),
        "Origins that server, redirect and css in a link may name, besides the site and its game servers.",
        "[https://survey.example.org]",
    ),
)
OPTIONS = (*ACCESS_KEYS, *PAGE_KEYS)
OPTION_KEYS = tuple(dict.fromkeys(key.name for key in OPTIONS))


@dataclass(frozen=True, slots=True)
class AccessOptions:
    """The rules of admission, of links and of servers, from the current list.

    `closes_at` is in UTC.
    """

    one_per: str | None = None
    signed_links: bool = False
    max_participants: int | None = None
    closes_at: datetime | None = None
    admits_mobile: bool = True
    min_width: int | None = None
    max_servers: int | None = None
    idle_minutes: int = DEFAULT_IDLE  # 0: servers never end because they have no player
    link_origins: tuple[str, ...] = ()
    lapse_after: int = DEFAULT_LAPSE  # minutes; 0: never
    newcomers_per_network: int | None = None  # in an hour; 0: any number; None: as the stack says
    names_any_user: bool = False

    @property
    def trusts_user_ids(self) -> bool:
        """Whether user ids of any form become host names: the researcher signed them, or answers for them."""
        return self.signed_links or self.names_any_user


@dataclass(frozen=True, slots=True)
class PageOptions:
    """The options of the pages, from the version that the participant began with."""

    completion: Completion | None = None
    consent_step: int | None = None
    language: str = DEFAULT_LANGUAGE
    has_balanced_groups: bool = False
    groups_cutoff: int = DEFAULT_GROUPS_CUTOFF  # minutes
    untouched: str = MARK
    offer_leaving_after: int = DEFAULT_LEAVING_OFFER  # seconds with the same picture of the game; 0: never
    width: int | None = None  # CSS pixels; None leaves it to the front end


def read_access(config: Mapping[str, Any]) -> AccessOptions:
    """Return the options that decide who is admitted."""
    values = _read(config, ACCESS_KEYS)
    return AccessOptions(
        one_per=values.get("onePer"),
        # Fail closed: any value means that signatures are required.
        signed_links=bool(config.get("signedLinks")),
        max_participants=values.get("maxParticipants"),
        closes_at=values.get("closesAt"),
        admits_mobile=values.get("screen.mobile", True),
        min_width=values.get("screen.minWidth"),
        max_servers=values.get("maxServers"),
        idle_minutes=values.get("idleMinutes", DEFAULT_IDLE),
        link_origins=values.get("linkOrigins", ()),
        lapse_after=values.get("lapseAfter", DEFAULT_LAPSE),
        newcomers_per_network=values.get("newcomersPerNetwork"),
        names_any_user=values.get("userIds") == ANY,
    )


def read_page_options(config: Mapping[str, Any]) -> PageOptions:
    """Return the options for what participants see."""
    values = _read(config, PAGE_KEYS)
    completion = Completion(values.get("completion.code"), values.get("completion.url"))
    return PageOptions(
        completion=completion if completion.code or completion.url else None,
        consent_step=values.get("consentStep"),
        language=values.get("language", DEFAULT_LANGUAGE),
        has_balanced_groups=values.get("groups") == BALANCED,
        groups_cutoff=values.get("groupsCutoff", DEFAULT_GROUPS_CUTOFF),
        untouched=values.get("untouched", MARK),
        offer_leaving_after=values.get("offerLeavingAfter", DEFAULT_LEAVING_OFFER),
        width=values.get("width"),
    )


def _read(config: Mapping[str, Any], keys: tuple[Key, ...]) -> dict[str, Any]:
    values, problems = read_values(config, keys)
    for problem in problems:
        # Only the path: values that a person wrote into a list stay out of the log.
        path = problem.partition(":")[0]
        logger.error("option is not readable", extra={"projectId": config.get("id"), "option": path})
    return values
