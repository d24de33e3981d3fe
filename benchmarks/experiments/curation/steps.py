"""Steps in one layer's channels, both networks compiled whole: does latency rise as MACs do?

The estimator is good for whole networks and less so for steps of one channel, which are what a search climbs by.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from rich.progress import track

from benchmarks.experiments.curation.figures import ManyFigures
from benchmarks.experiments.curation.landscape import one_step_each, sampled
from benchmarks.experiments.curation.spaces import Subsets
from benchmarks.search.many_costs import COUNTED
from benchmarks.statistics.intervals import share_interval
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.measurements import MeasurementCache
from tasks.spaces.space import SearchSpace


class Steps(NamedTuple):
    """Counts in each draw, int[draws]: steps up that make another network, those along which latency rises by more than
    COUNTED, and those that change it by no more; and those along which it rises so by the estimator.
    """

    moves: np.ndarray
    monotone: np.ndarray
    level: np.ndarray
    estimated: np.ndarray

    def columns(self) -> dict[str, Any]:
        """Of curation.csv: shares, with their intervals where compiled, and n."""
        found: dict[str, Any] = {}
        for name, part in (("monotone_share", self.monotone), ("level_share", self.level)):
            low, high = share_interval(part.tolist(), self.moves.tolist())
            found |= {name: part.sum() / max(self.moves.sum(), 1), f"{name}_low": low, f"{name}_high": high}
        estimated = self.estimated.sum() / max(self.moves.sum(), 1)
        return found | {"n_moves": int(self.moves.sum()), "estimated_monotone_share": estimated}


def drawn_steps(
    subsets: Subsets, space: SearchSpace, count: int, key: jax.Array
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of uniform networks one step up each in one decision over channels: the draw int[n], before and after in the
    uncurated space, int32[n, E].

    space: the uncurated one.  `count` networks are drawn; those that no step up changes have none.
    """
    network_key, step_key = jax.random.split(key)
    at = sampled(subsets, space, count, network_key)
    rows, steps = one_step_each(subsets, at, step_key)
    return at.draw[rows], at.here[rows], at.there[rows, steps]


def compiled_steps(
    subsets: Subsets,
    space: SearchSpace,
    evaluate: ManyFigures,
    accelerator: str,
    count: int,
    home: Path,
    key: jax.Array,
) -> Steps:
    """Compile the networks of `drawn_steps`, or read what was compiled before, for an accelerator of ETHOS_U, and
    estimate the same ones.

    space: the uncurated one.  evaluate: its figures on the accelerator.
    """
    draw, here, there = drawn_steps(subsets, space, count, key)
    both = np.concatenate([here, there])
    home.mkdir(parents=True, exist_ok=True)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        networks = [space.decode(tuple(genotype)) for genotype in both.tolist()]
        shown = track(networks, f"{subsets.name} on {accelerator}, compiling")
        latency_ms = np.array([cache.measure([each], ETHOS_U[accelerator])[0].latency_ms for each in shown])
    halves = (np.split(each, 2) for each in (latency_ms, evaluate(both).latency_ms))
    change, estimated = (after / before - 1 for before, after in halves)

    def count_of(chosen: np.ndarray) -> np.ndarray:
        return np.bincount(draw[chosen], minlength=subsets.draws)

    return Steps(
        moves=count_of(np.ones(len(draw), bool)),
        monotone=count_of(change > COUNTED),
        level=count_of(np.abs(change) <= COUNTED),
        estimated=count_of(estimated > COUNTED),
    )
