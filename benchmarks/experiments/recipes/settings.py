"""Which tables are looked at."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.registry import TASKS


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce recipes --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks whose tables are looked at."""
