"""The JSON of a status."""

from typing import Any

from hippo_cli.reports.summary import Summary
from hippo_cli.reports.terminal import list_remarks


def build_json(summary: Summary) -> dict[str, Any]:
    """Return the whole summary, with times in UTC, durations in seconds and costs in USD."""
    return {
        "projectId": summary.project_id,
        "time": summary.now.isoformat(timespec="seconds"),
        "participants": _list_participants(summary),
        "steps": _list_steps(summary),
        "servers": _list_servers(summary) if summary.servers_visible else None,
        "failures": [
            {
                "userId": failure.user,
                "time": failure.time and failure.time.isoformat(),
                "reason": failure.reason,
            }
            for failure in summary.failures
        ],
        "dollarsAtMost": round(summary.cost, 4),
        "days": {
            day.isoformat(): {
                "serverMinutes": round(figures.minutes, 1),
                "dollarsAtMost": round(figures.cost, 4),
            }
            for day, figures in summary.days.items()
        },
        "remarks": list_remarks(summary),
    }


def _list_participants(summary: Summary) -> dict[str, Any]:
    return {
        "total": summary.total,
        "finished": summary.finished,
        "active": summary.active,
        "gone": summary.dropped_out,
        "today": summary.today,
        "finishedToday": summary.finished_today,
        "waiting": [journey.user for journey in summary.waiting],
        "playing": summary.playing,
        "unreadable": summary.broken,
    }


def _list_steps(summary: Summary) -> list[dict[str, Any]]:
    return [
        {
            "step": step.step,
            "page": step.file,
            "here": step.active,
            "gone": step.dropped_out,
            "reached": step.reached,
            "reachedToday": step.reached_today,
            "medianSeconds": None if step.median is None else round(step.median, 3),
        }
        for step in summary.steps
    ]


def _list_servers(summary: Summary) -> list[dict[str, Any]]:
    return [
        {
            "userId": server.user,
            "state": server.state,
            "attempt": server.attempt,
            "requestedAt": server.requested and server.requested.isoformat(),
            "ageSeconds": None if server.age is None else server.age.total_seconds(),
            "deadline": server.deadline and server.deadline.isoformat(),
            "dollarsAtMost": round(server.cost, 5),
            "late": server.overdue,
            "problem": server.problem or None,
        }
        for server in summary.servers
    ]
