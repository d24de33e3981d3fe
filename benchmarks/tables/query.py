"""What a trained table says of any network of its task: quality, how sure that is, and costs.

table = accelnas.load_table("detection")
answer = table.query(genotype, "ethos-u65-512")
answer.quality, answer.seed_std, answer.trained, answer.cost.latency_ms
answers = jax.jit(table.answers("ethos-u65-512"))
answers(genotypes).quality                      # of many at once, thousands a second
answers = table.tabulated("ethos-u65-512")      # of a small space: asks of every genotype now, seconds
answers(genotype).quality                       # in microseconds; inside jit millions a second
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.errors import BenchmarkInputError
from benchmarks.tables.design import table_spaces
from benchmarks.tables.features import check_trained, features, in_layout, places
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.surrogate import Surrogate, load_surrogate, predict
from benchmarks.tables.trained import by_network, finished_trials, without_sweep
from hw_model.blocks import Block
from hw_model.cost import Cost
from hw_model.cost_models import cost_model
from hw_model.workload import Workload, chains_from_workload
from nas_algos.tabular import all_genotypes
from tasks.registry import make_task
from tasks.spaces.registry import article_space, space_names
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.training import full_batches

MOST_TABULATED = 200_000
"""Genotypes of a space that is asked of each: a minute, and the memory of a picture."""
CHUNK = 256
"""Networks of one call then, so that what they compute stays in a core's cache."""


class Answer(NamedTuple):
    """What a table says of networks; each field of one network, or an array of many."""

    quality: Any
    """The task's metric with the recipe "search": mean of the trainings where trained, else predicted."""
    std: Any
    """Standard deviation of that as the expected quality over seeds."""
    seed_std: Any
    """Standard deviation between trainings that differ in their seed alone."""
    trained: Any
    """So many trainings stand behind it; 0: predicted."""
    cost: Cost
    """By the accelerator's model (`accelnas cost`)."""


