"""What the experiment landscape may be set to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce landscape --set NAME=VALUE` may change."""

    accelerator: str = "ethos-u65-512"
    """A name that `accelnas list` prints, of known parallelism factor."""
    compiled: Path | None = None
    """Table of an earlier run on the same accelerator to take latencies from, five digits each."""
