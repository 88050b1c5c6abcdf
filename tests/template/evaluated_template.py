"""Evaluation of template.yaml with given parameters, by the emulator's own evaluator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from template_file import load_template

from hippo_local.emulator.cloudformation import conditions
from hippo_local.emulator.ministack import load

_engine = load("services.cloudformation.engine")
_responses = load("core.responses")

NEEDED = {"HostedZoneId": "Z1", "RootDomain": "example.org"}
GIVEN = {"Subnet": "subnet-1,subnet-2", "SecurityGroup": "sg-1"}


class _Attributes(dict[str, str]):
    """The attributes of all resources: `<attribute> of <resource>`."""

    def __init__(self, resource: str) -> None:
        super().__init__()
        self._resource = resource

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return f"{name} of {self._resource}"


@dataclass(frozen=True)
class Evaluated:
    """The template with its conditions evaluated; resources have the physical ids `id of <name>`."""

    region: str
    parameters: dict[str, Any]
    conditions: dict[str, bool]

    def is_made(self, name: str) -> bool:
        """Return whether the stack has that resource."""
        condition = load_template()["Resources"][name].get("Condition")
        return condition is None or self.conditions[condition]

    def resolve(self, *path: str) -> Any:
        """Return the value at that path of the template, such as ("Outputs", "NextUrl", "Value")."""
        value = load_template()
        for key in path:
            value = value[key]
        made = {
            name: {"PhysicalResourceId": f"id of {name}", "Attributes": _Attributes(name)}
            for name in load_template()["Resources"]
        }
        known = (made, self.parameters, self.conditions, {})
        with _in_region(self.region):
            return _engine._resolve_refs(value, *known, "hippo", "stack/hippo/1")

    def get_variables(self, function: str) -> Any:
        """Return a function's environment variables."""
        path = ("Properties", "Environment", "Variables")
        names = load_template()["Resources"][f"{function}Function"]["Properties"]["Environment"]["Variables"]
        return {n: self.resolve("Resources", f"{function}Function", *path, n) for n in names}


def evaluate(region: str = "ca-central-1", **parameters: str) -> Evaluated:
    """Evaluate the template with these parameters and the required ones. Raises ValueError if they are
    refused."""
    given = [{"Key": key, "Value": value} for key, value in {**NEEDED, **parameters}.items()]
    template = load_template()
    with _in_region(region):
        resolved = _engine._resolve_parameters(template, given)
        _engine._evaluate_rules(template, resolved, {})
        pseudo = conditions.list_pseudo_parameters()
        return Evaluated(region, resolved, _engine._evaluate_conditions(template, {**pseudo, **resolved}))


@contextmanager
def _in_region(region: str) -> Iterator[None]:
    before = _responses.get_region()
    _responses.set_request_region(region)
    try:
        yield
    finally:
        _responses.set_request_region(before)
