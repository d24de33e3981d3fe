"""What the experiment curation may be set to."""

from __future__ import annotations

from dataclasses import dataclass

ACCELERATORS = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024", "npu-p16")


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce curation --set NAME=VALUE` may change."""

    accelerators: tuple[str, ...] = ACCELERATORS
    """Names that `accelnas list` prints, of known parallelism factor."""
    algorithm: str = "regularised_evolution"
    """A strategy for one objective that can be traced."""
    evaluations: int = 2_000
    """Of each search."""
    seeds: int = 100
    """Searches of each space."""
    points: int = 100_000
    """Networks sampled of each space whose neighbours are checked in the objective."""
    walked: int = 5_000
    """Networks sampled of each space whose steps in channels are followed."""
