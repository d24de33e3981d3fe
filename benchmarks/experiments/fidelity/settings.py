"""Which tables are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables.files import SHIPPED
from tasks.registry import TASKS


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce fidelity --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks to do."""
    tables: Path = SHIPPED
    """Directory of the trained tables, the surrogates, and what else is read."""
