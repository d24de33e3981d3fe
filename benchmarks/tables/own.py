"""A table of one's own: networks that were trained, as a CSV file, to search in without training anything.

The columns before `quality` are decisions, whose choices are the texts that stand there; those after it are costs.

    width,kernel,quality,latency_ms
    8,3,0.71,1.2
    8,5,0.73,1.5
    16,3,0.75,2.1

A network with several rows was trained with several seeds, and networks may have different numbers of them.  An empty
decision does not matter for that network: all its choices are the same network.  Networks that are not there may be
proposed, but are neither answered nor charged.  Larger quality is better, smaller cost; an empty quality is a failed
training.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError, one_line
from benchmarks.store.files import write_table
from nas_algos.evaluator import Evaluation, Genotype, Immediate, Request
from nas_algos.ledger import Spend
from nas_algos.strategy import Strategy
from nas_algos.tabular import Table, table_index

ABSENT = "not_in_table"
"""Cost of incomplete tables: 1 of what the table does not hold, which is over its bound of 1/2."""
MOST_ENTRIES = 5_000_000
"""Genotypes that a table may answer for."""


@dataclass(frozen=True)
class OwnTable:
    """Networks with the qualities that their trainings came to, and their costs."""

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

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Choices of each decision."""
        return tuple(map(len, self.choices))

    @property
    def complete(self) -> bool:
        """Whether it answers for every genotype."""
        return len(self.places) == math.prod(self.cardinalities)

    @property
    def true(self) -> np.ndarray:
        """float[networks]: mean quality over all trainings; NaN where one failed."""
        return np.array([each.mean() for each in self.qualities])

    @property
    def bounds(self) -> dict[str, float]:
        """What any search in it is bounded by."""
        return {} if self.complete else {ABSENT: 0.5}

    def within(self, bounds: Mapping[str, float]) -> np.ndarray:
        """bool[networks]: those that keep the bounds and did not fail."""
        able = np.isfinite(self.true)
        for name, bound in bounds.items():
            able &= self.costs[name] <= bound
        return able

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
        found = jnp.asarray(same)

        def ask(state: Any, key: jax.Array) -> Any:
            asked = strategy.ask(state, key)
            if strategy.traceable:
                return found[table_index(asked, self.cardinalities)]
            return same[np.ravel_multi_index(tuple(np.asarray(asked).T), self.cardinalities)]

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
        several = [each for each in self.qualities if len(each) > 1 and np.isfinite(each).all()]
        able = self.within(bounds)
        if not several or not able.any():
            return "one training a network: what a search finds is as good as one training says"
        deviation = math.sqrt(sum(each.var(ddof=1) * (len(each) - 1) for each in several))
        deviation /= math.sqrt(sum(len(each) - 1 for each in several))
        counts = np.array([len(each) for each in self.qualities])
        true, best = self.true, int(np.argmax(np.where(able, self.true, -np.inf)))
        # 1.96 standard errors of the difference between the network's mean and the best one's
        apart = 1.96 * deviation * np.sqrt(1 / counts + 1 / counts[best])
        level = int((able & (true >= true[best] - apart)).sum())
        return (
            f"trainings of a network differ by a standard deviation of {deviation:.3g}: {level} of {int(able.sum())} "
            "networks within the bounds cannot be told from the best one"
        )


def read_table(path: Path) -> OwnTable:
    """The table of a CSV file.  Raises BenchmarkInputError, naming the line, for what is no such table."""
    frame = _read_csv(path)
    if "quality" not in frame.columns[1:]:
        raise BenchmarkInputError(f"{_named(path)}: no column quality after the decisions; allowed: as --help says")
    split = list(frame.columns).index("quality")
    decisions, costs = list(frame.columns[:split]), list(frame.columns[split + 1 :])
    numbers = {name: _numbers(path, frame, name) for name in ("quality", *costs)}
    for name in costs:
        if not np.isfinite(numbers[name]).all():
            line = int(np.argmin(np.isfinite(numbers[name]))) + 2
            raise BenchmarkInputError(f"{_named(path)}: line {line} has no {name[:40]}; allowed: a number")
    choices = tuple(tuple(dict.fromkeys(value for value in frame[name] if value)) for name in decisions)
    if empty := [name for name, each in zip(decisions, choices, strict=True) if not each]:
        raise BenchmarkInputError(f"{_named(path)}: decision {empty[0][:40]} has no choice; allowed: one or more")
    grouped: dict[tuple[str, ...], list[int]] = {}
    for line, row in enumerate(frame[decisions].itertuples(index=False, name=None)):
        grouped.setdefault(row, []).append(line)
    places: dict[Genotype, int] = {}
    for place, (row, lines) in enumerate(grouped.items()):
        # an empty decision stands for all of its choices
        options = [
            range(len(own)) if not value else (own.index(value),) for value, own in zip(row, choices, strict=True)
        ]
        if len(places) + math.prod(map(len, options)) > MOST_ENTRIES:
            raise BenchmarkInputError(f"{_named(path)}: answers for too much; allowed: {MOST_ENTRIES} genotypes")
        for genotype in itertools.product(*options):
            if places.setdefault(genotype, place) != place:
                raise BenchmarkInputError(
                    f"{_named(path)}: line {lines[0] + 2} is a network that another line with other decisions is too"
                )
    return OwnTable(
        path.stem[:60],
        tuple(decisions),
        choices,
        places,
        tuple(numbers["quality"][lines] for lines in grouped.values()),
        {name: np.array([numbers[name][lines].mean() for lines in grouped.values()]) for name in costs},
    )


