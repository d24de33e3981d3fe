"""The single-shot algorithms by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from nas_algos.errors import AlgorithmInputError
from nas_algos.settings import changed, default_settings
from nas_algos.single_shot.algorithm import SingleShot, SingleShotFactory
from nas_algos.single_shot.fair import fair
from nas_algos.single_shot.few_shot import few_shot
from nas_algos.single_shot.gumbel import gumbel
from nas_algos.single_shot.inherited import with_strategy
from nas_algos.single_shot.one_shot import one_shot
from nas_algos.single_shot.progressive import progressive
from nas_algos.single_shot.sandwich import sandwich
from nas_algos.single_shot.supernet import Supernet
from nas_algos.single_shot.tunas import tunas

SINGLE_SHOT: MappingProxyType[str, SingleShotFactory] = MappingProxyType(
    {
        "gumbel": gumbel,
        "tunas": tunas,
        "one_shot": one_shot,
        "sandwich": sandwich,
        "fair": fair,
        "progressive": progressive,
        "few_shot": few_shot,
    }
)


def find_single_shot(name: str) -> SingleShotFactory:
    """The factory of that name.  Raises AlgorithmInputError when there is none."""
    if name not in SINGLE_SHOT:
        raise AlgorithmInputError(f"unknown single-shot algorithm {name!r}; allowed: {', '.join(SINGLE_SHOT)}")
    return SINGLE_SHOT[name]


SEARCH_SHARE = 0.2
"""Of the budget, for a strategy on a supernet whose algorithm has none of its own."""


def build_single_shot(
    name: str,
    supernet: Supernet,
    bounds: Mapping[str, float],
    settings: Mapping[str, Any] = MappingProxyType({}),
    strategy: str | None = None,
    strategy_settings: Mapping[str, Any] = MappingProxyType({}),
) -> SingleShot:
    """The algorithm of that name with some settings changed; texts are read as what each stands for.

    strategy: searches with inherited weights in place of the algorithm's own decision, a name or the path of a file;
    its settings likewise.  Raises AlgorithmInputError for what there is not or may not be; for the strategy's settings
    its `check` does.
    """
    factory = find_single_shot(name)
    chosen = changed(f"supernet {name}", default_settings(factory), settings)
    algorithm = factory(supernet, bounds, settings=chosen)
    if strategy is None:
        return algorithm
    return with_strategy(algorithm, supernet, strategy, strategy_settings, algorithm.search_share or SEARCH_SHARE)
