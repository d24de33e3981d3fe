"""Steps in one layer's channels, both networks compiled whole: does latency rise as MACs do?

The estimator is good for whole networks and less so for steps of one channel, which are what a search climbs by.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from rich.progress import track

from benchmarks.experiments.curation.landscape import sampled
from benchmarks.experiments.curation.spaces import Subsets
from benchmarks.search.many_costs import COUNTED
from benchmarks.statistics.intervals import share_interval
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.measurements import MeasurementCache
from tasks.spaces.space import SearchSpace


class Steps(NamedTuple):
    """Counts in each draw, int[draws]: steps up that make another network, those along which latency rises by more than
    COUNTED, and those that change it by no more.
    """

    moves: np.ndarray
    monotone: np.ndarray
    level: np.ndarray

    def columns(self) -> dict[str, Any]:
        """Of curation.csv: shares with their intervals, and n."""
        found: dict[str, Any] = {}
        for name, part in (("monotone_share", self.monotone), ("level_share", self.level)):
            low, high = share_interval(part.tolist(), self.moves.tolist())
            found |= {name: part.sum() / max(self.moves.sum(), 1), f"{name}_low": low, f"{name}_high": high}
        return found | {"n_moves": int(self.moves.sum())}


def drawn_steps(subsets: Subsets, count: int, key: jax.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of uniform networks one step up each in one decision over channels: the draw int[n], before and after in the
    uncurated space, int32[n, E].

    `count` networks are drawn; those that no step up changes have none.
    """
    network_key, step_key = jax.random.split(key)
    at = sampled(subsets, count, network_key)
    up = at.exists.copy()
    up[:, up.shape[1] // 2 :] = False
    up[:, : int(subsets.has_multiplier)] = False  # the multiplier is no decision over channels of one layer
    # of the steps of each network any is as likely
    luck = np.where(up, np.asarray(jax.random.uniform(step_key, up.shape)), -1.0)
    rows = np.flatnonzero(up.any(1))
    return at.draw[rows], at.here[rows], at.there[rows, luck[rows].argmax(1)]


def compiled_steps(
    subsets: Subsets, space: SearchSpace, accelerator: str, count: int, home: Path, key: jax.Array
) -> Steps:
    """Compile the networks of `drawn_steps`, or read what was compiled before, for an accelerator of ETHOS_U.

    space: the uncurated one.
    """
    draw, here, there = drawn_steps(subsets, count, key)
    home.mkdir(parents=True, exist_ok=True)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        networks = [space.decode(tuple(genotype)) for genotype in np.concatenate([here, there]).tolist()]
        shown = track(networks, f"{subsets.name} on {accelerator}, compiling")
        latency_ms = np.array([cache.measure([each], ETHOS_U[accelerator])[0].latency_ms for each in shown])
    before, after = np.split(latency_ms, 2)
    change = after / before - 1

    def count_of(chosen: np.ndarray) -> np.ndarray:
        return np.bincount(draw[chosen], minlength=subsets.draws)

    return Steps(count_of(np.ones(len(draw), bool)), count_of(change > COUNTED), count_of(np.abs(change) <= COUNTED))