@dataclass(frozen=True, eq=False)
class TrainedTable:
    """A task's trained networks and the surrogate for all others, asked by genotypes of one space."""

    task: Task
    """On the table's data set."""
    space: SearchSpace
    """What genotypes are of."""
    layout: SearchSpace
    """The task's uncurated space, which holds the networks of all its spaces."""
    surrogate: Surrogate
    """Fitted to the trained networks."""
    trained: dict[str, tuple[float, ...]]
    """Qualities of finished trainings by the canonical JSON of the network."""

    def __repr__(self) -> str:
        """In a line: the fields hold every network."""
        return f"TrainedTable({self.task.name}, space {self.space.name}, {len(self.trained)} trained networks)"

    def query(self, genotype: Sequence[int], accelerator: str) -> Answer:
        """Of one network.  Raises TaskInputError for a genotype outside the space, HardwareInputError for an unknown
        accelerator.
        """
        self.space.describe(genotype)
        return jax.tree.map(lambda value: value[0].item(), self._known(accelerator, np.array([genotype], np.int32)))

    def answers(self, accelerator: str) -> Callable[[Any], Answer]:
        """Genotypes int32 [..., D] to what is predicted of them, traceable, trained ones included.

        Raises HardwareInputError for an unknown accelerator.
        """
        model = cost_model(accelerator)

        def answer(genotypes: Any) -> Answer:
            workload = self.space.lower(jnp.asarray(genotypes))
            found = predict(self.surrogate, self.features(workload))
            trained = jnp.zeros(found.quality.shape, jnp.int32)
            return Answer(found.quality, found.std, found.seed_std, trained, model.estimate(workload).cost)

        return answer

    @lru_cache(maxsize=8)  # noqa: B019 - a table lives as long as the program
    def tabulated(self, accelerator: str) -> Callable[[Any], Answer]:
        """Genotypes int32 [..., D] in range to what the table says of them, as `query` does, looked up; traceable.

        Asks of every genotype of the space first, once, at the speed of `answers`.  NumPy in, NumPy out.  Raises
        BenchmarkInputError for a space of more than MOST_TABULATED genotypes, HardwareInputError for an unknown
        accelerator.
        """
        if self.space.size > MOST_TABULATED:
            raise BenchmarkInputError(
                f"space {self.space.name} has {self.space.size} genotypes; allowed to tabulate: {MOST_TABULATED}"
            )
        genotypes = all_genotypes(self.space.cardinalities)
        parts = [self._known(accelerator, part) for part in full_batches(genotypes, CHUNK)]
        columns = jax.tree.map(lambda *values: np.concatenate(values)[: len(genotypes)], *parts)
        strides = np.array([*np.cumprod(self.space.cardinalities[:0:-1])[::-1], 1], np.int32)

        def answer(asked: Any) -> Answer:
            places = (asked * strides).sum(-1)
            look = jnp.asarray if isinstance(asked, jax.Array) else np.asarray
            return jax.tree.map(lambda column: look(column)[places], columns)

        return answer

    def features(self, workload: Any) -> jax.Array:
        """What the surrogate sees of networks of the space, [..., F]."""
        return features(in_layout(workload, self._places, len(self.layout.layers)), self.layout)

    @cached_property
    def _places(self) -> np.ndarray:
        return places(self.space, self.layout)

    def _known(self, accelerator: str, genotypes: np.ndarray) -> Answer:
        """NumPy arrays [n] of genotypes int32 [n, D], the means of trainings where there are some."""
        # copies, which can be written to; one array waited for after the other takes twice as long
        found, workload = jax.tree.map(np.array, jax.block_until_ready(self._compiled(accelerator)(genotypes)))
        for place, blocks in enumerate(chains_from_workload(workload)):
            if known := self._by_blocks.get(blocks):
                found.quality[place], found.trained[place] = np.mean(known), len(known)
                found.std[place] = found.seed_std[place] / len(known) ** 0.5
        return found

    @cached_property
    def _by_blocks(self) -> dict[tuple[Block, ...], tuple[float, ...]]:
        return {tuple(Block(**each) for each in json.loads(key)): known for key, known in self.trained.items()}

    @lru_cache(maxsize=8)  # noqa: B019 - as above
    def _compiled(self, accelerator: str) -> Callable[[Any], tuple[Answer, Workload]]:
        answers = self.answers(accelerator)
        return jax.jit(lambda genotypes: (answers(genotypes), self.space.lower(genotypes)))


def load_table(task: str, space: str | SearchSpace = "uncurated", results: Path = SHIPPED) -> TrainedTable:
    """The table of a task, asked by genotypes of a space: one of its design's, of the article's, or a SearchSpace of
    the task's skeleton.

    results: directory of tables/TASK.parquet and surrogate/TASK.npz, those of a clone by default.  Raises
    TaskInputError for an unknown task, BenchmarkInputError for an unknown space, for one with choices that no trained
    network has, and where a file is missing.
    """
    its = make_task(task)
    chosen = named_space(its, space) if isinstance(space, str) else space
    layout = table_spaces(its)["uncurated"]
    check_trained(chosen, layout)
    trained = by_network(without_sweep(finished_trials(results, task, SEARCH[task]), its), its.metric)
    surrogate = load_surrogate(results / "surrogate" / f"{task}.npz")
    return TrainedTable(its, chosen, layout, surrogate, trained)


def named_space(task: Task, name: str) -> SearchSpace:
    """One of the spaces of a task's design, or of the article's.  Raises BenchmarkInputError for an unknown name."""
    spaces = table_spaces(task)
    others = [other for other in space_names(task.name) if other not in ("curated", "auto-curated")]
    if name not in spaces and name not in others:
        raise BenchmarkInputError(
            f"unknown space {name[:40]!r} of {task.name}; allowed: {', '.join(dict.fromkeys([*spaces, *others]))}"
        )
    return spaces[name] if name in spaces else article_space(task, name)
