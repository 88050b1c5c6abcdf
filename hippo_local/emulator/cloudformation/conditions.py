"""CloudFormation: conditions that use the region, the account or another pseudo parameter.

AWS (CloudFormation user guide, "Conditions", "Get AWS values using pseudo parameters"): a condition may
compare them as it may compare parameters. MiniStack reads such a reference as the text `AWS::Region`.
"""

from typing import Any

from hippo_local.emulator.ministack import load, patch

_engine = load("services.cloudformation.engine")
_responses = load("core.responses")
# Modules that import the evaluator under their own name.
_USERS = ("changesets", "handlers", "stacks")


def install() -> None:
    """Patch MiniStack so that conditions see the values of pseudo parameters."""
    plain = patch(_engine, "_evaluate_conditions", None)

    def evaluate(template: dict[str, Any], parameters: dict[str, Any]) -> dict[str, bool]:
        conditions: dict[str, bool] = plain(template, {**list_pseudo_parameters(), **parameters})
        return conditions

    _engine._evaluate_conditions = evaluate
    for name in _USERS:
        patch(load(f"services.cloudformation.{name}"), "_evaluate_conditions", evaluate)


def list_pseudo_parameters() -> dict[str, dict[str, str]]:
    """Return the values of the pseudo parameters, formatted as parameters."""
    values = {
        "AWS::AccountId": _responses.get_account_id(),
        "AWS::Partition": "aws",
        "AWS::Region": _responses.get_region(),
        "AWS::URLSuffix": "amazonaws.com",
    }
    return {name: {"Value": value} for name, value in values.items()}
