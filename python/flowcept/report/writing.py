"""How numbers, times and tables are written in a card."""

from __future__ import annotations

import datetime
from typing import Any


def moment(at: float | None) -> str:
    if at is None:
        return "~"
    return f"{datetime.datetime.fromtimestamp(at, datetime.timezone.utc):%Y-%m-%d %H:%M:%S}"


def duration(took: float | None) -> str:
    return "~" if took is None else f"{took:.3f}"


def size(count: float | None) -> str:
    if count is None:
        return "~"
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if abs(value) < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} B" if unit == "B" else f"{value:.2f} {unit}"


def quantity(value: float, unit: str) -> str:
    if unit == "B":
        return size(value)
    digits = f"{value:.0f}" if value == int(value) and unit in ("", "MHz") else f"{value:.3f}"
    return f"{digits} {unit}".strip()


def short(value: Any, most: int = 200) -> str:
    """A value on one line of Markdown."""
    text = " ".join(str(value).split()).replace("`", "'")
    return text if len(text) <= most else f"{text[:most]}…"


def table(names: list[str], rows: list[list[Any]]) -> list[str]:
    def line(cells: list[Any]) -> str:
        return "| " + " | ".join(short(cell).replace("|", "\\|") for cell in cells) + " |"

    return [line(names), "| " + " | ".join("---" for _ in names) + " |", *map(line, rows), ""]


def footer() -> str:
    from flowcept.version import __version__

    now = datetime.datetime.now(datetime.timezone.utc)
    return f"Workflow card of Headrace's Flowcept layer {__version__}, {now:%Y-%m-%d %H:%M} UTC"
