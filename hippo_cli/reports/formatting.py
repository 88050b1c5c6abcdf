"""Times, durations and sums as people read them."""

from datetime import datetime, timedelta


def format_duration(duration: timedelta | float | None) -> str:
    """`45 s`, `12 min`, `3 h 05`; empty for none."""
    if duration is None:
        return ""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if seconds < 100 and seconds != 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d}"


def format_time(moment: datetime | None, now: datetime) -> str:
    """In the reader's time zone: the time of today, else with the date."""
    if moment is None:
        return ""
    local, today = moment.astimezone(), now.astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def format_dollars(amount: float) -> str:
    """USD, with cents' parts where it is little."""
    return f"{amount:.4f} USD" if 0 < amount < 0.1 else f"{amount:.2f} USD"


def format_share(part: int, whole: int) -> str:
    """Percent; empty where there is nothing to share."""
    return f"{100 * part / whole:.0f} %" if whole else ""
