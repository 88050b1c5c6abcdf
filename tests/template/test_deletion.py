"""Deletion of the stack: the guard goes first, before everything that participants and their servers need."""

import re
from typing import Any

from template_file import load_template

# No participant and no server depends on these.
MAY_GO_FIRST = {
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::SSM::Parameter",
}


def find_names(value: Any) -> set[str]:
    """Return the names that a property refers to: the targets of Ref, GetAtt, Sub and If."""
    if isinstance(value, list):
        return {name for item in value for name in find_names(item)}
    if not isinstance(value, dict):
        return set()
    names = {value["Ref"]} if isinstance(value.get("Ref"), str) else set()
    for target in value.get("Fn::GetAtt", ()) if isinstance(value.get("Fn::GetAtt"), list) else ():
        names.add(target)
    if isinstance(value.get("Fn::GetAtt"), str):
        names.add(value["Fn::GetAtt"])
    if text := value.get("Fn::Sub"):
        names |= set(re.findall(r"\$\{(\w+)", text if isinstance(text, str) else text[0]))
    return {name.split(".")[0] for name in names} | {n for item in value.values() for n in find_names(item)}


def find_dependencies(logical_id: str) -> set[str]:
    """Return the resources of the template that a resource depends on. Resources that SAM creates for it
    count as it."""
    resources = load_template()["Resources"]
    definition = resources[logical_id]
    after = definition.get("DependsOn", [])
    names = find_names(definition.get("Properties", {})) | {*([after] if isinstance(after, str) else after)}
    made = re.compile(r"v1Stage$|EventInvokeConfig$|Message$|MessagePermission$")
    return {name if name in resources else made.sub("", name) for name in names} & resources.keys()


def test_guard_is_deleted_before_resources_that_servers_and_participants_need():
    """Given the template, the guard depends on everything except monitoring."""
    resources = load_template()["Resources"]
    before, pending = {"DeletionGuard"}, ["DeletionGuard"]
    while pending:
        found = find_dependencies(pending.pop()) - before
        before |= found
        pending += found

    assert {
        name: resource["Type"]
        for name, resource in resources.items()
        if name not in before and resource["Type"] not in MAY_GO_FIRST
    } == {"AlarmTopic": "AWS::SNS::Topic"}


def test_guard_names_conditional_resources_in_conditions():
    """Given DependsOn, it names only resources that every stack has, because a resource that depends on one
    that is not created may not be created either (CloudFormation template reference, "Condition
    attribute")."""
    resources = load_template()["Resources"]
    guard = resources["DeletionGuard"]

    assert "Condition" not in guard
    assert [n for n in guard["DependsOn"] if "Condition" in resources.get(n, {})] == []
    conditions = {entry["Fn::If"][1]["Ref"]: entry["Fn::If"][0] for entry in guard["Properties"]["After"]}
    assert {name: resources[name]["Condition"] for name in conditions} == conditions


def test_guard_depends_on_the_subscription_of_stop_server():
    """Given the resources that SAM creates for the stop function's event, the guard names them, because
    without the subscription and its permission no stop message arrives."""
    after = load_template()["Resources"]["DeletionGuard"]["DependsOn"]

    made = ("EventInvokeConfig", "Message", "MessagePermission")
    assert {f"StopServerFunction{name}" for name in made} <= set(after)
