"""template.yaml as plain data: `!Ref X` becomes {"Ref": "X"}, `!GetAtt A.B` {"Fn::GetAtt": "A.B"}."""

from functools import cache
from typing import Any

import yaml

from tests.support.paths import ROOT

FUNCTIONS = {
    "next_step": "NextStep",
    "start_server": "StartServer",
    "stop_server": "StopServer",
    "send_start_server_message": "SendStartServerMessage",
    "send_stop_server_message": "SendStopServerMessage",
    "update_project_master_list": "UpdateProjectMasterList",
    "publish_site": "PublishSite",
    "guard_deletion": "GuardDeletion",
}


class _Loader(yaml.SafeLoader):
    pass


def _construct(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _construct)


@cache
def load_template() -> dict[str, Any]:
    """Return the template."""
    return yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506


def get_function(folder: str) -> dict[str, Any]:
    """Return the properties of the function whose code is in that folder."""
    return load_template()["Resources"][f"{FUNCTIONS[folder]}Function"]["Properties"]


def list_statements(role: str) -> list[dict[str, Any]]:
    """Return the policy statements of a role of the template."""
    policies = load_template()["Resources"][role]["Properties"].get("Policies", [])
    return [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]


def as_list(value: Any) -> list[Any]:
    """Return a value that may be a list or a single item as a list."""
    return value if isinstance(value, list) else [value]
