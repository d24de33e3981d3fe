"""Run a contest: all searches, then every winner anew from scratch with seeds that no search has used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import numpy as np

from benchmarks.errors import NoResultError, report
from benchmarks.evaluators.trained import TrainingPool
from benchmarks.evaluators.trainings import Training, run_trainings
from benchmarks.experiments.head_to_head.contenders import Contender, ranked
from benchmarks.experiments.head_to_head.contest import Contest, Winner
from benchmarks.experiments.head_to_head.scored_pool import score_pools
from benchmarks.fidelities import FIRST_FINAL_SEED, on_test
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.search.problem import exact_cost
from benchmarks.search.searches import run_trained, search_in_workers, trained_search
from benchmarks.search.verdict import why_nothing
from benchmarks.store.sqlite import open_store
from hw_model.cost import Cost
from hw_model.vela.measurements import MeasurementCache
from nas_algos.ledger import Spend, total
from nas_algos.loop import Found
from nas_algos.single_shot.algorithm import Look

Who = tuple[str, int]
"""A search by its contender's name and its seed."""


class First(NamedTuple):
    """What a contender knows before its first training."""

    winner: Winner
    """What it comes to where nothing follows."""
    looks: tuple[Look, ...] = ()
    """Networks with what is known of each, a score or a quality with inherited weights."""


@dataclass(frozen=True)
class Evaluated:
    """One search's network after its trainings from scratch."""

    contender: Contender
    seed: int
    winner: Winner
    qualities: tuple[float, ...]
    """On test examples, those that did not fail."""
    cost: Cost
    """Compiled whole where there is a compiler."""


def run_contest(contest: Contest, contenders: Sequence[Contender], final_seeds: int) -> list[Evaluated]:
    """All searches of all contenders; what is in the stores under the contest's home is not repeated.

    A search that found nothing (all of its trainings diverged, or no network was within the bounds) is left out, with a
    line on stderr.  Raises NoResultError where none found anything.
    """
    home, spec = contest.home, contest.spec
    prepare_with_progress(home, spec.task.config(spec.fidelity.data), spec.task.dataset)
    order = [(each, seed) for each in contenders for seed in range(contest.seeds)]
    first = _first_stages(contest, order)
    fidelities = (spec.fidelity, on_test(spec.fidelity))
    with open_store(home) as store, TrainingPool(home, spec.task, fidelities, store) as pool:
        winners = {(each.name, seed): first[each.name, seed].winner for each, seed in order if each.train is None}
        winners |= _train(contest, pool, [(each, seed) for each, seed in order if each.train], first)
        if not winners:
            raise NoResultError(f"none of {len(order)} searches found a network; the lines before say why")
        qualities = _train_winners(contest, pool, winners, final_seeds)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        return [
            Evaluated(
                each, seed, winners[who], qualities[who], exact_cost(winners[who].blocks, spec.accelerator, cache)
            )
            for each, seed in order
            if (who := (each.name, seed)) in winners
        ]


def _first_stages(contest: Contest, order: Sequence[tuple[Contender, int]]) -> dict[Who, First]:
    """What comes before trainings: scores and supernets, each made once for all who need it."""
    spec = contest.spec
    pools = score_pools(contest, tuple(dict.fromkeys(each.score for each, _ in order if each.score)))
    wanted = {
        (each.supernet, each.share, seed): replace(
            spec, budget=each.share * spec.budget, evaluator=f"supernet:{each.supernet}", seed=seed
        )
        for each, seed in order
        if each.supernet
    }
    supernets = search_in_workers(contest.home, "supernets", wanted)

    def first(each: Contender, seed: int) -> First:
        if each.network is not None:
            return First(Winner(each.network(contest), math.nan, Spend()))
        if each.score:
            looks = pools[seed].looks(each.score)
            best, spend = ranked(looks)[0], pools[seed].spend([each.score])
            return First(Winner(spec.space.decode(best), math.nan, spend), looks)
        if each.supernet:
            result = supernets[each.supernet, each.share, seed]
            winner = Winner(spec.space.decode(result.genotype), result.quality, result.spend)
            return First(winner, result.looks or (Look(result.genotype, result.quality),))
        return First(Winner((), math.nan, Spend()))

    return {(each.name, seed): first(each, seed) for each, seed in order}


