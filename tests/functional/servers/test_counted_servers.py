"""The functions write their metrics to the standard output that Lambda logs."""

import pytest

from tests.support.metric_lines import read_metric_lines
from tests.support.server_world import USER, ServerWorld


def test_a_server_is_counted_from_its_start_to_its_end(
    world: ServerWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given the handlers as deployed in stack `lab`, start, stop and sweep write its metrics."""
    monkeypatch.setenv("PREFIX", "lab")
    world.start()
    world.clock.advance(60)
    world.stop({"userId": USER})
    world.stop({"sweep": True})

    text = capsys.readouterr().out
    names = [sorted(name for name in line if name[0].isupper()) for line in read_metric_lines(text)]
    assert names == [
        ["ServersStarted"],
        ["ServersReady", "TimeToReady"],
        ["ServerMinutes", "ServersStopped"],
        [
            "Orphans",
            "Queue",
            "ReadyServers",
            "ServersPastDeadline",
            "SlotsInUse",
            "StartingServers",
            "StoppingServers",
            "UnreadableRecords",
        ],
    ]
    assert text.count('"Stack":"lab"') == 4
