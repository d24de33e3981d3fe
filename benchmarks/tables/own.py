"""A table of one's own: networks that were trained, to search in without training anything (`own_files` reads them)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.errors import BenchmarkInputError
from nas_algos.checks import checked_genotypes
from nas_algos.evaluator import Evaluation, Genotype, Immediate, Request
from nas_algos.ledger import Spend
from nas_algos.objectives import within
from nas_algos.strategy import Strategy
from nas_algos.tabular import table_index

ABSENT = "not_in_table"
"""Cost of incomplete tables: 1 of what the table does not hold, which is over its bound of 1/2."""
RESERVED = (
    *("seed", "step", "state", "seen_quality", "quality", "below_best", "within_bound", "evaluations"),
    ABSENT,
)
"""Columns that results have beside a table's decisions and costs."""
MOST_ENTRIES = 5_000_000
"""Genotypes that a table may answer for."""


@dataclass(frozen=True)
class OwnTable:
    """Networks with the qualities that their trainings came to, and their costs.

    Raises BenchmarkInputError for a decision or a cost whose name is one of RESERVED.
    """

    name: str
    decisions: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...]
    """Of each decision, in the order in which the file has them."""
    places: Mapping[Genotype, int]
    """Of each genotype the network that it is."""
    qualities: tuple[np.ndarray, ...]
    """Of each network float[k], one for each of its k trainings; NaN of those that failed."""
    costs: Mapping[str, np.ndarray]
    """float[networks] of each name; the mean where a network's rows differ."""
    chosen: tuple[tuple[str, ...], ...]
    """Of each network the choices, empty where a decision does not matter."""

    def __post_init__(self):
        check_free(*self.decisions, *self.costs)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Choices of each decision."""
        return tuple(map(len, self.choices))

    @property
    def complete(self) -> bool:
        """Whether it answers for every genotype."""
        return len(self.places) == math.prod(self.cardinalities)

    @cached_property
    def true(self) -> np.ndarray:
        """float[networks]: mean quality over the trainings that did not fail; NaN where all did."""
        return np.array([each.mean() if len(each) else math.nan for each in self._finished])

    @cached_property
    def _finished(self) -> list[np.ndarray]:
        return [each[np.isfinite(each)] for each in self.qualities]

    @property
    def bounds(self) -> dict[str, float]:
        """What any search in it is bounded by."""
        return {} if self.complete else {ABSENT: 0.5}

    def within(self, bounds: Mapping[str, float]) -> np.ndarray:
        """bool[networks]: those that keep the bounds and did not fail in every training."""
        return np.isfinite(self.true) & within(self.costs, bounds, len(self.qualities))

    def canonical(self, strategy: Strategy) -> Strategy:
        """The strategy, which proposes one and the same genotype for a network that has several, so that it costs once.

        Raises BenchmarkInputError where there are such networks in a space of more than MOST_ENTRIES genotypes.
        """
        firsts: dict[int, Genotype] = {}
        for genotype, place in self.places.items():
            firsts.setdefault(place, genotype)
        if len(firsts) == len(self.places):
            return strategy
        size = math.prod(self.cardinalities)
        if size > MOST_ENTRIES:
            raise BenchmarkInputError(f"empty decisions among {size} genotypes; allowed: {MOST_ENTRIES} genotypes")
        rows, goals = list(self.places), [firsts[place] for place in self.places.values()]
        same = np.indices(self.cardinalities).reshape(len(self.cardinalities), -1).T.astype(np.int32)
        same[np.ravel_multi_index(tuple(np.array(rows).T), self.cardinalities)] = goals
        found, limits = jnp.asarray(same), jnp.array(self.cardinalities)

        def ask(state: Any, key: jax.Array) -> Any:
            asked = strategy.ask(state, key)
            if strategy.traceable:
                # what is out of range stays so, for the search to refuse
                inside = ((asked >= 0) & (asked < limits)).all(-1, keepdims=True)
                return jnp.where(inside, found[table_index(asked, self.cardinalities)], asked)
            asked = checked_genotypes(strategy, asked)
            return same[np.ravel_multi_index(tuple(asked.T), self.cardinalities)]

        return strategy._replace(ask=ask)

    def evaluator(self) -> Immediate:
        """Evaluator that answers seed s of a network with its training s modulo k."""

        def cost(genotypes: Any) -> dict[str, np.ndarray]:
            rows = np.array([self.places.get(tuple(row), -1) for row in np.asarray(genotypes).tolist()])
            # what is not there is as dear as the dearest, so that no other bound hides why it is left out
            found = {
                name: np.where(rows < 0, values[np.isfinite(values)].max(initial=0.0), values[rows])
                for name, values in self.costs.items()
            }
            return found if self.complete else found | {ABSENT: (rows < 0).astype(float)}

        def answer(requests: Sequence[Request]) -> list[Evaluation]:
            found = []
            for each in requests:
                trained = self.qualities[self.places[each.genotype]]
                quality = float(trained[each.seed % len(trained)])
                found.append(Evaluation(quality, Spend(1), None if math.isfinite(quality) else "failed in the table"))
            return found

        return Immediate(self.cardinalities, cost, answer)

    def resolution(self, bounds: Mapping[str, float]) -> str:
        """How well its trainings tell networks apart, in words."""
        finished, able = self._finished, self.within(bounds)
        several = [each for each in finished if len(each) > 1]
        if not several or not able.any():
            return "one training a network: what a search finds is as good as one training says"
        deviation = math.sqrt(sum(each.var(ddof=1) * (len(each) - 1) for each in several))
        deviation /= math.sqrt(sum(len(each) - 1 for each in several))
        true, counts = self.true[able], np.array([len(each) for each in finished])[able]
        best = int(np.argmax(true))
        # 1.96 standard errors of the difference between the network's mean and the best one's
        apart = 1.96 * deviation * np.sqrt(1 / counts + 1 / counts[best])
        level = int((true >= true[best] - apart).sum())
        return (
            f"trainings of a network differ by a standard deviation of {deviation:.3g}: {level} of {int(able.sum())} "
            "networks within the bounds do not differ significantly from the best one"
        )


def check_free(*names: str) -> None:
    """Raise BenchmarkInputError for a decision's or cost's name that results have a column of."""
    if taken := [name for name in names if name in RESERVED]:
        raise BenchmarkInputError(
            f"a decision or cost of a table is called {taken[0]!r}; allowed: all names but {', '.join(RESERVED)}"
        )
