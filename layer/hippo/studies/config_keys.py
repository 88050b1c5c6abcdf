"""The table of all keys of a config: what each is for, what it may hold, and an example.

Publishing's checks, the editors' JSON Schema and the checks on a researcher's machine are generated from it.
The schema accepts whatever publishing accepts, except empty values of the wrong type, such as `css: false`.
"""

from collections.abc import Mapping
from typing import Any

from hippo.ids import compose_name, is_file_name, is_project_id
from hippo.studies.config_rules import EMPTY, Key, Number, Rule, Schema
from hippo.studies.options import OPTIONS, STEP_NUMBER
from hippo.studies.study import GAME

# The certificate's key is in this folder, and a project's researchers may read their whole project folder.
CERTIFICATE_FOLDER = "SSL"
_TEXT: Schema = {"type": "string"}


def allow_empty(schema: Schema) -> Schema:
    """Return a schema that accepts empty values too."""
    empty = [None, ""]
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], *empty]}
    return {"anyOf": [*schema.get("anyOf", [schema]), {"enum": empty}]}


class Unchecked(Rule):
    """A value that publishing keeps as it is. Editors may know more about it than that."""

    absent = ()

    def __init__(self, schema: Schema | None = None) -> None:
        self._schema = schema or {}

    def parse(self, value: Any) -> Any:
        """Return the value."""
        return value

    def schema(self) -> Schema:
        """Return the schema for editors."""
        return self._schema


class ProjectId(Rule):
    """A project ID."""

    def parse(self, value: Any) -> str:
        """Return the ID."""
        if not is_project_id(value):
            raise ValueError("must be 1 to 64 letters, digits, - or _, and not begin with _")
        if value == CERTIFICATE_FOLDER:
            raise ValueError(f"must not be {CERTIFICATE_FOLDER}, the folder of the game servers' certificate")
        return str(value)

    def schema(self) -> Schema:
        """Return a schema of the ID's shape."""
        return {"type": "string", "pattern": "^[A-Za-z0-9-][A-Za-z0-9_-]{0,63}$"}


class Text(Rule):
    """Any text of at least so many characters."""

    def __init__(self, least: int = 0) -> None:
        self._least = least

    def parse(self, value: Any) -> str:
        """Return the text."""
        if not isinstance(value, str):
            raise ValueError("must be text")
        return value

    def schema(self) -> Schema:
        """Return a schema of the text."""
        return {**_TEXT, "minLength": self._least} if self._least else _TEXT


class File(Rule):
    """The plain name of a file in the step files, or one of other words."""

    def __init__(self, ending: str, *words: str) -> None:
        self._ending, self._words = ending, words

    def parse(self, value: Any) -> Any:
        """Return the name in composed form. Anything that Python regards as false is absent."""
        value = compose_name(value)
        if value and value not in self._words and not is_file_name(value, self._ending):
            article = "an" if self._ending == ".html" else "a"
            words = "".join(f", or {word}" for word in self._words)
            raise ValueError(
                f"must be the name of {article} {self._ending} file without a folder{words}; it is {value!r}"
            )
        return value

    def schema(self) -> Schema:
        """Return a schema of the name's shape."""
        name = rf"[^/\\]+\{self._ending}"
        names = f"({'|'.join([name, *self._words])})" if self._words else name
        return {"type": "string", "pattern": f"^{names}$"}


PAGE_FILE, STEP_FILE = File(".html"), File(".html", GAME)


class Steps(Rule):
    """The steps and their files; config_check.py has the rules about their numbers."""

    def parse(self, value: Any) -> Mapping[str, Any]:
        """Return the mapping."""
        if isinstance(value, Mapping):
            return value
        raise ValueError("must map 1, 2, 3 … and finalStep to step files")

    def schema(self) -> Schema:
        """Return a schema of all steps."""
        return {
            "type": "object",
            "required": ["finalStep"],
            "properties": {"finalStep": PAGE_FILE.schema()},
            "additionalProperties": STEP_FILE.schema(),
        }


class Events(Rule):
    """The steps of the events."""

    def parse(self, value: Any) -> Mapping[str, Any]:
        """Return the mapping."""
        if isinstance(value, Mapping):
            return value
        raise ValueError(f"must be a mapping with {' and '.join(EVENT_KEYS)}")

    def schema(self) -> Schema:
        """Return a schema of the mapping; the inner keys are added to it."""
        return {"type": "object", "required": list(EVENT_KEYS)}


class Live(Rule):
    """Whether the study is open. Text is refused: `live: "false"` must not open a study."""

    absent = (None,)

    def parse(self, value: Any) -> bool:
        """Return the flag."""
        if value not in (True, False):
            raise ValueError("must be true or false")
        return bool(value)

    def schema(self) -> Schema:
        """Return a schema of the two values, which Python regards as equal to 1 and 0."""
        return {"enum": [True, False, None, 0, 1]}


