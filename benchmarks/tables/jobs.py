"""What a bare machine with an accelerator is asked to train, and the trials that its answers become."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pyarrow.parquet as pq

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.trained import trial_key
from benchmarks.store.files import write_json
from benchmarks.store.provenance import Provenance
from benchmarks.store.records import Trial
from benchmarks.tables.design import draw_cells
from hw_model.blocks import Block
from hw_model.predict import cost_model
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.spaces.registry import article_space, skeleton_for
from tasks.spaces.skeleton import curated_space, uncurated_space
from tasks.spaces.space import SearchSpace
from tasks.task import Task
from tasks.training import training_flops

# the accelerator whose estimated latency the design is stratified over
REFERENCE = "ethos-u65-512"
# channels of the curated spaces are multiples of these: what the accelerators of the tables compute at once
CURATED_FACTORS = (8, 16)
# the largest of the article's spaces of a task, which holds the others
LARGEST_ARTICLE_SPACE = {"detection": "V3", "segmentation": "article"}
# of the cells of a table, those from the uncurated space; the others are shared out evenly among the other spaces
UNCURATED_SHARE = 0.5
# networks of a cell: as many as an accelerator trains in about the time of one
NETWORKS = 8
# what `table_cells` of 72 cells drew with the estimator of commit 2d65447: task, cell, space, genotypes
DESIGNS = Path(__file__).with_name("designs.parquet")
# apart from the seeds of searches, of fidelities and of what is published
FIRST_SEED = 1_000_000


@dataclass(frozen=True)
class Cell:
    """Networks that differ in their channels alone."""

    name: str
    """Task, space and number."""
    space: str
    """The space that they were drawn from: "uncurated", "curated-8", "V3", ..."""
    genotypes: np.ndarray
    """int32 [n, D], in that space."""
    chains: tuple[tuple[Block, ...], ...]
    """The networks."""


def first_seed(number: int) -> int:
    """Seed of the first network of the design's cell of that number; the cell's others follow."""
    return FIRST_SEED + 1000 * number


def table_spaces(task: Task) -> dict[str, SearchSpace]:
    """The spaces that a task's table is drawn from, by name."""
    skeleton, outputs = skeleton_for(task), task.output_channels
    spaces = {"uncurated": uncurated_space(skeleton, outputs)}
    spaces |= {f"curated-{factor}": curated_space(skeleton, outputs, factor) for factor in CURATED_FACTORS}
    if task.name in LARGEST_ARTICLE_SPACE:
        name = LARGEST_ARTICLE_SPACE[task.name]
        spaces[name] = article_space(task, name)
    return spaces


def table_cells(task: Task, cells: int, seed: int = 0) -> list[Cell]:
    """The design of a task's table: so many cells of NETWORKS networks, the spaces taking turns.

    More cells of the same seed begin with other ones: a design is drawn as a whole, before any training.
    """
    spaces = table_spaces(task)
    shares = {name: (1 - UNCURATED_SHARE) / (len(spaces) - 1) for name in spaces} | {"uncurated": UNCURATED_SHARE}
    model = cost_model(REFERENCE)
    made: list[list[Cell]] = []
    for key, (name, space) in zip(jax.random.split(jax.random.key(seed), len(spaces)), spaces.items(), strict=True):

        def latency_ms(genotypes: np.ndarray, space: SearchSpace = space) -> Any:
            return model.estimate(space.lower(genotypes)).cost.latency_ms

        drawn = draw_cells(space, max(1, round(cells * shares[name])), NETWORKS, key, latency_ms)
        made.append(
            [
                Cell(
                    f"{task.name}-{name}-{seed}-{number:04d}",
                    name,
                    genotypes,
                    tuple(space.decode(genotype) for genotype in genotypes.tolist()),
                )
                for number, genotypes in enumerate(drawn)
            ]
        )
    # cells of all spaces spread evenly over the list, so that any beginning of it is a design too
    spread = [(number / len(part), cell) for part in made for number, cell in enumerate(part)]
    return [cell for _, cell in sorted(spread, key=lambda entry: (entry[0], entry[1].name))]


def designed_cells(task: Task) -> list[Cell]:
    """The design of a task's table as it was drawn, before any training.

    It is kept in a file, since the estimator whose latency it is stratified over is fitted anew from time to time.
    """
    spaces = table_spaces(task)
    rows = pq.read_table(DESIGNS, filters=[("task", "=", task.name)]).to_pylist()
    return [
        Cell(
            row["cell"],
            row["space"],
            np.array(row["genotypes"], np.int32),
            tuple(spaces[row["space"]].decode(genotype) for genotype in row["genotypes"]),
        )
        for row in rows
    ]


def job_of(cell: Cell, task: Task, fidelity: Fidelity, first_seed: int, rates: Sequence[float] = ()) -> dict[str, Any]:
    """A line of the jobs file: network i of the cell is trained with the seed first_seed + i."""
    return {
        "name": f"{cell.name}-{first_seed}",
        "cell": cell.name,
        "space": cell.space,
        "genotypes": np.asarray(cell.genotypes).tolist(),
        "task": task.name,
        "dataset": task.dataset,
        "classes": task.classes,
        "fidelity": asdict(fidelity),
        "chains": [[asdict(block) for block in chain] for chain in cell.chains],
        "seeds": [first_seed + number for number in range(len(cell.chains))],
        "rates": list(rates) or [1.0] * len(cell.chains),
    }


def write_jobs(jobs: Iterable[dict[str, Any]], path: Path) -> None:
    """Write the file that `benchmarks.tables.cohort_run` reads."""
    write_json(path, list(jobs))


def trials_of(jobs: Path, rows: Path) -> list[Trial]:
    """The trials that the rows of a run are.

    Raises BenchmarkInputError, naming the line, where a row is not of these jobs.
    """
    by_name = {job["name"]: job for job in json.loads(jobs.read_text())}
    trials = []
    for number, line in enumerate(rows.read_text().splitlines(), start=1):
        row = json.loads(line)
        job = by_name.get(row["job"])
        if job is None or not 0 <= row["index"] < len(job["chains"]):
            raise BenchmarkInputError(f"{rows}: line {number} is of job {row['job']!r}, which {jobs} does not have")
        index, fidelity = row["index"], Fidelity(**job["fidelity"])
        fidelity = replace(fidelity, peak_learning_rate=fidelity.peak_learning_rate * job["rates"][index])
        task = make_task(job["task"], job["dataset"], job["classes"])
        blocks = tuple(Block(**block) for block in job["chains"][index])
        # trained in a cohort they are not to the last bit those trained alone
        key = replace(trial_key(task, blocks, fidelity, job["seeds"][index]), code_path="many_at_once")
        fields = {
            "example_passes": fidelity.steps * fidelity.batch_size,
            "training_flops": training_flops(blocks, fidelity),
            "seconds": row["seconds"],
            "space": job["space"],
            "genotype": tuple(job["genotypes"][index]),
        }
        if row["finite"]:
            trial = Trial.finished(key, row["quality"], **fields)
        else:
            trial = Trial(key, "failed", {}, **fields, error="training reached values that are not finite")
        provenance = Provenance(row.get("commit", "unknown"), row["jax"], row["jax"], "unknown", row["device"], 0)
        trials.append(replace(trial, provenance=provenance, imported_from=rows.name))
    return trials
