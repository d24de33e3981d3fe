"""What is transferred, and for which accelerators."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.tables.files import SHIPPED


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce transfer --set NAME=VALUE` may change."""

    accelerators: tuple[str, ...] = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
    """Of those in detection.csv and iso_latency.csv."""
    model: str = "V3"
    """Row of detection.csv whose network is transferred."""
    tables: Path = SHIPPED
    """Directory of the trained tables, the surrogates, and what else is read."""
