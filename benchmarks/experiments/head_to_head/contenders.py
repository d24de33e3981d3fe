"""Who can take part, by name: how each begins a search.

baseline               the network that the task's searches start from
expert                 that, rewritten by the rules of `tasks.expert`
zero_shot:SCORE        the network of a random pool with the highest score
gumbel, tunas, ...     a single-shot search
random, bananas, ...   a strategy, or FILE.py; each candidate is trained from scratch
and the hybrids of `benchmarks.experiments.head_to_head.hybrids`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.head_to_head.contest import Contest, Found, Live
from benchmarks.experiments.head_to_head.hybrids import supernet_ranking, zero_shot_evolution, zero_shot_predictor
from benchmarks.experiments.head_to_head.prepared import Prepared
from benchmarks.search.expert import expert_architecture
from benchmarks.search.problem import baseline_blocks
from nas_algos.ledger import Spend
from nas_algos.load import build_strategy
from nas_algos.registry import strategy_names
from nas_algos.single_shot.registry import SINGLE_SHOT, find_single_shot
from nas_algos.zero_shot.scores import measured_names

Begin = Callable[[Contest, Prepared, int], Live | Found]


@dataclass(frozen=True)
class Contender:
    """begin: from what was prepared for a seed.  scores: zero-shot scores of the pool that it needs.

    supernets: (single-shot algorithm, share of the budget) that it needs.
    """

    name: str
    family: str
    begin: Begin
    scores: tuple[str, ...] = ()
    supernets: tuple[tuple[str, float], ...] = ()


def baseline(contest: Contest, prepared: Prepared, seed: int) -> Found:
    """No search."""
    return Found(baseline_blocks(contest.task), math.nan, Spend())


def expert(contest: Contest, prepared: Prepared, seed: int) -> Found:
    """The baseline rewritten for less latency, untrained."""
    return Found(expert_architecture(contest.task, contest.accelerator)[0], math.nan, Spend())


def zero_shot(contest: Contest, prepared: Prepared, seed: int, score: str) -> Found:
    """The best of the pool, untrained."""
    pool = prepared.pools[seed]
    (genotype,) = map(tuple, pool.best(score, 1).tolist())
    return Found(contest.space.decode(genotype), math.nan, pool.spend([score]))


def single_shot(contest: Contest, prepared: Prepared, seed: int, algorithm: str) -> Found:
    """What a supernet's search found with the whole budget."""
    result = prepared.supernets[algorithm, 1.0, seed]
    return Found(contest.space.decode(result.genotype), result.quality, result.spend)


def multi_shot(contest: Contest, prepared: Prepared, seed: int, algorithm: str) -> Live:
    """A strategy with the whole budget for trainings."""
    return Live(build_strategy(algorithm, contest.space.cardinalities, contest.budget, objectives=1), contest.budget)


BY_SCORE: MappingProxyType[str, tuple[str, Callable[..., Live | Found]]] = MappingProxyType(
    {
        "zero_shot": ("zero-shot", zero_shot),
        "zero_shot_evolution": ("hybrid", zero_shot_evolution),
        "zero_shot_predictor": ("hybrid", zero_shot_predictor),
    }
)
SUPERNET_SHARE = 0.5


def find_contender(name: str) -> Contender:
    """The contender of that name.  Raises BenchmarkInputError or AlgorithmInputError naming what is allowed."""
    kind, _, what = name.partition(":")
    if kind in BY_SCORE:
        measured_names((what,) if what else ())
        family, begin = BY_SCORE[kind]
        return Contender(name, family, partial(begin, score=what), scores=(what,))
    if kind == "supernet_ranking":
        find_single_shot(what)
        needed = ((what, SUPERNET_SHARE),)
        begin = partial(supernet_ranking, algorithm=what, share=SUPERNET_SHARE)
        return Contender(name, "hybrid", begin, supernets=needed)
    if name == "baseline":
        return Contender(name, "none", baseline)
    if name == "expert":
        return Contender(name, "expert", expert)
    if name in SINGLE_SHOT:
        return Contender(name, "single-shot", partial(single_shot, algorithm=name), supernets=((name, 1.0),))
    if name in strategy_names() or name.endswith(".py"):
        # what takes several objectives, or cannot be loaded, is told now and not after the supernets of others
        build_strategy(name, (2, 2), objectives=1)
        return Contender(name, "multi-shot", partial(multi_shot, algorithm=name))
    raise BenchmarkInputError(
        f"unknown contender {name!r}; allowed: baseline, expert, {', '.join(SINGLE_SHOT)}, "
        f"{', '.join(strategy_names())}, FILE.py, {', '.join(f'{each}:SCORE' for each in BY_SCORE)}, "
        "supernet_ranking:SINGLE_SHOT"
    )
