"""A strategy on a zero-shot score: networks are evaluated untrained, by one number each."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.spec import STRATEGIES_CODE_VERSION, SearchSpec
from benchmarks.evaluators.stored import read_found
from benchmarks.evaluators.zero_shot import BATCH, CHUNK, SCORES_CODE_VERSION, Scorer, make_scorer
from benchmarks.runtime.worker_data import WorkerData
from benchmarks.store.sqlite import open_store
from hw_model.cost import count_macs
from nas_algos.evaluator import Costs, Evaluation, Immediate, Request
from nas_algos.ledger import Spend
from nas_algos.load import build_strategy
from nas_algos.loop import Search, search
from nas_algos.objectives import best_quality
from nas_algos.single_shot.charges import TRAINING
from nas_algos.trajectory import Found
from nas_algos.zero_shot.scores import example_passes
from tasks.spaces.space import SearchSpace
from tasks.training import TRAINING_CODE_VERSION

STRATEGY = "random"
"""That a score is searched with where no other is asked for."""
MOST_EVALUATIONS = 1_000
"""However cheap a score is."""
SEARCH_CODE_VERSION = "2"
"""Raise it when a change to how a score is searched with changes what a search comes to."""


@dataclass(frozen=True)
class ScoreSearchResult:
    """What a search by a score came to."""

    found: Found

    def describe(self) -> str:
        """A few words for the progress display."""
        best = self.found.best
        return f"{len(self.found.candidates)} networks, best score {math.nan if best is None else best.quality:.4g}"


def scored(
    space: SearchSpace, cost: Costs, scorer: Scorer, name: str, progress: Callable[[int], None] = lambda done: None
) -> Immediate:
    """An evaluator: quality is the named score of a scorer; it knows one fidelity, and its seed is the scorer's.

    progress: called with how many networks were scored so far.
    """
    done = itertools.accumulate(itertools.repeat(1))
    passes = example_passes([name], BATCH)

    def evaluate(requests: Sequence[Request]) -> list[Evaluation]:
        started = time.perf_counter()
        scores = scorer([request.genotype for request in requests])[name]
        seconds = (time.perf_counter() - started) / len(requests)
        for _ in requests:
            progress(next(done))
        macs = [count_macs(space.decode(request.genotype)) for request in requests]
        return [
            Evaluation(float(score), Spend(0, passes, passes * TRAINING * each, seconds))
            for score, each in zip(scores, macs, strict=True)
        ]

    return Immediate(space.cardinalities, cost, evaluate)


def search_zero_shot(
    data: WorkerData, job: tuple[Path, SearchSpec], report: Callable[[float], None] = lambda fraction: None
) -> ScoreSearchResult:
    """Search, or read the result from the store; what LocalExecutor.submit takes.

    job: home and spec, whose budget pays for so many scores, MOST_EVALUATIONS at most.  data: with the fidelity's
    training split.  Raises AlgorithmInputError for a strategy or settings that there are not, BenchmarkInputError where
    that split has fewer than BATCH examples.
    """
    home, spec = job
    version = f"{SEARCH_CODE_VERSION}, scores {SCORES_CODE_VERSION}, training {TRAINING_CODE_VERSION}"
    key = spec.key() | {"code_version": version, "batch": BATCH, "most": MOST_EVALUATIONS}
    key |= {"strategies": STRATEGIES_CODE_VERSION}  # of STRATEGY too, where the spec names none
    with open_store(home) as store:
        kept = store.cached("zero_shot_search", key, lambda: _search(data, spec, report)._asdict())
    return ScoreSearchResult(read_found(kept))


def count_evaluations(spec: SearchSpec) -> int:
    """How many scores a search's budget pays for."""
    passes = example_passes([spec.variant], BATCH)
    return max(1, MOST_EVALUATIONS if not passes else min(MOST_EVALUATIONS, int(spec.passes / passes)))


def _search(data: WorkerData, spec: SearchSpec, report: Callable[[float], None]) -> Found:
    train, count = data.splits[spec.fidelity.data, "train"], count_evaluations(spec)
    if len(train) < BATCH:
        raise BenchmarkInputError(
            f"{spec.evaluator} looks at {BATCH} training images, and {spec.task.dataset[-80:]!r} has {len(train)}; "
            f"allowed: {BATCH} and more in train, or another evaluator"
        )
    strategy = build_strategy(spec.strategy or STRATEGY, spec.space.cardinalities, count, 1, spec.strategy_settings)
    names, chunk = (spec.variant,), min(CHUNK, strategy.batch)
    scorer = make_scorer(data.task, spec.space, names, jax.random.key(spec.seed), data.task.arrays(train), BATCH, chunk)
    evaluator = scored(spec.space, jax.jit(spec.costs), scorer, spec.variant, lambda done: report(done / count))
    key = jax.random.fold_in(jax.random.key(0), spec.seed)
    return search(Search(strategy, evaluator, best_quality(spec.bounds), count, key, spec.policy, spec.seed))
