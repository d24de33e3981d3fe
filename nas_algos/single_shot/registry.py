"""The single-shot algorithms by name."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType

from nas_algos.errors import AlgorithmInputError
from nas_algos.single_shot.algorithm import SingleShotFactory
from nas_algos.single_shot.gumbel import gumbel
from nas_algos.single_shot.one_shot import OneShotSettings, one_shot
from nas_algos.single_shot.tunas import tunas

SINGLE_SHOT: MappingProxyType[str, SingleShotFactory] = MappingProxyType(
    {
        "gumbel": gumbel,
        "tunas": tunas,
        "one_shot": one_shot,
        "sandwich": partial(one_shot, settings=OneShotSettings(sandwich=True)),
    }
)


def find_single_shot(name: str) -> SingleShotFactory:
    """The factory of that name.  Raises AlgorithmInputError when there is none."""
    if name not in SINGLE_SHOT:
        raise AlgorithmInputError(f"unknown single-shot algorithm {name!r}; allowed: {', '.join(SINGLE_SHOT)}")
    return SINGLE_SHOT[name]
