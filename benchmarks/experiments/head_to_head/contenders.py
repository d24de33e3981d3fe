"""Who can take part, by name.

baseline               the network that the task's searches start from
expert                 that, rewritten by the rules of `tasks.expert`
gumbel, tunas, ...     a single-shot search
random, bananas, ...   a strategy, or FILE.py; each candidate is trained from scratch
and KIND:WHAT of `COMPOSED`, where a zero-shot score or a supernet comes first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.head_to_head.contest import Contest
from benchmarks.search.expert import expert_architecture
from benchmarks.search.problem import baseline_blocks
from hw_model.blocks import Block
from nas_algos.evaluator import Genotype
from nas_algos.load import build_strategy
from nas_algos.registry import strategy_names
from nas_algos.single_shot.algorithm import Look
from nas_algos.single_shot.registry import SINGLE_SHOT, find_single_shot
from nas_algos.small_budgets import settings_for
from nas_algos.strategies.bananas import Pool, bananas
from nas_algos.strategy import Strategy
from nas_algos.warm_start import warm_start
from nas_algos.zero_shot.scores import measured_names

Train = Callable[[Contest, Sequence[Look], int], Strategy]
"""From what came first, best last or in any order, and trainings that the rest of the budget pays for."""


@dataclass(frozen=True)
class Contender:
    """A network that needs no search, or a search in at most two stages: something cheap first, then trainings."""

    name: str
    family: str
    network: Callable[[Contest], tuple[Block, ...]] | None = None
    """What needs no search."""
    score: str = ""
    """Zero-shot score of a random pool that comes first."""
    supernet: str = ""
    """Single-shot search that comes first."""
    share: float = 1.0
    """Of the budget, that the single-shot search may spend."""
    train: Train | None = None
    """Strategy of the trainings that follow; None where what came first decides."""


def evolution_of_the_best(contest: Contest, looks: Sequence[Look], trainings: int) -> Strategy:
    """Regularised evolution whose first half is what came out best."""
    evolution = build_strategy("regularised_evolution", contest.spec.space.cardinalities, trainings, 1)
    return warm_start(evolution, np.array(ranked(looks)[: math.ceil(trainings / 2)]))


def predictor_that_sees_them(contest: Contest, looks: Sequence[Look], trainings: int) -> Strategy:
    """A predictor that sees what is known of each network beside its genotype, and chooses among these alone."""
    known = Pool(np.array([look.genotype for look in looks]), np.array([[look.quality] for look in looks]))
    return bananas(contest.spec.space.cardinalities, settings_for("bananas", trainings, 1), known)


def best_first(contest: Contest, looks: Sequence[Look], trainings: int) -> Strategy:
    """What came out best, in that order, then random networks."""
    space = contest.spec.space
    distinct: dict[tuple[Block, ...], Genotype] = {}
    for genotype in ranked(looks):  # those that differ in what their network does not have are one, to be trained once
        distinct.setdefault(space.decode(genotype), genotype)
    random = build_strategy("random", space.cardinalities, trainings, 1)
    return warm_start(random, np.array([*distinct.values()][:trainings], np.int32))


def own_strategy(contest: Contest, looks: Sequence[Look], trainings: int, name: str) -> Strategy:
    """A strategy by its name or path."""
    return build_strategy(name, contest.spec.space.cardinalities, trainings, 1)


def ranked(looks: Sequence[Look]) -> list[Genotype]:
    """The genotypes of those whose quality is a finite number, best first."""
    able = [look for look in looks if math.isfinite(look.quality)]
    return [look.genotype for look in sorted(able, key=lambda look: -look.quality)]


COMPOSED: MappingProxyType[str, Callable[[str, str], Contender]] = MappingProxyType(
    {
        "zero_shot": lambda name, score: Contender(name, "zero-shot", score=score),
        "zero_shot_evolution": lambda name, score: Contender(name, "hybrid", score=score, train=evolution_of_the_best),
        "zero_shot_predictor": lambda name, score: Contender(
            name, "hybrid", score=score, train=predictor_that_sees_them
        ),
        "supernet_ranking": lambda name, supernet: Contender(
            name, "hybrid", supernet=supernet, share=0.5, train=best_first
        ),
    }
)
"""{kind: from the contender's whole name and what stands behind the colon}."""


def find_contender(name: str) -> Contender:
    """The contender of that name.  Raises BenchmarkInputError or AlgorithmInputError naming what is allowed."""
    kind, _, what = name.partition(":")
    if kind in COMPOSED:
        found = COMPOSED[kind](name, what)
        if found.supernet or kind == "supernet_ranking":
            find_single_shot(what)
        else:
            measured_names((what,) if what else ())
        return found
    if name == "baseline":
        return Contender(name, "none", network=lambda contest: baseline_blocks(contest.spec.task))
    if name == "expert":
        network = lambda contest: expert_architecture(contest.spec.task, contest.spec.accelerator)[0]  # noqa: E731
        return Contender(name, "expert", network=network)
    if name in SINGLE_SHOT:
        return Contender(name, "single-shot", supernet=name)
    if name in strategy_names() or name.endswith(".py"):
        # what takes several objectives, or cannot be loaded, is told now and not after the supernets of others
        build_strategy(name, (2, 2), objectives=1)
        return Contender(name, "multi-shot", train=partial(own_strategy, name=name))
    raise BenchmarkInputError(
        f"unknown contender {name[:60]!r}; allowed: baseline, expert, {', '.join(SINGLE_SHOT)}, "
        f"{', '.join(strategy_names())}, FILE.py, zero_shot[_evolution|_predictor]:SCORE, supernet_ranking:SINGLE_SHOT"
    )
