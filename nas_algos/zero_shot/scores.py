"""The zero-shot scores by name.  Larger is better in all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import jax
import numpy as np

from nas_algos.errors import AlgorithmInputError
from nas_algos.zero_shot.depth import depth
from nas_algos.zero_shot.fisher import fisher
from nas_algos.zero_shot.grad_norm import grad_norm
from nas_algos.zero_shot.jacob_cov import jacob_cov
from nas_algos.zero_shot.linear_regions import linear_regions
from nas_algos.zero_shot.macs import macs
from nas_algos.zero_shot.naswot import naswot
from nas_algos.zero_shot.network import Probe
from nas_algos.zero_shot.ntk import ntk
from nas_algos.zero_shot.params import params
from nas_algos.zero_shot.snip import snip
from nas_algos.zero_shot.synflow import synflow
from nas_algos.zero_shot.trainability import PARTS, trainability
from nas_algos.zero_shot.zen import zen
from nas_algos.zero_shot.zico import zico


@dataclass(frozen=True)
class Score:
    """A number for one network, scalar; not a number where it has none.  key: all its randomness.

    source: the paper, "baseline" for what is only counted.
    """

    source: str
    measure: Callable[[Probe, jax.Array], jax.Array]


@dataclass(frozen=True)
class Combination:
    """A number for each of several networks, from other scores of theirs: {part: [n]} to float64 [n]."""

    source: str
    parts: tuple[str, ...]
    combine: Callable[[Mapping[str, np.ndarray]], np.ndarray]


SCORES: MappingProxyType[str, Score | Combination] = MappingProxyType(
    {
        "synflow": Score("arXiv:2006.05467", synflow),
        "naswot": Score("arXiv:2006.04647", naswot),
        "zen": Score("arXiv:2102.01063", zen),
        "grad_norm": Score("arXiv:2101.08134", grad_norm),
        "snip": Score("arXiv:1810.02340", snip),
        "fisher": Score("arXiv:1906.04113", fisher),
        "ntk": Score("arXiv:2102.11535", ntk),
        "linear_regions": Score("arXiv:1901.09021", linear_regions),
        "zico": Score("arXiv:2301.11300", zico),
        "jacob_cov": Score("arXiv:2006.04647v1", jacob_cov),
        "trainability": Combination("arXiv:2403.19232", PARTS, trainability),
        "params": Score("baseline", params),
        "macs": Score("baseline", macs),
        "depth": Score("baseline", depth),
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