def _train(
    contest: Contest, pool: TrainingPool, order: Sequence[tuple[Contender, int]], first: Mapping[Who, First]
) -> dict[Who, Winner]:
    """The searches with trainings, all side by side."""
    cost = jax.jit(contest.spec.costs)  # one function, so that it is compiled once for all searches
    searches = {}
    for each, seed in order:
        assert each.train is not None
        before = first[each.name, seed]
        trainings = contest.trainings_left(before.winner.spend)
        strategy = each.train(contest, before.looks, trainings)
        spec = replace(contest.spec, budget=trainings, seed=seed)
        searches[each.name, seed] = trained_search(pool, spec, cost, each.name, strategy)
    found = run_trained(pool, "searches", searches)
    for (name, seed), each in found.items():
        if each.best is None:
            report(f"{name} {seed} found nothing: {why_nothing([each], contest.spec.bounds, contest.spec.task.metric)}")
    return {who: _winner(contest, first[who].winner.spend, each) for who, each in found.items() if each.best}


def _winner(contest: Contest, spent: Spend, found: Found) -> Winner:
    """The search's best network, with the ledger of its trainings after what was spent before."""
    spend, curve, highest = spent, [], -math.inf
    for candidate in found.candidates:
        spend = total([spend, *(evaluation.spend for evaluation in candidate.evaluations)])
        if candidate.evaluations and candidate.quality is not None and math.isfinite(candidate.quality):
            highest = max(highest, candidate.quality)
            curve.append((spend.example_passes, highest))
    best = found.best
    assert best is not None
    assert best.quality is not None
    return Winner(contest.spec.space.decode(best.genotype), best.quality, spend, tuple(curve))


def _train_winners(
    contest: Contest, pool: TrainingPool, found: dict[Who, Winner], final_seeds: int
) -> dict[Who, tuple[float, ...]]:
    """Test qualities of each search's network; searches of different seeds train with different ones.

    So the spread between a contender's searches has the noise of these trainings in it even where all found the same.
    """
    final, wanted, owners = on_test(contest.spec.fidelity), [], []
    for who, result in found.items():
        for repeat in range(final_seeds):
            seed = FIRST_FINAL_SEED + who[1] * final_seeds + repeat
            wanted.append(Training(f"{who[0]} {who[1]}", result.blocks, final, seed))
            owners.append(who)
    values: dict[Who, list[float]] = {who: [] for who in found}
    for who, trial in zip(owners, run_trainings(pool, "winners", wanted), strict=True):
        quality = trial.quality.get(contest.spec.task.metric, math.nan)
        if np.isfinite(quality):
            values[who].append(quality)
    return {who: tuple(each) for who, each in values.items()}


def states_budget(contest: Contest, contenders: Sequence[Contender], final_seeds: int) -> str:
    """The budget in words, before anything is spent."""
    searches = len(contenders) * contest.seeds
    live = sum(each.train is not None and not each.supernet for each in contenders) * contest.seeds
    spec = contest.spec
    limits = ", ".join(f"{name} <= {bound:.4g}" for name, bound in spec.bounds.items())
    return (
        f"{spec.task.name} on {spec.accelerator}, {spec.space.name} space, {limits} (by the cost model)\n"
        f"each search may spend {spec.passes:g} example passes ({spec.budget} trainings of {spec.training_passes}); "
        f"{searches} searches, of which {live} train up to {spec.budget} networks each, "
        f"and {searches * final_seeds} trainings of winners"
    )
