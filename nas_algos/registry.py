"""The strategies by name: ours, and those that installed packages add as entry points of `accelnas.strategies`."""

from __future__ import annotations

from importlib.metadata import entry_points
from types import MappingProxyType

from nas_algos.bananas import bananas
from nas_algos.errors import AlgorithmInputError
from nas_algos.local_search import local_search
from nas_algos.nsga2 import nsga2
from nas_algos.optuna_sampler import optuna_sampler
from nas_algos.random_search import random_search
from nas_algos.regularised_evolution import regularised_evolution
from nas_algos.reinforce import reinforce
from nas_algos.strategy import StrategyFactory

ENTRY_POINT_GROUP = "accelnas.strategies"

STRATEGIES: MappingProxyType[str, StrategyFactory] = MappingProxyType(
    {
        "random": random_search,
        "local_search": local_search,
        "regularised_evolution": regularised_evolution,
        "nsga2": nsga2,
        "reinforce": reinforce,
        "bananas": bananas,
        "optuna": optuna_sampler,
    }
)


def strategy_names() -> dict[str, str]:
    """{name: where it comes from} of all that can be used; installed packages are named, not imported."""
    ours = dict.fromkeys(STRATEGIES, "accelnas")
    return ours | {entry.name: entry.value for entry in _entries() if entry.name not in ours}


def find_strategy(name: str) -> StrategyFactory:
    """The factory of that name.  Raises AlgorithmInputError when there is none or it cannot be imported."""
    if name in STRATEGIES:
        return STRATEGIES[name]
    for entry in _entries():
        if entry.name == name:
            try:
                return entry.load()
            except Exception as error:
                raise AlgorithmInputError(f"strategy {name}: {entry.value} cannot be imported ({error})") from error
    raise AlgorithmInputError(f"unknown strategy {name!r}; allowed: {', '.join(strategy_names())}")


def _entries():
    return entry_points(group=ENTRY_POINT_GROUP)
