"""A whole search in one `lax.scan`, where scores are a traceable function of genotypes, such as a table's.

`step_by_step` gives the same trials for the same key by the loop on the host; a search of r rounds is the beginning of
one of more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nas_algos.checks import checked_scores
from nas_algos.errors import AlgorithmInputError
from nas_algos.evaluator import Evaluation, Immediate, Request
from nas_algos.keys import fold_in
from nas_algos.ledger import Spend
from nas_algos.loop import Search, search
from nas_algos.objectives import highest_quality, pareto
from nas_algos.policies import Policy
from nas_algos.rounds import start
from nas_algos.strategy import State, Strategy

Evaluate = Callable[[Any], Any]
"""Genotypes int32[b, D] -> scores float[b] or [b, objectives]; traceable for `scan`."""


class Trials(NamedTuple):
    """What was tried, in order."""

    genotypes: Any
    """int32[n, D], n = rounds * batch."""
    scores: Any
    """float32[n] or [n, objectives]."""


def scan(strategy: Strategy, evaluate: Evaluate, rounds: int, key: jax.Array) -> Trials:
    """A whole search as one traceable function of its key; jit it, and vmap it over keys for many seeds.

    Values out of range cannot be seen while tracing: check the trials afterwards with `checked_trials`.
    """
    if not strategy.traceable:
        raise AlgorithmInputError(f"{strategy.label} runs on the host alone; it cannot be part of a scan")
    state, rounds_key = start(strategy, key)

    def one_round(state: State, round_index: jax.Array) -> tuple[State, Trials]:
        genotypes = strategy.ask(state, fold_in(rounds_key, round_index))
        scores = checked_scores(strategy, evaluate(genotypes), strategy.batch)
        return strategy.tell(state, genotypes, scores), Trials(genotypes, scores)

    _, trials = jax.lax.scan(one_round, state, jnp.arange(rounds))
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), trials)


def step_by_step(strategy: Strategy, evaluate: Evaluate, rounds: int, key: jax.Array) -> Trials:
    """The same search on the host, for strategies and scores that cannot be traced; checked as it goes."""
    count = rounds * strategy.batch
    evaluator = evaluator_of(evaluate, strategy.cardinalities, strategy.objectives)
    names = [f"score_{column}" for column in range(1, strategy.objectives)]
    objective = pareto(names) if names else highest_quality()
    found = search(Search(strategy, evaluator, objective, count, key, Policy(repeats=True)))
    scores = np.array([each.score for each in found.candidates], np.float32)
    genotypes = np.array([each.genotype for each in found.candidates], np.int32)
    return Trials(jnp.asarray(genotypes), jnp.asarray(scores if names else scores[:, 0]))


def evaluator_of(evaluate: Evaluate, cardinalities: Sequence[int], columns: int) -> Immediate:
    """An evaluator of scores: quality is the negative of the first column, costs `score_1`, ... are the others."""

    def scores_of(genotypes: Any) -> np.ndarray:
        scores = np.asarray(evaluate(jnp.asarray(genotypes, jnp.int32)), np.float64)
        return scores.reshape(len(scores), columns)

    def cost(genotypes: Any) -> dict[str, np.ndarray]:
        if columns == 1:
            return {}
        scores = scores_of(genotypes)
        return {f"score_{column}": scores[:, column] for column in range(1, columns)}

    def answers(requests: Sequence[Request]) -> list[Evaluation]:
        scores = scores_of([request.genotype for request in requests])[:, 0]
        return [Evaluation(-float(score), Spend(1)) for score in scores]

    return Immediate(cardinalities, cost, answers)
