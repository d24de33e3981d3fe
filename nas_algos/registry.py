"""The strategies by name: ours, and those that installed packages add as entry points of `accelnas.strategies`."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from nas_algos.errors import AlgorithmInputError, raised
from nas_algos.strategies.auto import auto
from nas_algos.strategies.bananas import bananas
from nas_algos.strategies.gaussian_process import gaussian_process
from nas_algos.strategies.genetic import genetic
from nas_algos.strategies.local_search import local_search
from nas_algos.strategies.nsga2 import nsga2
from nas_algos.strategies.optuna_sampler import optuna_sampler
from nas_algos.strategies.ppo import ppo
from nas_algos.strategies.random_search import random_search
from nas_algos.strategies.regularised_evolution import regularised_evolution
from nas_algos.strategies.reinforce import reinforce
from nas_algos.strategy import StrategyFactory

ENTRY_POINT_GROUP = "accelnas.strategies"

STRATEGIES: MappingProxyType[str, StrategyFactory] = MappingProxyType(
    {
        "random": random_search,
        "auto": auto,
        "local_search": local_search,
        "regularised_evolution": regularised_evolution,
        "genetic": genetic,
        "gaussian_process": gaussian_process,
        "nsga2": nsga2,
        "reinforce": reinforce,
        "ppo": ppo,
        "bananas": bananas,
        "optuna": optuna_sampler,
    }
)


class Algorithm(NamedTuple):
    """origin: "built-in", "entry point" or "file".  source: the file.  summary: the first line about it.

    paper: what its docstring names as its source, an arXiv number where there is one; empty where it names none.
    """

    name: str
    origin: Literal["built-in", "entry point", "file"]
    source: str
    paper: str
    summary: str


def algorithms() -> list[Algorithm]:
    """All that can be used by name.  An installed package that cannot be imported says so in its summary."""
    found = []
    for name in strategy_names():
        try:
            factory = find_strategy(name)
        except AlgorithmInputError as error:
            found.append(Algorithm(name, "entry point", strategy_names()[name], "", str(error)))
        else:
            found.append(describe(name, factory, "built-in" if name in STRATEGIES else "entry point"))
    return found


def describe(name: str, factory: Callable[..., Any], origin: Literal["built-in", "entry point", "file"]) -> Algorithm:
    """What a strategy's module, or else its factory, says about itself."""
    module = inspect.getmodule(factory)
    text = inspect.getdoc(module) or inspect.getdoc(factory) or ""
    paper = re.search(r"arXiv:\d{4}\.\d{4,5}", text) or re.search(r"[^.]*\b(?:19|20)\d\d\b", text)
    summary = text.split("\n\n")[0].replace("\n", " ")
    return Algorithm(name, origin, source_of(factory), " ".join(paper[0].split()) if paper else "", summary)


def source_of(factory: object) -> str:
    """The file that a factory was written in, or its module where there is none."""
    while isinstance(factory, functools.partial):
        factory = factory.func
    try:
        return inspect.getsourcefile(inspect.unwrap(factory)) or ""  # pyright: ignore[reportArgumentType]
    except TypeError:  # not a function or class: an object that can be called
        return str(getattr(sys.modules.get(type(factory).__module__), "__file__", None) or type(factory).__module__)


def strategy_names() -> dict[str, str]:
    """{name: where it comes from} of all that can be used; installed packages are named, not imported."""
    ours = dict.fromkeys(STRATEGIES, "accelnas")
    return ours | {entry.name: entry.value for entry in _entries() if entry.name not in ours}


def shadowed_strategies() -> dict[str, str]:
    """{name: where it comes from} of installed packages' that cannot be used, as ours have their names."""
    return {entry.name: entry.value for entry in _entries() if entry.name in STRATEGIES}


def find_strategy(name: str) -> StrategyFactory:
    """The factory of that name.  Raises AlgorithmInputError when there is none or it cannot be imported or called."""
    if name in STRATEGIES:
        return STRATEGIES[name]
    for entry in _entries():
        if entry.name == name:
            try:
                factory = entry.load()
            except (Exception, SystemExit) as error:
                what = f"{entry.value} cannot be imported ({raised(error)})"
                raise AlgorithmInputError(f"strategy {name}: {what}") from error
            if not callable(factory):
                what = f"{entry.value} is {type(factory).__name__}; allowed: MODULE:FUNCTION"
                raise AlgorithmInputError(f"strategy {name}: {what}")
            return factory  # pyright: ignore[reportReturnType]
    raise AlgorithmInputError(f"unknown strategy {name!r}; allowed: {', '.join(strategy_names())}")


def _entries():
    return entry_points(group=ENTRY_POINT_GROUP)
