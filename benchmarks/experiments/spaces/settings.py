"""What the experiment spaces may be set to."""

from __future__ import annotations

from dataclasses import dataclass

ACCELERATORS = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024", "npu-p16")


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce spaces --set NAME=VALUE` may change."""

    accelerators: tuple[str, ...] = ACCELERATORS
    """Names that `accelnas list` prints."""
