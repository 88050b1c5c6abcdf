"""Alarms and dashboard: they use metrics that are written, and alarms name their documentation."""

import itertools
import json
import re
from typing import Any

import pytest
from template_file import FUNCTIONS, ROOT, load_template

from hippo.metrics import DIMENSION, NAMESPACE, UNITS

RESOURCES = load_template()["Resources"]
PARAMETERS = load_template()["Parameters"]
OPERATING = (ROOT / "docs/howto/operate.md").read_text(encoding="utf-8")
METRICS = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
ALARMS = {k: r["Properties"] for k, r in RESOURCES.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
FREE_METRICS = 50  # of each of an account's first three dashboards (CloudWatch pricing)


def read_dashboard() -> list[dict[str, Any]]:
    """Return the widgets, with 1 for each numeric parameter and the names of all others filled in."""
    body = RESOURCES["OperationsDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        assert name.startswith("AWS::") or name.split(".")[0] in RESOURCES | PARAMETERS, name
        return "1" if PARAMETERS.get(name, {}).get("Type") == "Number" else name

    return json.loads(re.sub(r"\$\{([\w:.]+)\}", fill, body))["widgets"]


def list_shown() -> list[list[Any]]:
    """Return the metrics of all widgets, except those computed from others."""
    metrics = [metric for widget in read_dashboard() for metric in widget["properties"]["metrics"]]
    return [metric for metric in metrics if isinstance(metric[0], str)]


def test_dashboard_shows_every_metric_that_is_written() -> None:
    """Given the metrics that the functions write, the dashboard shows each of them and no others."""
    own = [metric for metric in list_shown() if metric[0] == NAMESPACE]
    assert {metric[1] for metric in own} == set(UNITS)
    assert all(metric[2:4] == [DIMENSION, "Prefix"] for metric in own)


def test_dashboard_stays_within_the_free_metrics() -> None:
    """Given an account with at most two other dashboards, the dashboard of a stack is free."""
    assert len(list_shown()) <= FREE_METRICS


def test_dashboard_has_room_for_its_widgets() -> None:
    """Given the grid of 24 columns, no widgets overlap (CloudWatch, "Dashboard body structure")."""
    cells = [
        set(
            itertools.product(
                range(w["x"], w["x"] + w["width"]),
                range(w["y"], w["y"] + w["height"]),
            )
        )
        for w in read_dashboard()
    ]
    assert max(x for x, _ in set().union(*cells)) == 23
    assert len(set().union(*cells)) == sum(map(len, cells))


def test_dashboard_computes_with_ids_that_exist() -> None:
    """Given the expressions of the cost estimate, they use ids of the same widget."""
    for widget in read_dashboard():
        metrics = widget["properties"]["metrics"]
        options = [metric[-1] for metric in metrics if isinstance(metric[-1], dict)]
        ids = {option["id"] for option in options if "id" in option}
        for option in options:
            used = set(re.findall(r"\b[a-z]\w*", option.get("expression", "")))
            assert used <= ids


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_names_its_documentation(name: str) -> None:
    """Given an alarm, its description names the document, which has a paragraph under the alarm's name."""
    assert "docs/howto/operate.md" in ALARMS[name]["AlarmDescription"]
    section = OPERATING.split("## When an alarm rings", 1)[1].split("\n## ", 1)[0]
    assert f"**{name}**" in section


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_knows_what_no_data_means(name: str) -> None:
    """Given no data, an alarm does not fire, and between sweeps it keeps its state."""
    of_sweeps = ALARMS[name].get("MetricName") in ("ServersPastDeadline", "UnreadableRecords")
    expected = "ignore" if of_sweeps else "notBreaching"
    assert ALARMS[name]["TreatMissingData"] == expected


def test_alarms_of_own_metrics_use_metrics_that_are_written() -> None:
    """Given the alarms of the platform's own metrics, they use metrics and dimensions that are written."""
    own = [alarm for alarm in ALARMS.values() if alarm.get("Namespace") == NAMESPACE]
    assert {alarm["MetricName"] for alarm in own} == {
        "ServersPastDeadline",
        "UnreadableRecords",
        "TimeToReady",
        "StartsHeldBack",
        "LargeRecords",
    }
    assert all(a["Dimensions"] == [{"Name": DIMENSION, "Value": {"Ref": "Prefix"}}] for a in own)


def test_errors_of_every_function_raise_an_alarm() -> None:
    """Given an error of a function, an alarm counts it unless CloudFormation called the function and
    gets the error."""
    watched = {
        dimension["Value"]["Ref"].removesuffix("Function")
        for alarm in ALARMS.values()
        for metric in alarm.get("Metrics", [])
        if "MetricStat" in metric
        for dimension in metric["MetricStat"]["Metric"]["Dimensions"]
    }
    assert watched == set(FUNCTIONS.values()) - {"PublishSite", "GuardDeletion"}


def test_metrics_are_documented() -> None:
    """Given the metrics, the table in the documentation has each of them with its unit."""
    section = METRICS.split("## Metrics", 1)[1].split("\n## ", 1)[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", section, flags=re.MULTILINE))
    assert rows == {
        name: {"Count": "count", "Seconds": "seconds", "None": "minutes"}[u] for name, u in UNITS.items()
    }


def test_functions_may_write_traces_only_when_asked_to() -> None:
    """Given Tracing, every function has the two actions of X-Ray, which have no resource, and otherwise
    none has."""
    policy = RESOURCES["TracingPolicy"]
    assert (policy["Condition"], PARAMETERS["Tracing"]["Default"]) == ("TracesRequests", "PassThrough")
    roles = {role["Ref"] for role in policy["Properties"]["Roles"]}
    assert roles == {f"{name}Role" for name in FUNCTIONS.values()}
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert sorted(statement["Action"]) == ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    function = load_template()["Globals"]["Function"]
    assert function["Tracing"] == {"Ref": "Tracing"}
    assert RESOURCES["Api"]["Properties"]["TracingEnabled"] == {"Fn::If": ["TracesRequests", True, False]}


def test_budget_is_made_only_with_an_amount_and_an_address() -> None:
    """Given an amount without an address, the budget is refused, and without an amount none is created."""
    assert RESOURCES["Budget"]["Condition"] == "HasBudget"
    assert PARAMETERS["MonthlyBudget"]["Default"] == 0
    (assertion,) = load_template()["Rules"]["BudgetNeedsAddress"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}
    told = RESOURCES["Budget"]["Properties"]["NotificationsWithSubscribers"]
    kinds = [(n["Notification"]["NotificationType"], n["Notification"]["Threshold"]) for n in told]
    assert kinds == [("ACTUAL", 80), ("FORECASTED", 100)]


def test_another_alarm_address_can_replace_the_budget() -> None:
    """Given new subscribers, CloudFormation can replace the budget, because it has no fixed name."""
    assert "BudgetName" not in RESOURCES["Budget"]["Properties"]["Budget"]


def test_resources_carry_the_stack_as_a_cost_tag() -> None:
    """Given a bill, the cost tag distinguishes functions, logs, API, buckets and site of one stack from
    those of another."""
    assert load_template()["Globals"]["Function"]["Tags"] == {"hippo:stack": {"Ref": "Prefix"}}
    assert RESOURCES["Api"]["Properties"]["Tags"] == {"hippo:stack": {"Ref": "Prefix"}}
    kinds = ("AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::CloudFront::Distribution")
    tagged = {name: r["Properties"].get("Tags", []) for name, r in RESOURCES.items() if r["Type"] in kinds}
    tag = {"Key": "hippo:stack", "Value": {"Ref": "Prefix"}}
    assert [name for name, tags in tagged.items() if tag not in tags] == []
