"""The keys of a project's config: what each is for, what it may hold, and an example. One table for all.

Publishing takes its required and known keys from here; editors' JSON Schema and the checks on a researcher's
machine are made of the rest. A schema is wider than the rule where it cannot say it; what it refuses
publishing refuses too, but for empty values of another kind, such as `css: false`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hippo.studies.options import BALANCED, HASH, MOST_GROUPS_CUTOFF, MOST_PARTICIPANTS, MOST_SERVERS

Schema = Mapping[str, Any]

_TEXT: Schema = {"type": "string"}
_NAME: Schema = {"type": "string", "minLength": 1}
_LIVE: Schema = {"enum": [True, False, None, 0, 1]}
_FLAG: Schema = {"enum": [True, False, None, ""]}
_STEP_FILE: Schema = {"type": "string", "pattern": r"^([^/\\]+\.html|game)$"}
_FINAL_FILE: Schema = {"type": "string", "pattern": r"^[^/\\]+\.html$"}
_ANYTHING: Schema = {}
_MAPPING: Schema = {"anyOf": [{"type": "object"}, {"enum": [None, ""]}]}


def _number(least: int, most: int, *, optional: bool = True) -> Schema:
    """A whole number as such or as text; what is optional may be left empty."""
    digits: list[Schema] = [
        {"type": "integer", "minimum": least, "maximum": most},
        {"type": "string", "pattern": "^[0-9]{1,6}$"},
    ]
    return {"anyOf": [*digits, {"enum": [None, ""]}] if optional else digits}


def _optional(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"enum": [None, ""]}]}


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `path` has a dot before an inner key, `example` is a line of YAML without the key."""

    path: str
    what: str
    schema: Schema
    example: str = ""
    required: bool = False

    @property
    def name(self) -> str:
        """The outermost key of its path."""
        return self.path.partition(".")[0]


