"""The JSON Schema of config.yml, for editors; made of the table that publishing takes its keys from."""

from typing import Any

from hippo.studies.config_keys import KEYS, Key

DRAFT = "http://json-schema.org/draft-07/schema#"  # what editors' YAML plug-ins know best
FILE_NAME = "study.schema.json"
# Publishing fills it in.
_NOT_REQUIRED = ("ecsTask",)


def make_schema() -> dict[str, Any]:
    """The schema of the whole file, `project` and `trial`. Unknown keys are left alone, as by publishing."""
    project: dict[str, Any] = {
        "type": "object",
        "description": "What participants go through.",
        "required": [key.path for key in KEYS if key.required and key.path not in _NOT_REQUIRED],
        "properties": {},
    }
    for key in KEYS:
        parent = project
        *outer, name = key.path.split(".")
        for part in outer:
            parent = parent["properties"][part]
        parent.setdefault("properties", {})[name] = _describe(key)
    return {
        "$schema": DRAFT,
        "title": "A HIPPO Gym study (config.yml)",
        "type": "object",
        "required": ["project"],
        "properties": {
            "project": project,
            "trial": {
                "type": ["object", "null"],
                "description": "What the game does: its server's own business.",
            },
        },
    }


def _describe(key: Key) -> dict[str, Any]:
    # The description of properties' own, such as steps', must not be shared with the table.
    schema = {**key.schema, "description": key.what}
    if "properties" in schema:
        schema["properties"] = dict(schema["properties"])
    return schema
