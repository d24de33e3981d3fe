"""Who can take part, by name.

baseline               the network that the task's searches start from
expert                 what the expert's rule of fusing makes of it, by latency alone
random, auto, ...      a strategy, or FILE.py; each candidate is trained from scratch
optuna TPE, pymoo GA   other packages' searches, as their documentation says
zero_shot:SCORE        the best of a pool by a score of untrained networks; nothing is trained
KIND:SCORE             a hybrid of `HYBRIDS`, where the pool comes first, best by the score first
KIND of `FROM_BASELINE`  a strategy that is told of the baseline first

No hybrid has a supernet in it: those train live, and a table has no answer for them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from benchmarks.errors import BenchmarkInputError
from benchmarks.search.peers import PEERS
from nas_algos.load import build_strategy
from nas_algos.registry import strategy_names
from nas_algos.strategy import Strategy
from nas_algos.warm_start import warm_start
from nas_algos.zero_shot.scores import SCORES, measured_names

Make = Callable[[tuple[int, ...], int, Any], Strategy]
"""Cardinalities, trainings to come, and networks to begin with int32[n, D], best first (n may be 0), to a strategy; the
networks may be traced."""

# networks that a model is told of before it is asked: as many as it would draw at random
FIRST = 12
MODELS = ("auto", "gaussian_process", "bananas", "optuna")
"""Strategies that fit a model between trainings."""
FRONT = "nsga2"
"""The strategy that seeks the front of quality and latency, and is worth the best quality on it."""
BOUNDED_PEERS = tuple(name for name, peer in PEERS.items() if "bounded" in peer.goals)

HYBRIDS: MappingProxyType[str, tuple[str, Make]] = MappingProxyType(
    {
        "zero_shot_ranking": (
            "random",
            lambda space, n, best: warm_start(build_strategy("random", space, n, 1), best[:n]),
        ),
        "zero_shot_local": (
            "local_search",
            lambda space, n, best: warm_start(build_strategy("local_search", space, n, 1), best[:1]),
        ),
        "zero_shot_evolution": (
            "regularised_evolution",
            lambda space, n, best: warm_start(build_strategy("regularised_evolution", space, n, 1), best[: half(n)]),
        ),
        "zero_shot_genetic": (
            "genetic",
            lambda space, n, best: warm_start(build_strategy("genetic", space, n, 1), best[: max(n // 10, 4)]),
        ),
        "zero_shot_model": (
            "auto",
            lambda space, n, best: warm_start(build_strategy("auto", space, n, 1), best[: min(half(n), FIRST)]),
        ),
    }
)
"""Two lines each: the strategy, and how many of a score's best it begins with."""

FROM_BASELINE: MappingProxyType[str, tuple[str, Make]] = MappingProxyType(
    {f"baseline_{kind.removeprefix('zero_shot_')}": entry for kind, entry in HYBRIDS.items()}
)
"""The same with the baseline, the expert's network, in place of a score's best."""


def half(trainings: int) -> int:
    """Half of them, rounded up."""
    return math.ceil(trainings / 2)


@dataclass(frozen=True)
class Contender:
    """A network that needs no search, a score, or a search."""

    name: str
    family: str
    """none, random, count, zero-shot, multi-shot or hybrid."""
    strategy: str = ""
    """That trains; empty where nothing is trained."""
    make: Make | None = None
    """None where nothing is trained."""
    score: str = ""
    """Of the pool that comes first."""
    from_baseline: bool = False
    peer: str = ""
    """Name of `PEERS`; its searches run on the host, one after the other."""
    objectives: int = 1
    """Columns of a score that its strategy is told."""
    traceable: bool = True
    """Whether its strategy is: else it runs on the host."""

    @property
    def searches(self) -> bool:
        """Whether it looks for a network; the baseline is one, and the expert's needs none."""
        return self.family != "none"

    @property
    def is_slow(self) -> bool:
        """Whether it fits a model between trainings, or runs on the host."""
        return self.strategy in MODELS or bool(self.peer) or not self.traceable


def find_contender(name: str) -> Contender:
    """The contender of that name.  Raises BenchmarkInputError or AlgorithmInputError naming what is allowed."""
    kind, _, score = name.partition(":")
    if kind == "zero_shot" or (kind in HYBRIDS and score):
        measured_names((score,) if score else ())
        if kind == "zero_shot":
            counted = SCORES[score].source == "baseline"
            return Contender(name, "count" if counted else "zero-shot", score=score)
        strategy, make = HYBRIDS[kind]
        return Contender(name, "hybrid", strategy, make, score)
    if name in FROM_BASELINE:
        strategy, make = FROM_BASELINE[name]
        return Contender(name, "hybrid", strategy, make, from_baseline=True)
    if name in ("baseline", "expert"):
        return Contender(name, "none")
    if name in BOUNDED_PEERS:
        return Contender(name, "multi-shot", peer=name)
    if name in strategy_names() or name.endswith(".py"):
        columns = 2 if name == FRONT else 1
        # what takes another number of objectives, or cannot be loaded, is told before anything is computed
        traceable = build_strategy(name, (2, 2), objectives=columns).traceable
        family = "random" if name == "random" else "multi-shot"
        # a file's strategy is tried out when it is built, which cannot be done while searches are traced: once, before
        build = functools.cache(lambda space, n: build_strategy(name, space, n, columns))
        return Contender(
            name, family, name, lambda space, n, best: build(space, n), objectives=columns, traceable=traceable
        )
    raise BenchmarkInputError(
        f"unknown contender {name[:60]!r}; allowed: baseline, expert, {', '.join(strategy_names())}, FILE.py, "
        f"{', '.join(BOUNDED_PEERS)}, zero_shot:SCORE, {', '.join(HYBRIDS)}:SCORE, {', '.join(FROM_BASELINE)}"
    )
