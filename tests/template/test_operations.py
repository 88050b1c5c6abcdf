"""Alarms and dashboard look at what is really written, and say where to read on; what costs extra is off."""

import itertools
import json
import re
from typing import Any

import pytest
from template_file import FUNCTIONS, ROOT, load_template

from hippo.metrics import DIMENSION, NAMESPACE, UNITS

RESOURCES = load_template()["Resources"]
PARAMETERS = load_template()["Parameters"]
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
ALARMS = {k: r["Properties"] for k, r in RESOURCES.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
FREE_METRICS = 50  # of each of an account's first three dashboards (CloudWatch pricing)


def read_dashboard() -> list[dict[str, Any]]:
    """The widgets, with 1 for each parameter that is a number and the names of all else in place."""
    body = RESOURCES["OperationsDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        assert name.startswith("AWS::") or name.split(".")[0] in RESOURCES | PARAMETERS, name
        return "1" if PARAMETERS.get(name, {}).get("Type") == "Number" else name

    return json.loads(re.sub(r"\$\{([\w:.]+)\}", fill, body))["widgets"]


def list_shown() -> list[list[Any]]:
    """The metrics of all widgets, without those that are computed from others."""
    metrics = [metric for widget in read_dashboard() for metric in widget["properties"]["metrics"]]
    return [metric for metric in metrics if isinstance(metric[0], str)]


def test_dashboard_shows_every_metric_that_is_written() -> None:
    """Nothing is paid for that nobody sees, and no line waits for a metric that does not exist."""
    own = [metric for metric in list_shown() if metric[0] == NAMESPACE]
    assert {metric[1] for metric in own} == set(UNITS)
    assert all(metric[2:4] == [DIMENSION, "Prefix"] for metric in own)


def test_dashboard_stays_within_what_is_free() -> None:
    """One dashboard of a stack costs nothing where the account has two others at most."""
    assert len(list_shown()) <= FREE_METRICS


def test_dashboard_has_room_for_its_widgets() -> None:
    """The grid is 24 wide; widgets do not lie over one another (CloudWatch, "Dashboard body structure")."""
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
    """The cost estimate's expressions name ids of the same widget."""
    for widget in read_dashboard():
        metrics = widget["properties"]["metrics"]
        options = [metric[-1] for metric in metrics if isinstance(metric[-1], dict)]
        ids = {option["id"] for option in options if "id" in option}
        for option in options:
            used = set(re.findall(r"\b[a-z]\w*", option.get("expression", "")))
            assert used <= ids


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_says_where_to_read_on(name: str) -> None:
    """Whoever gets the e-mail finds what to do under the alarm's name."""
    assert "docs/howto/operate.md" in ALARMS[name]["AlarmDescription"]
    section = OPERATING.split("## When an alarm rings", 1)[1].split("\n## ", 1)[0]
    assert f"**{name}**" in section


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_knows_what_no_data_means(name: str) -> None:
    """Metrics of events are missing where nothing happens: no alarm, and between sweeps no all-clear."""
    expected = "ignore" if ALARMS[name].get("MetricName") == "ServersPastDeadline" else "notBreaching"
    assert ALARMS[name]["TreatMissingData"] == expected


def test_alarms_of_own_metrics_name_them_right() -> None:
    """An alarm of a metric that nothing writes would never ring."""
    own = [alarm for alarm in ALARMS.values() if alarm.get("Namespace") == NAMESPACE]
    assert {alarm["MetricName"] for alarm in own} == {"ServersPastDeadline", "TimeToReady", "StartsHeldBack"}
    assert all(a["Dimensions"] == [{"Name": DIMENSION, "Value": {"Ref": "Prefix"}}] for a in own)


def test_errors_of_every_function_at_work_ring() -> None:
    """Those that answer and those that start and stop; what CloudFormation calls tells CloudFormation."""
    watched = {
        dimension["Value"]["Ref"].removesuffix("Function")
        for alarm in ALARMS.values()
        for metric in alarm.get("Metrics", [])
        if "MetricStat" in metric
        for dimension in metric["MetricStat"]["Metric"]["Dimensions"]
    }
    assert watched == set(FUNCTIONS.values()) - {"PublishSite", "GuardDeletion"}


def test_metrics_are_documented() -> None:
    """The table of metrics holds every one, with its unit."""
    section = OPERATING.split("## Metrics", 1)[1].split("\n## ", 1)[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", section, flags=re.MULTILINE))
    assert rows == {
        name: {"Count": "count", "Seconds": "seconds", "None": "minutes"}[u] for name, u in UNITS.items()
    }


def test_functions_may_write_traces_only_when_asked_to() -> None:
    """X-Ray's two actions have no resource; every function has them with Tracing, and none without."""
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
    """A budget without somebody to tell is refused, and no amount is none."""
    assert RESOURCES["Budget"]["Condition"] == "HasBudget"
    assert PARAMETERS["MonthlyBudget"]["Default"] == 0
    (assertion,) = load_template()["Rules"]["BudgetNeedsAddress"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}
    told = RESOURCES["Budget"]["Properties"]["NotificationsWithSubscribers"]
    kinds = [(n["Notification"]["NotificationType"], n["Notification"]["Threshold"]) for n in told]
    assert kinds == [("ACTUAL", 80), ("FORECASTED", 100)]


def test_another_alarm_address_can_replace_the_budget() -> None:
    """CloudFormation replaces a budget whose subscribers change, which a fixed name would not let it do."""
    assert "BudgetName" not in RESOURCES["Budget"]["Properties"]["Budget"]


def test_what_participants_use_carries_the_stack_as_a_cost_tag() -> None:
    """Functions, logs, API, buckets and the site can be told from those of another stack on the bill."""
    assert load_template()["Globals"]["Function"]["Tags"] == {"hippo:stack": {"Ref": "Prefix"}}
    assert RESOURCES["Api"]["Properties"]["Tags"] == {"hippo:stack": {"Ref": "Prefix"}}
    kinds = ("AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::CloudFront::Distribution")
    tagged = {name: r["Properties"].get("Tags", []) for name, r in RESOURCES.items() if r["Type"] in kinds}
    tag = {"Key": "hippo:stack", "Value": {"Ref": "Prefix"}}
    assert [name for name, tags in tagged.items() if tag not in tags] == []
