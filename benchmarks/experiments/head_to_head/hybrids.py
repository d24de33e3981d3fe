"""Searches composed of two families' parts, the article's future work; each is a few lines."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.experiments.head_to_head.contest import Contest, Live
from benchmarks.experiments.head_to_head.prepared import Prepared
from hw_model.blocks import Block
from nas_algos.load import build_strategy
from nas_algos.small_budgets import settings_for
from nas_algos.strategies.bananas import Pool, bananas
from nas_algos.warm_start import warm_start


def zero_shot_evolution(contest: Contest, prepared: Prepared, seed: int, score: str) -> Live:
    """Trained evolution whose first half is what a zero-shot score thinks best of the pool."""
    pool = prepared.pools[seed]
    spent = pool.spend([score])
    trainings = contest.trainings_left(spent)
    evolution = build_strategy("regularised_evolution", contest.space.cardinalities, trainings, objectives=1)
    return Live(warm_start(evolution, pool.best(score, math.ceil(trainings / 2))), trainings, spent)


def zero_shot_predictor(contest: Contest, prepared: Prepared, seed: int, score: str) -> Live:
    """A predictor that sees a zero-shot score beside the genotype, and chooses from the pool."""
    pool = prepared.pools[seed]
    spent = pool.spend([score])
    trainings = contest.trainings_left(spent)
    known = Pool(pool.genotypes, pool.of(score)[:, None])
    settings = settings_for("bananas", trainings, objectives=1)
    return Live(bananas(contest.space.cardinalities, settings, known), trainings, spent)


def supernet_ranking(contest: Contest, prepared: Prepared, seed: int, algorithm: str, share: float) -> Live:
    """A supernet's search spends `share` of the budget; the rest trains what it ranks first, in that order."""
    result = prepared.supernets[algorithm, share, seed]
    trainings = contest.trainings_left(result.spend)
    looks = [look for look in result.looks if math.isfinite(look.quality)]
    ranked = [look.genotype for look in sorted(looks, key=lambda look: -look.quality)] or [result.genotype]
    distinct: dict[tuple[Block, ...], tuple[int, ...]] = {}
    for genotype in ranked:  # those that differ in what their network does not have are one network, to be trained once
        distinct.setdefault(contest.space.decode(genotype), genotype)
    random = build_strategy("random", contest.space.cardinalities, trainings, objectives=1)
    first = np.array([*distinct.values()][:trainings], np.int32)
    return Live(warm_start(random, first), trainings, result.spend)
