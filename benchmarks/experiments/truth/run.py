"""The best networks of each space by its trained table, within the baseline's latency and at the baseline's quality.

Writes results/truth/truth.csv, a row for each task, space and accelerator; run: accelnas reproduce truth.  Quality is
what the surrogate expects, latency what the estimator says.  The article's spaces are enumerated, so that their rows
are exact; of larger spaces it is the best that a long search found (NSGA-II for quality and latency), which a better
search may surpass: `how` says which.  Nothing is trained.

best_quality: highest within latency_bound_ms, the baseline's; least_latency_ms: least at its quality or better, the
baseline's being what the surrogate expects of it too; front: networks that no other of the space is better than in
both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from benchmarks.experiments.truth.settings import ENUMERATED, Settings
from benchmarks.store.files import write_table
from benchmarks.tables.build import table_task
from benchmarks.tables.design import table_spaces
from benchmarks.tables.query import TrainedTable, load_table
from nas_algos.load import build_strategy
from nas_algos.scan import scan
from tasks.spaces.registry import ARTICLE_SPACES, skeleton_for

__all__ = ["Settings", "run"]

CHUNK = 4_096
STRATEGY = "nsga2"
# the baseline is in every space, and its figures differ there in the last bits
ROUNDING = 1e-5


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Enumerate and search, print and write."""
    rows = []
    for task in settings.task:
        baselines = baseline_figures(load_table(task), settings.accelerators)
        for name in dict.fromkeys([*ARTICLE_SPACES[task], *table_spaces(table_task(task))]):
            rows += list(space_rows(load_table(task, name), name, settings, baselines))
            print(pd.DataFrame(rows[-len(settings.accelerators) :]).drop(columns=["genotype"]).to_string(index=False))
    write_table(folder / "truth.csv", pd.DataFrame(rows))


def space_rows(
    table: TrainedTable, name: str, settings: Settings, baselines: dict[str, tuple[float, float]]
) -> Iterator[dict[str, Any]]:
    """A row for each accelerator.  baselines: as `baseline_figures`."""
    space = table.space
    for accelerator in settings.accelerators:
        judge = _judge(table, accelerator)
        bound, level = baselines[accelerator]
        if space.size <= ENUMERATED:
            genotypes, how = _all_of(space.cardinalities), "enumerated"
            scores = np.concatenate([np.asarray(judge(part)) for part in _chunks(genotypes)])[: len(genotypes)]
        else:
            genotypes, scores = _searched(space.cardinalities, judge, settings)
            how = f"best of {settings.searches} x {settings.evaluations} by {STRATEGY}"
        quality, latency = -scores[:, 0], scores[:, 1]
        inside = np.flatnonzero(latency <= bound * (1 + ROUNDING))
        good = np.flatnonzero(quality >= level - ROUNDING)
        best = inside[np.argmax(quality[inside])] if len(inside) else None
        fastest = good[np.argmin(latency[good])] if len(good) else None
        yield {
            "task": table.task.name,
            "space": name,
            "accelerator": accelerator,
            "log10_size": float(np.log10(float(space.size))),
            "how": how,
            "latency_bound_ms": bound,
            "baseline_quality": level,
            "best_quality": np.nan if best is None else float(quality[best]),
            "least_latency_ms": np.nan if fastest is None else float(latency[fastest]),
            "front": int(_front(scores)),
            "genotype": "" if best is None else " ".join(map(str, genotypes[best].tolist())),
        }


def _judge(table: TrainedTable, accelerator: str) -> Callable[[Any], jax.Array]:
    """Genotypes [n, D] to (minus expected quality, latency_ms) [n, 2], compiled."""
    answers = table.answers(accelerator)

    @jax.jit
    def judge(genotypes: Any) -> jax.Array:
        found = answers(genotypes)
        return jnp.stack([-found.quality, found.cost.latency_ms], axis=-1)

    return judge


def baseline_figures(table: TrainedTable, accelerators: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Latency in ms on each accelerator, and expected quality, of the task's baseline.  table: of the layout."""
    genotype = np.array([table.layout.encode(skeleton_for(table.task).baseline())], np.int32)
    scores = {name: np.asarray(_judge(table, name)(genotype))[0].tolist() for name in accelerators}
    return {name: (latency, -quality) for name, (quality, latency) in scores.items()}


def _all_of(cardinalities: tuple[int, ...]) -> np.ndarray:
    """Every genotype of a space, int32 [size, D]."""
    return np.stack([axis.ravel() for axis in np.indices(cardinalities, np.int32)], axis=-1)


def _chunks(genotypes: np.ndarray) -> Iterator[np.ndarray]:
    """Parts of equal length, the last filled up with its last row, so that one compilation serves all."""
    size = min(CHUNK, len(genotypes))
    for start in range(0, len(genotypes), size):
        part = genotypes[start : start + size]
        yield np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])


def _searched(
    cardinalities: tuple[int, ...], judge: Callable[[Any], jax.Array], settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """What searches tried: genotypes [n, D] and scores [n, 2]."""
    strategy = build_strategy(STRATEGY, cardinalities, settings.evaluations, objectives=2)
    search = jax.jit(lambda key: scan(strategy, judge, -(-settings.evaluations // strategy.batch), key))
    runs = [search(key) for key in jax.random.split(jax.random.key(0), settings.searches)]
    genotypes = np.concatenate([np.asarray(run.genotypes) for run in runs])
    return genotypes, np.concatenate([np.asarray(run.scores) for run in runs])


def _front(scores: np.ndarray) -> int:
    """How many rows no other row dominates, equal ones counted once."""
    ordered = np.unique(scores, axis=0)
    best = np.minimum.accumulate(np.concatenate([[np.inf], ordered[:-1, 1]]))
    return (ordered[:, 1] < best).sum()
