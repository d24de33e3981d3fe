"""For which tasks and accelerators."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables.files import SHIPPED
from tasks.registry import TASKS


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce iso_latency --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks that have a table."""
    accelerators: tuple[str, ...] = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
    """Compiled for."""
    tables: Path = SHIPPED
    """Directory of the trained tables, the surrogates, and what else is read."""
