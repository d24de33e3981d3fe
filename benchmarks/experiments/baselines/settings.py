"""What the experiment baselines may be set to."""

from __future__ import annotations

from dataclasses import dataclass

ACCELERATORS = ("ethos-u55-128", "ethos-u55-256", "ethos-u65-512", "ethos-u85-256", "ethos-u85-1024")


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce baselines --set NAME=VALUE` may change."""

    dataset: str | None = None
    """Do detection and segmentation on this data set, instead of each task on its own."""
    profile: str = "quick"
    """Of the trainings, see benchmarks/fidelities.py."""
    accelerators: tuple[str, ...] = ACCELERATORS
    """Ethos-U configurations."""
