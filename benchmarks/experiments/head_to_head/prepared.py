"""What searches need before their first training: scored pools and trained supernets, each made once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.evaluators.supernet import SingleShotJob, SingleShotResult, run_side_by_side
from benchmarks.experiments.head_to_head.contest import Contest
from benchmarks.experiments.head_to_head.scored_pool import ScoredPool, score_pools
from nas_algos.single_shot.charges import Budget


@dataclass(frozen=True)
class Prepared:
    """pools: by seed.  supernets: by single-shot algorithm, share of the budget that it spent, and seed."""

    pools: dict[int, ScoredPool]
    supernets: dict[tuple[str, float, int], SingleShotResult]


def prepare(contest: Contest, scores: Iterable[str], supernets: Iterable[tuple[str, float]]) -> Prepared:
    """Score and train what is not there yet."""
    pools = score_pools(contest, tuple(dict.fromkeys(scores)))
    names = [(*what, seed) for what in dict.fromkeys(supernets) for seed in range(contest.seeds)]
    jobs = [
        SingleShotJob(
            contest.space,
            contest.accelerator,
            algorithm,
            dict(contest.bounds),
            Budget(example_passes=share * contest.passes),
            contest.fidelity,
            seed,
            contest.home,
        )
        for algorithm, share, seed in names
    ]
    results = run_side_by_side(contest.home, contest.task, "supernets", jobs) if jobs else []
    return Prepared(pools, dict(zip(names, results, strict=True)))
