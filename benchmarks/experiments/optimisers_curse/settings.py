"""Which tables are looked at."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.registry import TASKS


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce optimisers_curse --set NAME=VALUE` may change."""

    task: tuple[str, ...] = tuple(TASKS)
    """Tasks whose winners are looked at; those of which none is trained have no rows."""
