"""What the experiment estimator may be set to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MEASURED_WHOLE = ("ethos-u55-256", "ethos-u65-256", "ethos-u65-512", "ethos-u85-1024")
"""Accelerators of which all networks are compiled: those that the tables are about, and the one that erred most."""


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce estimator --set NAME=VALUE` may change."""

    accelerator: tuple[str, ...] = ()
    """Name of an Ethos-U; repeat the option for several. All that have been measured if left out."""
    measured: Path = Path("results/estimator/measured")
    """Directory of the data sets."""
    steps: int = 1500
    """Training steps of each estimator."""
    refit: bool = False
    """Fit anew also where there is a fitted estimator."""
