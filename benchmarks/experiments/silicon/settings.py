"""What the experiment silicon may be set to."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.experiments.silicon.measured import MEASURED

NETWORKS = tuple(dict.fromkeys(each.network for each in MEASURED))


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce silicon --set NAME=VALUE` may change."""

    networks: tuple[str, ...] = NETWORKS
    """Those to compile, of the measurements' networks."""