_OPTIONAL_TEXT = Unchecked(allow_empty(_TEXT))
_SIZE = Unchecked({"type": ["number", "string", "null"]})
EVENT_KEYS = ("startServerStep", "stopServerStep")
KEYS = (
    Key(
        "id",
        ProjectId(),
        "Part of the study's link and of every file's key: letters, digits, - and _, at most 64.",
        "mountain_car",
        required=True,
    ),
    Key("name", Text(1), "The study's name, which participants see.", "Mountain Car", required=True),
    Key(
        "ecsTask",
        Text(),
        "The game server's task definition; publishing with hippo sets it to the id.",
        "mountain_car",
        required=True,
    ),
    Key(
        "steps",
        Steps(),
        "The pages in their order: 1, 2, 3 … and finalStep, each a file in StepFiles or the word game.",
        "{1: consent.html, 2: game, finalStep: thanks.html}",
        required=True,
    ),
    Key(
        "events",
        Events(),
        "When the participant's game server starts and stops.",
        "{startServerStep: 1, stopServerStep: 3}",
        required=True,
    ),
    Key(
        "events.startServerStep",
        STEP_NUMBER,
        "The step at which the game server starts, which takes about a minute. Empty: none is started.",
        "1",
    ),
    Key(
        "events.stopServerStep",
        STEP_NUMBER,
        "The step at which it stops: the one after the last game. Empty: it stops after maxRuntime.",
        "4",
    ),
    Key(
        "maxRuntime",
        Number(1, 999_999, "a whole number of minutes"),
        "Minutes after which a game server is stopped, whatever the participant does.",
        "30",
        required=True,
    ),
    Key(
        "live",
        Live(),
        "false closes the study: it admits no new participants, and the link says that it is not open.",
        "true",
    ),
    Key(
        "researcher",
        Unchecked(),
        "The person responsible for the study, and how to reach them; participants see it.",
    ),
    Key("teamMembers", Unchecked(), "The names of the team."),
    Key("team_members", Unchecked(), "The same as teamMembers."),
    Key(
        "bucket",
        _OPTIONAL_TEXT,
        "The bucket of pages and answers, if not the deployment's own; the operator must allow it.",
    ),
    Key("css", File(".css"), "A step file with the style of all pages.", "style.css"),
    Key("useAWS", Unchecked(), "false if the study needs no game server.", "true"),
    Key("awsSetup", Unchecked(), "Where the game server runs, and its size."),
    Key("awsSetup.bucket", _OPTIONAL_TEXT, "The same as bucket."),
    Key("awsSetup.region", _OPTIONAL_TEXT, "The AWS region in which HIPPO Gym is deployed.", "ca-central-1"),
    Key("awsSetup.stack", _OPTIONAL_TEXT, "The stack's prefix, if a region has several stacks.", "hippo"),
    Key(
        "awsSetup.rootDomain",
        _OPTIONAL_TEXT,
        "The domain of the game servers, without https://.",
        "example.org",
    ),
    Key("awsSetup.cpu", _SIZE, "The game server's vCPUs, by default 2.", "1"),
    Key("awsSetup.memory", _SIZE, "Its memory in GB, by default 10; the possible values depend on cpu.", "2"),
    Key("awsSetup.repository", _OPTIONAL_TEXT, "The container image's repository; the same as id."),
    Key("awsSetup.containerName", _OPTIONAL_TEXT, "The container's name; the same as id."),
    Key("ssl", Unchecked(), "The game servers' certificate, for images that include it."),
    Key("ssl.sslBucket", _OPTIONAL_TEXT, "The bucket of the two files."),
    Key("ssl.fullchain", _OPTIONAL_TEXT, "The key of the certificate with its chain.", "SSL/fullchain.pem"),
    Key("ssl.privkey", _OPTIONAL_TEXT, "The key of its private key.", "SSL/privkey.pem"),
    *OPTIONS,
)

REQUIRED_KEYS = tuple(key.path for key in KEYS if key.required)
# The platform sets `version` in the master list, and `files` accompanies a publication.
KNOWN_KEYS = (*dict.fromkeys(key.name for key in KEYS), "version", "files")


def describe(key: Key) -> dict[str, Any]:
    """Return the JSON Schema of a key, with its description."""
    schema = key.rule.schema()
    if not key.required and "" in key.rule.absent:
        schema = allow_empty(schema)
    return {**schema, "description": key.doc}


def find_missing(config: Mapping[str, Any]) -> list[str]:
    """Return the required keys that a config does not have, or has empty."""
    return [path for path in REQUIRED_KEYS if config.get(path) in EMPTY]
