"""The zero-shot scores by name.  Larger is better in all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import jax
import numpy as np

from nas_algos.errors import AlgorithmInputError
from nas_algos.zero_shot.az_nas import PARTS as AZ_NAS_PARTS
from nas_algos.zero_shot.az_nas import az_expressivity, az_nas, az_progressivity, az_trainability
from nas_algos.zero_shot.depth import depth
from nas_algos.zero_shot.fisher import fisher
from nas_algos.zero_shot.grad_norm import grad_norm
from nas_algos.zero_shot.jacob_cov import jacob_cov
from nas_algos.zero_shot.linear_regions import STEPS, linear_regions
from nas_algos.zero_shot.macs import macs
from nas_algos.zero_shot.naswot import naswot
from nas_algos.zero_shot.network import Probe
from nas_algos.zero_shot.ntk import ntk
from nas_algos.zero_shot.params import params
from nas_algos.zero_shot.snip import snip
from nas_algos.zero_shot.synflow import synflow
from nas_algos.zero_shot.trainability import PARTS, trainability
from nas_algos.zero_shot.wrcor import wrcor
from nas_algos.zero_shot.zen import zen
from nas_algos.zero_shot.zico import zico

FORWARD = 1 / 3  # of a pass forward and backward


@dataclass(frozen=True)
class Score:
    """A number for one network, scalar; NaN where it has none."""

    source: str
    """The paper; "baseline" for what is only counted."""
    measure: Callable[[Probe, jax.Array], jax.Array]
    """(probe, key) to the score; all its randomness comes from the key."""
    passes: float
    """What it computes for each example of the batch, in passes forward and backward, of which a forward pass is a
    third."""
    reads: tuple[Literal["first", "loss_gradients", "blocks"], ...] = ()
    """What it reads of the probe besides the network."""
    one_example: bool = False
    """It computes that for one example only."""

    def example_passes(self, batch: int) -> float:
        """What one network's score is charged in a ledger."""
        return self.passes * (1 if self.one_example else batch)


@dataclass(frozen=True)
class Combination:
    """A number for each of several networks, from other scores of theirs: {part: [n]} to float64 [n]."""

    source: str
    parts: tuple[str, ...]
    combine: Callable[[Mapping[str, np.ndarray]], np.ndarray]


SCORES: MappingProxyType[str, Score | Combination] = MappingProxyType(
    {
        "synflow": Score("arXiv:2006.05467", synflow, 1.0, one_example=True),
        "naswot": Score("arXiv:2006.04647", naswot, FORWARD, ("first",)),
        "zen": Score("arXiv:2102.01063", zen, 2 * FORWARD),
        "grad_norm": Score("arXiv:2101.08134", grad_norm, 1.0, ("loss_gradients",)),
        "snip": Score("arXiv:1810.02340", snip, 1.0, ("loss_gradients",)),
        "fisher": Score("arXiv:1906.04113", fisher, 1.0, ("loss_gradients",)),
        "ntk": Score("arXiv:2102.11535", ntk, 1.0 + FORWARD, ("first",)),
        "linear_regions": Score("arXiv:1901.09021", linear_regions, (STEPS + 2) * FORWARD, ("first",)),
        "zico": Score("arXiv:2301.11300", zico, 1.0 + FORWARD, ("first",)),
        "jacob_cov": Score("arXiv:2006.04647v1", jacob_cov, 1.0 + FORWARD, ("first",)),
        "wrcor": Score("arXiv:2507.08841", wrcor, 1.0),
        "trainability": Combination("arXiv:2403.19232", PARTS, trainability),
        "az_expressivity": Score("arXiv:2403.19232", az_expressivity, FORWARD, ("blocks",)),
        "az_progressivity": Score("arXiv:2403.19232", az_progressivity, FORWARD, ("blocks",)),
        "az_trainability": Score("arXiv:2403.19232", az_trainability, 1.0, ("blocks",)),
        "az_nas": Combination("arXiv:2403.19232", AZ_NAS_PARTS, az_nas),
        "params": Score("baseline", params, 0.0),
        "macs": Score("baseline", macs, 0.0),
        "depth": Score("baseline", depth, 0.0),
    }
)


def measured_names(names: Iterable[str]) -> tuple[str, ...]:
    """The scores to measure for these, parts of combinations included.

    Raises AlgorithmInputError for an unknown name and for none.
    """
    names = tuple(names)
    unknown = [name for name in names if name not in SCORES]
    if unknown or not names:
        raise AlgorithmInputError(f"unknown score {', '.join(unknown) or 'none'}; allowed: {', '.join(SCORES)}")
    found: dict[str, None] = {}
    for name in names:
        score = SCORES[name]
        found |= dict.fromkeys(score.parts if isinstance(score, Combination) else (name,))
    return tuple(found)


def measured_together(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Measured scores in groups: those that read the pass of Gaussian images share it, each other one is alone."""
    groups: dict[str, list[str]] = {}
    for name in names:
        score = SCORES[name]
        shares = isinstance(score, Score) and "blocks" in score.reads
        groups.setdefault("blocks" if shares else name, []).append(name)
    return tuple(map(tuple, groups.values()))


def example_passes(names: Iterable[str], batch: int) -> float:
    """What scoring one network by all of these is charged in a ledger; raises as `measured_names`.

    Scores that share a pass (`measured_together`) are charged as the dearest of them.
    """
    groups = [[SCORES[name] for name in group] for group in measured_together(measured_names(names))]
    return sum(max(score.example_passes(batch) for score in group if isinstance(score, Score)) for group in groups)