KEYS = (
    Key(
        "id",
        "Part of the study's link and of every file's place: letters, digits, - and _, 64 at most.",
        {"type": "string", "pattern": "^[A-Za-z0-9-][A-Za-z0-9_-]{0,63}$"},
        "mountain_car",
        required=True,
    ),
    Key("name", "What people call the study.", _NAME, "Mountain Car", required=True),
    Key(
        "ecsTask",
        "The game server's task definition; publishing with hippo sets it to the id.",
        _TEXT,
        "mountain_car",
        required=True,
    ),
    Key(
        "steps",
        "The pages in their order: 1, 2, 3 … and finalStep, each a file in StepFiles or the word game.",
        {
            "type": "object",
            "required": ["finalStep"],
            "properties": {"finalStep": _FINAL_FILE},
            "additionalProperties": _STEP_FILE,
        },
        "{1: consent.html, 2: game, finalStep: thanks.html}",
        required=True,
    ),
    Key(
        "events",
        "When the participant's game server is started and stopped.",
        {"type": "object", "required": ["startServerStep", "stopServerStep"]},
        "{startServerStep: 1, stopServerStep: 3}",
        required=True,
    ),
    Key(
        "events.startServerStep",
        "The step at which the game server is started; it takes about a minute. Empty: none is started.",
        _number(1, 999_999),
        "1",
    ),
    Key(
        "events.stopServerStep",
        "The step at which it is stopped: the one after the last game. Empty: it stops after maxRuntime.",
        _number(1, 999_999),
        "4",
    ),
    Key(
        "maxRuntime",
        "Minutes after which a game server is stopped, whatever the participant does.",
        _number(1, 999_999, optional=False),
        "30",
        required=True,
    ),
    Key(
        "live",
        "false closes the study: nobody new gets in, the link says that it is not open.",
        _LIVE,
        "true",
    ),
    Key("researcher", "Who answers for the study, and how to reach them; participants are told.", _ANYTHING),
    Key("teamMembers", "Names of those who work on it.", _ANYTHING),
    Key("team_members", "The same as teamMembers.", _ANYTHING),
    Key(
        "bucket",
        "Where pages and answers lie, if not in the deployment's own bucket; the operator has to allow it.",
        _optional(_TEXT),
    ),
    Key(
        "css",
        "A step file with the style of all pages.",
        _optional({"type": "string", "pattern": r"^[^/\\]+\.css$"}),
        "style.css",
    ),
    Key("useAWS", "false if no game server is needed.", _ANYTHING, "true"),
    Key("awsSetup", "Where and how large the game server runs.", _ANYTHING),
    Key("awsSetup.bucket", "The same as bucket.", _optional(_TEXT)),
    Key(
        "awsSetup.region", "The AWS region in which HIPPO Gym is deployed.", _optional(_TEXT), "ca-central-1"
    ),
    Key("awsSetup.stack", "Prefix of the stack, where a region has several.", _optional(_TEXT), "hippo"),
    Key(
        "awsSetup.rootDomain",
        "The domain of the game servers, without https://.",
        _optional(_TEXT),
        "example.org",
    ),
    Key(
        "awsSetup.cpu",
        "vCPUs of the game server; 2 if left out.",
        {"type": ["number", "string", "null"]},
        "1",
    ),
    Key(
        "awsSetup.memory",
        "GB of memory; what is possible depends on cpu; 10 if left out.",
        {"type": ["number", "string", "null"]},
        "2",
    ),
    Key("awsSetup.repository", "The container image's repository; the same as id.", _optional(_TEXT)),
    Key("awsSetup.containerName", "The container's name; the same as id.", _optional(_TEXT)),
    Key(
        "ssl",
        "Where the game servers' certificate lies, for images that carry it.",
        _ANYTHING,
    ),
    Key("ssl.sslBucket", "The bucket that the two files are in.", _optional(_TEXT)),
    Key("ssl.fullchain", "The key of the certificate with its chain.", _optional(_TEXT), "SSL/fullchain.pem"),
    Key("ssl.privkey", "The key of its private key.", _optional(_TEXT), "SSL/privkey.pem"),
    Key(
        "language",
        "Of your pages, so that the page around them speaks it too: a BCP 47 tag, in quotes.",
        _optional({"type": "string", "maxLength": 35, "pattern": "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$"}),
        '"en"',
    ),
    Key("completion", "What participants are shown at the end.", _MAPPING),
    Key(
        "completion.code",
        "The code that recruiters ask for, in quotes.",
        _optional({"type": ["string", "integer"], "maxLength": 256}),
        '"C1AB2"',
    ),
    Key(
        "completion.url",
        "The link back to the recruiter; {code}, {userId} and {parameter} are filled in.",
        _optional({"type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^ ]+$"}),
        '"https://app.prolific.com/submissions/complete?cc={code}"',
    ),
    Key(
        "consentStep",
        "The step whose text was agreed to: which one, and when, is kept with the answer.",
        _number(1, 999_999),
        "1",
    ),
    Key(
        "onePer",
        "One participant for each value of this parameter of the link.",
        _optional({"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"}),
        "PROLIFIC_PID",
    ),
    Key(
        "signedLinks",
        "true lets in only links that you have signed.",
        _FLAG,
        "true",
    ),
    Key(
        "groups",
        "balanced gives each newcomer the variants that the fewest have; hash, or nothing, goes by the id.",
        {"enum": [HASH, BALANCED, None, ""]},
        BALANCED,
    ),
    Key(
        "groupsCutoff",
        "With balanced groups: minutes after which who has not finished counts as a drop-out.",
        _number(1, MOST_GROUPS_CUTOFF),
        "120",
    ),
    Key("maxParticipants", "How many may begin.", _number(1, MOST_PARTICIPANTS), "30"),
    Key("maxServers", "How many of its game servers may live at once.", _number(1, MOST_SERVERS), "5"),
    Key(
        "closesAt",
        "Nobody new from then on: date, time and zone, in quotes.",
        _optional({"type": "string"}),
        '"2030-12-01T12:00:00+01:00"',
    ),
    Key("screen", "Whom to turn away before they begin.", _MAPPING),
    Key("screen.mobile", "false turns away phones and tablets.", _FLAG, "false"),
    Key("screen.minWidth", "Turns away narrower windows, in CSS pixels.", _number(1, 100_000), "800"),
)

REQUIRED_KEYS = tuple(key.path for key in KEYS if key.required)
# `version` is the platform's own: an entry of the master list has it, and whoever publishes one back.
KNOWN_KEYS = (*dict.fromkeys(key.name for key in KEYS), "version", "files")
EVENT_KEYS = tuple(key.path.partition(".")[2] for key in KEYS if key.path.startswith("events."))
