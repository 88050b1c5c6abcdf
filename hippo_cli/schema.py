"""The JSON Schema of config.yml for editors, generated from the table that publishing checks configs with."""

from typing import Any

from hippo.studies.config_keys import KEYS, describe

DRAFT = "http://json-schema.org/draft-07/schema#"  # the draft that editors' YAML plug-ins support best
FILE_NAME = "study.schema.json"
# Publishing fills it in.
_NOT_REQUIRED = ("ecsTask",)


def make_schema() -> dict[str, Any]:
    """Return the schema of the whole file, `project` and `trial`. Unknown keys are allowed."""
    project: dict[str, Any] = {
        "type": "object",
        "description": "The study that participants go through.",
        "required": [key.path for key in KEYS if key.required and key.path not in _NOT_REQUIRED],
        "properties": {},
    }
    for key in KEYS:
        parent = project
        *outer, name = key.path.split(".")
        for part in outer:
            parent = parent["properties"][part]
        parent.setdefault("properties", {})[name] = describe(key)
    return {
        "$schema": DRAFT,
        "title": "A HIPPO Gym study (config.yml)",
        "type": "object",
        "required": ["project"],
        "properties": {
            "project": project,
            "trial": {
                "type": ["object", "null"],
                "description": "The settings of the game, which only its server reads.",
            },
        },
    }
