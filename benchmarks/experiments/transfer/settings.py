"""What is transferred, and for which accelerators."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce transfer --set NAME=VALUE` may change."""

    accelerators: tuple[str, ...] = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
    """Of those in detection.csv and iso_latency.csv."""
    model: str = "V3"
    """Row of detection.csv whose network is transferred."""
