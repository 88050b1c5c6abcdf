"""Text for times, durations and costs."""

from datetime import datetime, timedelta


def format_duration(duration: timedelta | float | None) -> str:
    """Return `45 s`, `12 min` or `3 h 05`, or "" for no duration."""
    if duration is None:
        return ""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if seconds < 100 and seconds != 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d}"


def format_age(minutes: float) -> str:
    """Return `3 min`, `2 h 05 min` or `4 d`."""
    if minutes < 60:
        return f"{minutes:.0f} min"
    if minutes < 48 * 60:
        return f"{minutes // 60:.0f} h {minutes % 60:02.0f} min"
    return f"{minutes // (24 * 60):.0f} d"


def format_clock_time(moment: datetime | None, now: datetime | None = None) -> str:
    """Return `23:51` in the user's time zone, or "" for no time.

    With `now` the date comes before it if that is neither today nor the day after.
    """
    if moment is None:
        return ""
    local = moment.astimezone()
    is_near = now is None or 0 <= (local.date() - now.astimezone().date()).days <= 1
    return f"{local:%H:%M}" if is_near else f"{local:%Y-%m-%d %H:%M}"


def format_time(moment: datetime | None, now: datetime) -> str:
    """Return the time in the user's time zone, with the date if it is not today, or "" for no time."""
    if moment is None:
        return ""
    local, today = moment.astimezone(), now.astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def format_dollars(amount: float) -> str:
    """Return an amount in USD, with four decimals below 0.10."""
    return f"{amount:.4f} USD" if 0 < amount < 0.1 else f"{amount:.2f} USD"


def format_share(part: int, whole: int) -> str:
    """Return a share in percent, or "" if the whole is 0."""
    return f"{100 * part / whole:.0f} %" if whole else ""
