"""Run a contest: all searches, then every winner anew from scratch with seeds that no search has used."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np

from benchmarks.evaluators.trainings import Training, run_trainings
from benchmarks.evaluators.trial_runner import TrialRunner, trial_key
from benchmarks.experiments.head_to_head.contenders import Contender
from benchmarks.experiments.head_to_head.contest import Contest, Found, Live
from benchmarks.experiments.head_to_head.prepared import prepare
from benchmarks.fidelities import FIRST_FINAL_SEED, on_test
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.runtime.progress import SearchProgress
from benchmarks.search.loop import Candidate, Request, Who, incumbent, live_search, run_side_by_side
from benchmarks.search.problem import exact_cost
from benchmarks.store.sqlite import ResultStore, open_store
from hw_model.cost import Cost
from hw_model.vela.measurements import MeasurementCache
from nas_algos.ledger import Spend
from nas_algos.objectives import best_quality
from tasks.training import training_flops


@dataclass(frozen=True)
class Judged:
    """One search's network after its trainings from scratch.

    qualities: on test examples, those that did not fail.  cost: compiled whole where there is a compiler.
    """

    contender: Contender
    seed: int
    found: Found
    qualities: tuple[float, ...]
    cost: Cost


def run_contest(contest: Contest, contenders: Sequence[Contender], final_seeds: int) -> list[Judged]:
    """All searches of all contenders; what is in the stores under the contest's home is not repeated.

    A search that found nothing (all of its trainings failed) is left out.
    """
    home, task, fidelity = contest.home, contest.task, contest.fidelity
    prepare_with_progress(home, task.config(fidelity.data), task.dataset)
    prepared = prepare(
        contest,
        itertools.chain.from_iterable(each.scores for each in contenders),
        itertools.chain.from_iterable(each.supernets for each in contenders),
    )
    begun = {
        (each.name, seed): each.begin(contest, prepared, seed) for each in contenders for seed in range(contest.seeds)
    }
    splits = tuple((fidelity.data, split) for split in ("train", fidelity.eval_split, "test"))
    with open_store(home) as store, TrialRunner(home, task, splits, store) as runner:
        found = {who: start for who, start in begun.items() if isinstance(start, Found)}
        live = {who: start for who, start in begun.items() if isinstance(start, Live)}
        found |= _search(contest, runner, store, live)
        qualities = _train_winners(contest, runner, found, final_seeds)
    by_name = {each.name: each for each in contenders}
    with MeasurementCache(home / "measurements.sqlite") as cache:
        return [
            Judged(by_name[who[0]], who[1], found[who], qualities[who],
                   exact_cost(found[who].blocks, contest.accelerator, cache))
            for who in begun if who in found
        ]  # fmt: skip


def _search(contest: Contest, runner: TrialRunner, store: ResultStore, live: dict[Who, Live]) -> dict[Who, Found]:
    """Searches with trainings, all side by side, so that no worker waits for one search's next round."""
    if not live:
        return {}
    objective, root = best_quality(contest.bounds), jax.random.key(0)
    costs = contest.costs  # one function, so that it is compiled once for all searches
    searches = {
        who: live_search(
            start.strategy,
            costs,
            Request(objective, contest.bounds, start.trainings),
            jax.random.fold_in(root, who[1]),
        )
        for who, start in live.items()
    }
    with SearchProgress("searches", total=sum(start.trainings for start in live.values())) as progress:
        runner.show(progress)
        candidates = run_side_by_side(runner, searches, contest.space, contest.task.metric, contest.fidelity)
    results = {who: _found(contest, store, live[who], who[1], rows) for who, rows in candidates.items()}
    return {who: result for who, result in results.items() if result is not None}


def _found(contest: Contest, store: ResultStore, start: Live, seed: int, rows: list[Candidate]) -> Found | None:
    """The search's incumbent, with the ledger of its trainings."""
    best = incumbent(rows)
    if best is None:
        return None
    spend, curve, highest = start.spent, [], -math.inf
    for candidate in (row for row in rows if row.charged):
        blocks = contest.space.decode(candidate.genotype)
        trial = store.get(trial_key(contest.task, blocks, contest.fidelity, seed))
        spend = Spend(
            spend.trainings + 1,
            spend.example_passes + contest.training_passes,
            spend.training_flops + training_flops(blocks, contest.fidelity),
            spend.seconds + (0.0 if trial is None else trial.seconds),
        )
        if candidate.quality is not None and math.isfinite(candidate.quality):
            highest = max(highest, candidate.quality)
            curve.append((spend.example_passes, highest))
    assert best.quality is not None
    return Found(contest.space.decode(best.genotype), best.quality, spend, tuple(curve))


def _train_winners(
    contest: Contest, runner: TrialRunner, found: dict[Who, Found], final_seeds: int
) -> dict[Who, tuple[float, ...]]:
    """Test qualities of each search's network; searches of different seeds train with different ones.

    So the spread between a contender's searches has the noise of these trainings in it even where all found the same.
    """
    final, wanted, owners = on_test(contest.fidelity), [], []
    for who, result in found.items():
        for repeat in range(final_seeds):
            seed = FIRST_FINAL_SEED + who[1] * final_seeds + repeat
            wanted.append(Training(f"{who[0]} {who[1]}", result.blocks, final, seed))
            owners.append(who)
    values: dict[Who, list[float]] = {who: [] for who in found}
    for who, trial in zip(owners, run_trainings(runner, "winners", wanted), strict=True):
        quality = trial.quality.get(contest.task.metric, math.nan)
        if np.isfinite(quality):
            values[who].append(quality)
    return {who: tuple(each) for who, each in values.items()}


def states_budget(contest: Contest, contenders: Sequence[Contender], final_seeds: int) -> str:
    """The budget in words, before anything is spent."""
    searches = len(contenders) * contest.seeds
    live = sum(not each.supernets and each.family in ("multi-shot", "hybrid") for each in contenders) * contest.seeds
    limits = ", ".join(f"{name} <= {bound:.4g}" for name, bound in contest.bounds.items())
    return (
        f"{contest.task.name} on {contest.accelerator}, {contest.space.name} space, {limits} (by the cost model)\n"
        f"each search may spend {contest.passes:g} example passes ({contest.budget} trainings of "
        f"{contest.training_passes}); {searches} searches, of which {live} train up to {contest.budget} networks each, "
        f"and {searches * final_seeds} trainings of winners"
    )
