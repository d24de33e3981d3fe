"""What a bare machine with an accelerator is asked to train, and the trials that its answers become."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.errors import BenchmarkInputError
from benchmarks.evaluators.trained import trial_key
from benchmarks.store.files import write_json
from benchmarks.store.importing import check_trial
from benchmarks.store.provenance import Provenance
from benchmarks.store.records import Trial
from benchmarks.tables.design import table_spaces
from benchmarks.tables.parts import Wanted
from benchmarks.tables.recipes import scaled
from hw_model.blocks import Block
from hw_model.json_file import parse_json, read_json
from tasks.cohort import aligned
from tasks.fidelity import Fidelity
from tasks.registry import make_task
from tasks.task import Task
from tasks.training import training_flops

MEANS = ("compile_s", "training_s", "predictions_s", "scoring_s")
TOLD = {"device", "workers", "at_once", "ended_s", *MEANS}
"""What rows say of how fast a run was, where they do."""


def job_of(wanted: Wanted, task: Task) -> dict[str, Any]:
    """A line of the jobs file."""
    cell, fidelity = wanted.cell, wanted.fidelity
    chains = aligned(table_spaces(task)[cell.space], cell.genotypes) if cell.space else cell.chains
    return {
        "name": f"{cell.name}-{cell.seeds[0]}-{fidelity.example_passes}-{fidelity.batch_size}",
        "cell": cell.name,
        "space": cell.space,
        "genotypes": np.asarray(cell.genotypes).tolist(),
        "task": task.name,
        "dataset": task.dataset,
        "classes": task.classes,
        "fidelity": asdict(fidelity),
        "chains": [[block and asdict(block) for block in chain] for chain in chains],
        "seeds": list(cell.seeds),
        "rates": list(wanted.rates) or [1.0] * len(cell.chains),
    }


def write_jobs(jobs: Iterable[dict[str, Any]], path: Path) -> None:
    """Write the file that `benchmarks.tables.cohort_run` reads."""
    write_json(path, list(jobs))


def trials_of(jobs: Path, rows: Path) -> list[Trial]:
    """The trials that the rows of a run are.

    Raises BenchmarkInputError, naming the line, where a row is not of these jobs.
    """
    try:
        by_name = {job["name"]: job for job in read_json(jobs)}
    except (TypeError, KeyError) as error:
        raise BenchmarkInputError(f"{jobs} is no list of jobs; allowed: what `accelnas table jobs` writes") from error
    trials = []
    for number, row in enumerate(read_json(rows, _lines), start=1):
        try:
            trial = _trial_of(row, jobs, rows, by_name)
            check_trial(trial)
            trials.append(trial)
        except MemoryError:
            raise
        except BenchmarkInputError as error:
            raise BenchmarkInputError(f"{rows}: line {number}: {error}") from error
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            fault = f"{type(error).__name__}: {error}"[:120]
            raise BenchmarkInputError(f"{rows}: line {number} is no row of these jobs ({fault})") from error
    return trials


def speeds(jobs: Path, rows: Path, trials: Sequence[Trial]) -> pd.DataFrame:
    """How fast a run was, a row for each task that it trained; none where its rows do not say.

    Seconds are means over cohorts, with the others running; candidates an hour are of all tasks together.  trials: what
    `trials_of` makes of the rows.
    """
    found, tasks = pd.DataFrame(read_json(rows, _lines)), {job["name"]: job["task"] for job in read_json(jobs)}
    if found.empty or not set(found) >= TOLD:
        return pd.DataFrame()
    numbers = found[sorted(TOLD - {"device"})].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if not (np.isfinite(numbers).all() and max(found["ended_s"].tolist()) > 0):
        return pd.DataFrame()
    found["flops"] = [trial.training_flops for trial in trials]
    found["task"] = [tasks[name] for name in found["job"]]
    rate = round(len(found) / max(found["ended_s"].tolist()) * 3600)
    lines: list[dict[str, Any]] = []
    for _, own in found.groupby(["task", "device", "workers"]):
        cohorts = own.drop_duplicates("job")
        lines.append(
            {
                **{name: own[name].tolist()[0] for name in ("task", "device", "workers")},
                "at_once": max(own["at_once"].tolist()),
                "cohorts": len(cohorts),
                "n": len(own),
                **{name: round(float(np.mean(cohorts[name])), 1) for name in MEANS},
                "tflop": round(float(np.mean(own["flops"])) / 1e12, 4),
                "candidates_per_hour": rate,
            }
        )
    return pd.DataFrame(lines)


def _lines(text: str) -> list[Any]:
    return [parse_json(line) for line in text.splitlines()]


def _trial_of(row: Any, jobs: Path, rows: Path, by_name: dict[str, Any]) -> Trial:
    job = by_name.get(row["job"])
    if job is None or not 0 <= row["index"] < len(job["chains"]):
        raise BenchmarkInputError(f"job {str(row['job'])[:60]!r}, which {jobs} does not have")
    if type(job["classes"]) is not int or type(row["finite"]) is not bool:
        raise TypeError("classes must be a whole number, finite true or false")
    index = row["index"]
    fidelity = scaled(Fidelity(**job["fidelity"]), job["rates"][index])
    task = make_task(job["task"], job["dataset"], job["classes"])
    blocks = tuple(Block(**block) for block in job["chains"][index] if block)
    # trained in a cohort they are not to the last bit those trained alone
    key = replace(trial_key(task, blocks, fidelity, job["seeds"][index]), code_path="many_at_once")
    for name in ("code_version", "data_version"):
        if row[name] != getattr(key, name):
            raise BenchmarkInputError(
                f"trained with {name} {str(row[name])[:60]}, and here that is {getattr(key, name)}"
            )
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
    return replace(trial, provenance=provenance, imported_from=rows.name)
