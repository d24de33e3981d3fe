"""Candidates trained many at once by `jax.vmap` over the supernet, against static networks one after another.

    accelnas reproduce candidates_at_once  # adds JAX's device to results/timings/candidates_at_once.csv

static: what searches do, a network compiled and trained alone; means over STATIC candidates at most.  supernet: so many
candidates in each step, each with weights of its own and its own gates, by one compilation; every kind of block
is computed at its largest width and the unused part emptied, which an accelerator with cores to spare may not notice
and a CPU does.

steps_per_s: of STEPS_PER_CALL steps after those that compiled, each of all candidates at once.  candidates_per_hour: at
the profile's number of steps; a static network's compilation is a part of its time, the supernet's serves all
candidates and is left out.  One process on all cores, one run of each row.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.spec import space_costs
from benchmarks.evaluators.task_supernet import TaskSupernet
from benchmarks.fidelities import get_fidelity
from benchmarks.problem import evenly, space_for, spread_architectures
from benchmarks.runtime.console import print_frame
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.store.files import merge_rows
from nas_algos.single_shot.weights import Weights, start_weights, train_paths
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.training import STEPS_PER_CALL, train

KEY = ("device", "task", "profile", "method", "at_once")
COLUMNS = [*KEY, "n", "compile_s", "steps_per_s", "candidates_per_hour"]
STATIC = 8  # each is compiled: all that a GPU trains at once would take hours
ACCELERATOR = "npu-p16"  # a space needs one; nothing here depends on which


def static_seconds(
    task: Task, space: SearchSpace, genotype: Sequence[int], data: Any, fidelity: Fidelity
) -> tuple[float, float]:
    """(seconds until the first call's steps are done, with their compilation; seconds of the second call's)."""
    moments = [time.perf_counter()]
    brief = replace(fidelity, example_passes=2 * STEPS_PER_CALL * fidelity.batch_size)
    train(space.decode(genotype), task, data, brief, jax.random.key(0), lambda _: moments.append(time.perf_counter()))
    return moments[1] - moments[0], moments[2] - moments[1]


def supernet_seconds(supernet: TaskSupernet, genotypes: Sequence[Sequence[int]]) -> tuple[float, float, np.ndarray]:
    """As `static_seconds`, of all candidates at once, and their losses float32[2 * STEPS_PER_CALL, n]."""
    order_key, init_key, step_key = jax.random.split(jax.random.key(0), 3)
    numbers = jnp.arange(len(genotypes))
    started = [start_weights(supernet, jax.random.fold_in(init_key, number)) for number in numbers]
    weights = jax.tree.map(lambda *leaves: jnp.stack(leaves), *started)
    paths = jnp.asarray(genotypes, jnp.int32)[:, None]
    steps = 2 * STEPS_PER_CALL
    columns = np.arange(steps), supernet.learning_rates(steps), supernet.batch_order(order_key, steps)[0]

    @jax.jit
    def run_steps(weights: Weights, data: Any, chosen: Any) -> tuple[Weights, jax.Array]:
        def step(weights: Weights, chosen: Any) -> tuple[Weights, jax.Array]:
            number, rate, rows = chosen
            batch = jax.tree.map(lambda array: array[rows], data)

            def of_candidate(weights: Weights, path: jax.Array, candidate: jax.Array) -> tuple[Weights, jax.Array]:
                key = jax.random.fold_in(jax.random.fold_in(step_key, number), candidate)
                return train_paths(supernet, weights, path, batch, key, rate)[:2]

            return jax.vmap(of_candidate)(weights, paths, numbers)

        return jax.lax.scan(step, weights, chosen)

    moments, losses = [time.perf_counter()], []
    for call in range(2):
        part = slice(call * STEPS_PER_CALL, (call + 1) * STEPS_PER_CALL)
        weights, loss = run_steps(weights, supernet.data, tuple(column[part] for column in columns))
        losses.append(np.asarray(loss))
        moments.append(time.perf_counter())
    return moments[1] - moments[0], moments[2] - moments[1], np.concatenate(losses)


def measure(home: Path, name: str, profile: str, at_once: Sequence[int]) -> pd.DataFrame:
    """A row for static networks, and one for each number of candidates at once."""
    task, fidelity = make_task(name), get_fidelity(name, profile)
    prepare_with_progress(home, task.config(fidelity.data), task.dataset)
    space = space_for(task, "curated", ACCELERATOR)
    train_split, evaluated = (task.load(home, fidelity.data, split) for split in ("train", fidelity.eval_split))
    genotypes = spread_architectures(space, max(at_once), jax.random.key(0))
    arrays = task.arrays(train_split.take(slice(0, fidelity.train_examples)))
    few = evenly(genotypes, min(STATIC, len(genotypes)))
    alone = np.array([static_seconds(task, space, genotype, arrays, fidelity) for genotype in few])
    first, later = alone.mean(0).tolist()
    calls = fidelity.steps / STEPS_PER_CALL
    rows = [_row("static", 1, len(few), first, later, first - later + calls * later)]
    supernet = TaskSupernet(task, space, space_costs(space, ACCELERATOR), train_split, evaluated, fidelity)
    for count in at_once:
        first, later, _ = supernet_seconds(supernet, evenly(genotypes, count))
        rows.append(_row("supernet", count, count, first, later, calls * later / count))
    table = pd.DataFrame(rows).assign(device=jax.devices()[0].device_kind, task=name, profile=profile)
    return table.reindex(columns=COLUMNS)


def _row(method: str, at_once: int, n: int, first: float, later: float, seconds_each: float) -> dict[str, Any]:
    steps, compilation = STEPS_PER_CALL / later, first - later
    row = {"method": method, "at_once": at_once, "n": n, "compile_s": compilation, "steps_per_s": steps}
    return row | {"candidates_per_hour": 3600 / seconds_each}


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce candidates_at_once --set NAME=VALUE` may change."""

    task: str = "classification"
    """Whose curated space candidates are drawn from."""
    profile: str = "quick"
    """smoke, quick, careful or full."""
    at_once: tuple[int, ...] = (1, 4)
    """Numbers of candidates at once; on a GPU try 1 16 64 256."""

    def __post_init__(self):
        if not self.at_once or min(self.at_once) < 1:
            raise BenchmarkInputError(f"at_once is {self.at_once}; allowed: numbers of 1 and more")


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Time both, print and write the table."""
    table = merge_rows(
        folder / "candidates_at_once.csv", measure(home, settings.task, settings.profile, settings.at_once), KEY
    )
    print_frame(table)
