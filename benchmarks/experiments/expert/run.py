"""The expert in the loop: rewrite rules on each task's baseline, each step with what it saved.

Writes results/expert/expert.csv, a row for each step tried, and for each network a row "start" and a row "end", on
three tasks, three accelerators and both objectives; run: python -m benchmarks.experiments.expert.run.

Steps are judged by the accelerator's estimator, and so are their columns.  compiled_latency_ms and
compiled_memory_bytes, of start and end alone, are of the network compiled whole.  memory_bytes: parameters and peak
activations.  objective_share: of the start's latency or memory, by the estimator; compiled_share: by the compiler.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import tyro

from benchmarks.experiments.baselines.run import baseline_blocks
from benchmarks.home import DEFAULT_HOME
from benchmarks.search.run import exact_cost
from hw_model.network_file import summary
from hw_model.predict import parallelism_factor, predict
from hw_model.vela.measurements import MeasurementCache
from tasks.expert.procedure import Objective, Snapshot, Step, expert_settings, improve, snapshot
from tasks.expert.rule import Architecture
from tasks.registry import TASKS, make_task
from tasks.task import Task

ACCELERATORS = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024")
OBJECTIVES: tuple[Objective, ...] = ("latency", "memory")


def expert_architecture(
    task: Task, accelerator: str, objective: Objective = "latency", start: Architecture | None = None
) -> tuple[Architecture, tuple[Step, ...]]:
    """The task's baseline, or another start, rewritten for an accelerator, and every step tried.  Trains nothing.

    Raises HardwareInputError for an accelerator that is unknown or whose parallelism factor is, TaskInputError for an
    unknown objective.
    """
    settings = expert_settings(objective)
    factor = parallelism_factor(accelerator)
    blocks = baseline_blocks(task) if start is None else start
    return improve(blocks, lambda network: predict(network, accelerator).cost, factor, settings)


def compiled(blocks: Architecture, accelerator: str, cache: MeasurementCache) -> Snapshot:
    """Cost of the whole network by the compiler where there is one, by the model elsewhere."""
    return snapshot(blocks, lambda network: exact_cost(network, accelerator, cache))


def estimated(blocks: Architecture, accelerator: str) -> Snapshot:
    """Cost by the accelerator's estimator or analytic model."""
    return snapshot(blocks, lambda network: predict(network, accelerator).cost)


def objective_value(of: Snapshot, objective: Objective) -> float:
    """What the objective minimises: milliseconds or bytes."""
    return of.latency_ms if objective == "latency" else of.memory_bytes


def step_rows(
    start: Architecture,
    end: Architecture,
    steps: tuple[Step, ...],
    accelerator: str,
    objective: Objective,
    cache: MeasurementCache,
) -> list[dict[str, Any]]:
    """The rows of one network: start, steps, end."""
    first = estimated(start, accelerator)

    def row(of: Snapshot, **more: Any) -> dict[str, Any]:
        costs = {
            "macs": of.macs,
            "params": of.params,
            "param_bytes": of.param_bytes,
            "peak_activation_bytes": of.peak_activation_bytes,
            "memory_bytes": of.memory_bytes,
            "objective_share": objective_value(of, objective) / objective_value(first, objective),
        }
        return more | {"latency_after_ms": of.latency_ms} | costs

    whole = {name: compiled(blocks, accelerator, cache) for name, blocks in {"start": start, "end": end}.items()}
    shares = {
        name: {
            "compiled_latency_ms": found.latency_ms,
            "compiled_memory_bytes": found.memory_bytes,
            "compiled_share": objective_value(found, objective) / objective_value(whole["start"], objective),
        }
        for name, found in whole.items()
    }
    rows = [row(first, step=0, rule="start", change=summary(start), accepted=True) | shares["start"]]
    for number, step in enumerate(steps, start=1):
        told = {"place": step.place, "change": step.change, "accepted": step.accepted, "verdict": step.verdict}
        told |= {"latency_before_ms": step.before.latency_ms, "reason": step.reason}
        rows.append(row(step.after, step=number, rule=step.rule, **told))
    last = row(estimated(end, accelerator), step=len(steps) + 1, rule="end", change=summary(end), accepted=True)
    return [*rows, last | shares["end"]]


STEP_COLUMNS = (
    *("step", "rule", "place", "change", "accepted", "verdict", "latency_before_ms", "latency_after_ms"),
    *("macs", "params", "param_bytes", "peak_activation_bytes", "memory_bytes", "objective_share"),
    *("compiled_latency_ms", "compiled_memory_bytes", "compiled_share", "reason"),
)


def main(
    accelerators: tuple[str, ...] = ACCELERATORS,
    home: Path = DEFAULT_HOME,
    output: Path = Path("results/expert"),
) -> None:
    """Apply the rules to all baselines, print what they reach, write all steps.

    Args:
        accelerators: Names that `accelnas list` prints, of known parallelism factor.
        home: Directory that measurements are kept in.
        output: Directory of the table.
    """
    rows = []
    home.mkdir(parents=True, exist_ok=True)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        for name in TASKS:
            for accelerator in accelerators:
                for objective in OBJECTIVES:
                    task = make_task(name)
                    end, steps = expert_architecture(task, accelerator, objective)
                    told = {"task": name, "accelerator": accelerator, "objective": objective}
                    found = step_rows(baseline_blocks(task), end, steps, accelerator, objective, cache)
                    rows += [told | row for row in found]
    table = pd.DataFrame(rows, columns=pd.Index(["task", "accelerator", "objective", *STEP_COLUMNS]))
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "expert.csv", index=False, float_format="%.6g")
    shown = ("task", "accelerator", "objective", "rule", "macs", "params", "objective_share", "compiled_share")
    ends = pd.DataFrame([row for row in rows if row["rule"] in ("start", "end")], columns=pd.Index(shown))
    print(ends.to_string(index=False, float_format=lambda value: f"{value:.3g}"))


if __name__ == "__main__":
    tyro.cli(main)
