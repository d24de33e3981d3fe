"""A strategy on a trained supernet: networks are evaluated with the weights that they inherit from it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

from nas_algos.errors import NothingFoundError
from nas_algos.evaluator import Evaluation, Genotype, Immediate, Request
from nas_algos.ledger import Spend
from nas_algos.load import build_strategy, factory_of
from nas_algos.loop import Search, search
from nas_algos.objectives import best_quality
from nas_algos.policies import Policy
from nas_algos.single_shot.algorithm import Chosen, Finish, Look, SingleShot, all_of, variables_of
from nas_algos.single_shot.supernet import Supernet, Variables
from nas_algos.trajectory import Found

STALE_PROPOSALS = 500
"""A strategy that proposed nothing new within the bounds so many times in a row is stopped."""


def inherited_weights(
    supernet: Supernet,
    variables: Variables,
    inherited: Callable[[Variables, Genotype], Variables] = all_of,
    evaluated: Callable[[], None] = lambda: None,
) -> Immediate:
    """An evaluator of a supernet's networks; it knows one fidelity and no seeds: both are ignored.

    inherited: as in `SingleShot`.  evaluated: called after each.
    """

    def quality(genotype: Genotype) -> float:
        found = supernet.quality(inherited(variables, genotype), genotype)
        evaluated()
        return found

    def evaluate(requests: Sequence[Request]) -> list[Evaluation]:
        return [Evaluation(quality(request.genotype), Spend()) for request in requests]

    return Immediate(supernet.cardinalities, jax.jit(supernet.cost), evaluate)


def finish_by_search(
    supernet: Supernet,
    bounds: Mapping[str, float],
    strategy: str,
    settings: Mapping[str, Any],
    inherited: Callable[[Variables, Genotype], Variables] = all_of,
) -> Finish:
    """A `SingleShot.finish` that searches with a strategy's name or path, with inherited weights.

    settings: of the strategy; others fit the number of evaluations.  inherited: as in `SingleShot`.  It raises
    AlgorithmInputError for a strategy or settings that there are not; `with_strategy` says so before the training.
    """
    cardinalities = tuple(supernet.cardinalities)

    def finish(state: Any, evaluations: int, key: jax.Array, progress: Callable[[float], None]) -> Chosen:
        numbers = itertools.count(1)
        weights = inherited_weights(
            supernet, variables_of(state), inherited, lambda: progress(next(numbers) / evaluations)
        )
        found = search(
            Search(
                build_strategy(strategy, cardinalities, evaluations, 1, settings),
                weights,
                best_quality(bounds),
                evaluations,
                key,
                Policy(stale=STALE_PROPOSALS, proposals=2 * STALE_PROPOSALS * evaluations),
            )
        )
        looks = looks_of(found)
        if found.best is None:
            why = (
                f"none of {len(looks)} networks came to a finite quality with inherited weights"
                if looks
                else f"none of {len(found.candidates)} networks that {strategy} proposed is within the bounds"
            )
            raise NothingFoundError(found._replace(ended=f"{why}{found.ended and f' ({found.ended})'}"))
        return Chosen(found.best.genotype, None, looks, found.ended)

    return finish


def with_strategy(
    algorithm: SingleShot, supernet: Supernet, strategy: str, settings: Mapping[str, Any], search_share: float
) -> SingleShot:
    """The algorithm's training, and a search by `finish_by_search` for so large a share of the budget.

    Raises AlgorithmInputError for a strategy that there is not; its settings are checked when the number of evaluations
    is known, which what is allowed depends on.
    """
    factory_of(strategy)
    return algorithm._replace(
        finish=finish_by_search(supernet, algorithm.bounds, strategy, settings, algorithm.inherited),
        search_share=search_share,
        check=lambda count: build_strategy(strategy, tuple(supernet.cardinalities), count, 1, settings),
    )


def looks_of(found: Found) -> tuple[Look, ...]:
    """The networks that a search evaluated, in its order, with their qualities."""
    return tuple(
        Look(each.genotype, math.nan if each.quality is None else each.quality)
        for each in found.candidates
        if each.state == "evaluated"
    )
