"""What the experiment controls may be set to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce controls --set NAME=VALUE` may change."""

    dataset: str | None = None
    """Of classification, instead of the task's own."""
    profile: str = "quick"
    """Size of the data: tiny, smoke, quick or full."""