def with_costs(table: OwnTable, path: Path) -> OwnTable:
    """The table with the costs that a CSV file has for its networks, such as latencies of one's own device.

    The file has the table's decisions, and a column for each cost; those of the same name are replaced.  Raises
    BenchmarkInputError where a network of the table is missing.
    """
    frame = _read_csv(path)
    names = [name for name in frame.columns if name not in table.decisions]
    missing = [name for name in table.decisions if name not in frame.columns]
    if missing or not names:
        raise BenchmarkInputError(
            f"{_named(path)}: no column {missing[0][:40] if missing else 'of a cost'}; allowed: the decisions of the "
            f"table and costs"
        )
    found = {name: np.full(len(table.qualities), np.nan) for name in names}
    values = {name: _numbers(path, frame, name) for name in names}
    for line, row in enumerate(frame[list(table.decisions)].itertuples(index=False, name=None)):
        options = [
            [at for at, own in enumerate(choices) if value in ("", own)]
            for value, choices in zip(row, table.choices, strict=True)
        ]
        for genotype in itertools.product(*options):
            if genotype in table.places:
                for name in names:
                    found[name][table.places[genotype]] = values[name][line]
    for name, each in found.items():
        if not np.isfinite(each).all():
            count = int((~np.isfinite(each)).sum())
            raise BenchmarkInputError(f"{_named(path)}: no {name[:40]} of {count} networks of the table; allowed: all")
    return replace(table, costs={**table.costs, **found})


def save_table(table: Table, path: Path, decisions: Sequence[str] = (), costs: Sequence[str] = ()) -> None:
    """Write a `nas_algos.tabular.Table` as a file that `read_table` reads: a row a network and training seed.

    decisions, costs: names of its decisions and of its columns after the first, whose negative is the quality.
    """
    decisions = list(decisions) or [f"decision_{place}" for place in range(len(table.cardinalities))]
    costs = list(costs) or [f"cost_{column}" for column in range(1, table.scores.shape[1])]
    draws = table.scores[None] if table.draws is None else table.draws
    genotypes = np.indices(table.cardinalities).reshape(len(table.cardinalities), -1).T
    frame = pd.concat(
        [
            pd.DataFrame(genotypes, columns=pd.Index(decisions)).assign(
                quality=np.where(np.isfinite(scores[:, 0]), -scores[:, 0], np.nan),
                **{name: scores[:, column] for column, name in enumerate(costs, start=1)},
            )
            for scores in draws
        ]
    )
    write_table(path, frame, digits=None)


def _read_csv(path: Path) -> pd.DataFrame:
    """All as texts, empty where nothing stands."""
    try:
        frame = pd.read_csv(io.BytesIO(path.read_bytes()), dtype=str, keep_default_na=False, skipinitialspace=True)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BenchmarkInputError(f"{_named(path)}: cannot be read as CSV ({one_line(reason)[:80]})") from error
    if frame.empty or not isinstance(frame.index, pd.RangeIndex):
        raise BenchmarkInputError(f"{_named(path)}: has no row of as many values as columns; allowed: one and more")
    return frame


def _numbers(path: Path, frame: pd.DataFrame, name: str) -> np.ndarray:
    """float64 of each row, NaN where nothing stands."""
    values = np.asarray(pd.to_numeric(frame[name].replace("", "nan"), errors="coerce"), float)
    wrong = ~np.isfinite(values) & ~frame[name].str.strip().str.lower().isin(["", "nan"]).to_numpy(bool)
    if wrong.any():
        line = int(np.argmax(wrong))
        raise BenchmarkInputError(
            f"{_named(path)}: line {line + 2} has {name[:40]} {frame[name].iloc[line][:40]!r}; allowed: a number"
        )
    return values


def _named(path: Path) -> str:
    return f"table {str(path)[-120:]}"
