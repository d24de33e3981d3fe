"""Medians of a table's rows by what they are of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from statistics import median
from typing import Any


def median_by_task(rows: Iterable[Mapping[str, Any]], value: Callable[[Mapping[str, Any]], float]) -> dict[str, float]:
    """The median of value(row) over each task's rows, by the column `task`, tasks in the order of the rows."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["task"], []).append(value(row))
    return {task: median(values) for task, values in found.items()}
