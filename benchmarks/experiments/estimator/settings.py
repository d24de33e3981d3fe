"""What the experiment estimator may be set to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce estimator --set NAME=VALUE` may change."""

    accelerator: tuple[str, ...] = ()
    """Name of an Ethos-U; repeat the option for several. All that have been measured if left out."""
    measured: Path = Path("results/estimator/measured")
    """Directory of the data sets."""
    steps: int = 6000
    """Training steps of each estimator."""
    refit: bool = False
    """Fit anew also where there is a fitted estimator."""
