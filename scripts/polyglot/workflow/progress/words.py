"""Times and jobs, as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping


def clock(seconds: float) -> str:
    """Time passed: 4:10, or 1:04:10."""
    whole = max(round(seconds), 0)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def about(seconds: float) -> str:
    """Time to come, only as exact as an estimate is: about 40 s, about 6 min, about 2 h 10 min."""
    if seconds < 90:
        return f"about {max(round(seconds / 10), 1) * 10} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"about {minutes} min"
    hours, minutes = divmod(round(minutes / 10) * 10, 60)
    return f"about {hours} h {minutes} min" if minutes else f"about {hours} h"


def named(rule: str, wildcards: Mapping[str, str]) -> str:
    """A job: student (teacher hasty, lang de)."""
    values = ", ".join(f"{name} {value}" for name, value in wildcards.items() if name != "study")
    return f"{rule} ({values})" if values else rule


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
