"""What `accelnas expert` does: apply the rules to one network, print and write the steps, train both ends if asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.errors import NoResultError, report
from benchmarks.evaluators.trainings import Training, train_all
from benchmarks.fidelities import FIRST_FINAL_SEED, on_test
from benchmarks.problem import baseline_blocks, check_fits, exact_cost
from benchmarks.runtime.console import WIDE, plain_console
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.saved.network import any_network
from benchmarks.statistics.intervals import interval_words
from benchmarks.store.files import run_folder, write_network, write_table
from hw_model.cost_models import cost_model, parallelism_factor
from hw_model.network_text import summary
from hw_model.predict import predict
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.measurements import MeasurementCache
from tasks.expert.procedure import Objective, Snapshot, Step, expert_settings, improve, snapshot
from tasks.expert.rule import Architecture
from tasks.fidelity import Fidelity
from tasks.task import Task


def run_expert(
    home: Path,
    task: Task,
    accelerator: str,
    objective: Objective,
    network: Path | None,
    seeds: int,
    fidelity: Fidelity,
    results: Path,
) -> tuple[Architecture, tuple[Step, ...]]:
    """Rewrite the network (the task's baseline where it is None), print, write; seeds: 0 trains nothing.

    Raises HardwareInputError, TaskInputError and BenchmarkInputError for what the arguments may not be.
    """
    start = baseline_blocks(task) if network is None else any_network(network).blocks
    if network is not None and seeds:
        check_fits(network, start, task)
    end, steps = expert_architecture(task, accelerator, objective, start)
    console = plain_console()
    title = f"{network.name if network else task.name} on {accelerator}, least {objective}"
    console.print(_step_table(steps, console.width, title))
    for rule, reason in {step.rule: step.reason for step in steps if console.width >= WIDE or step.accepted}.items():
        console.print(f"{rule}: {reason}")
    home.mkdir(parents=True, exist_ok=True)
    with MeasurementCache(home / "measurements.sqlite") as cache:
        rows = step_rows(start, end, steps, accelerator, objective, cache)
        whole = {"start": compiled(start, accelerator, cache), "end": compiled(end, accelerator, cache)}
    console.print(_end_table(whole, "compiled whole" if accelerator in ETHOS_U else "analytic model"))
    for name, blocks in {"start": start, "end": end}.items():
        console.print(f"{name}: {summary(blocks)}", soft_wrap=True)
    settings = {"task": task, "accelerator": accelerator, "objective": objective, "network": start}
    settings |= {"cost_model": cost_model(accelerator).fingerprint}
    folder = run_folder(results, f"{task.name}-{accelerator}-{objective}", settings)
    _write(folder, pd.DataFrame(rows, columns=pd.Index(STEP_COLUMNS)), {"start": start, "end": end})
    console.print(f"Written to {folder}", soft_wrap=True)
    kept = sum(step.accepted for step in steps)
    console.print(f"Verdict: {verdict(whole, kept, accelerator, objective)}.", soft_wrap=True)
    if note := memory_note(accelerator, objective):
        report(note)
    if seeds:
        _train(home, task, {"start": start, "end": end}, on_test(fidelity), seeds, console)
    return end, steps


def memory_note(accelerator: str, objective: Objective) -> str:
    """That the compiler's peak of activations is no measure of need, empty where it is one or is not lowered."""
    if objective != "memory" or accelerator not in ETHOS_U or not ETHOS_U[accelerator].fills_sram:
        return ""
    return (
        f"memory on {accelerator}: DRAM lies behind the SRAM, which the compiler fills because that is faster, so the "
        f"peak of activations is no measure of what a network needs; on {accelerator}-sram-only it is"
    )


def verdict(whole: dict[str, Snapshot], kept: int, accelerator: str, objective: Objective) -> str:
    """A line: what the steps that were kept came to."""
    start, end = whole["start"], whole["end"]
    if not kept:
        return f"no rule helps this network on {accelerator}; it stays at {start.latency_ms:.4g} ms"
    memory = f"{start.memory_bytes / 1024:.0f} to {end.memory_bytes / 1024:.0f} KiB of parameters and activations"
    said = f"{start.latency_ms:.4g} to {end.latency_ms:.4g} ms ({end.latency_ms / start.latency_ms - 1:+.0%}), {memory}"
    better = end.latency_ms < start.latency_ms if objective == "latency" else end.memory_bytes < start.memory_bytes
    worse = "" if better else f"; worse in {objective} than the cost model promised"
    return f"{kept} steps kept on {accelerator}: {said}{worse}; what that does to the quality only --train tells"


def _step_table(steps: tuple[Step, ...], width: int, title: str) -> Table:
    """What was kept, and where it is wide enough all that was tried, with more of each."""
    wide = width >= WIDE
    what = "rules tried" if wide else f"{sum(step.accepted for step in steps)} steps kept of {len(steps)} tried"
    table = Table(title=f"{title}: {what}, by the cost model", title_justify="left")
    names = ("rule", "block", "change", "ms before", "ms after", "M MACs", "k params", "peak KiB", "", "why")
    for name in names if wide else names[:5]:
        table.add_column(name, no_wrap=wide, justify="left" if name in ("rule", "change", "", "why") else "right")
    for step in steps:
        if not wide:
            if step.accepted:
                times = f"{step.before.latency_ms:.4g}", f"{step.after.latency_ms:.4g}"
                table.add_row(step.rule, str(step.place), step.change, *times)
            continue
        table.add_row(
            step.rule,
            str(step.place),
            step.change,
            f"{step.before.latency_ms:.4g}",
            f"{step.after.latency_ms:.4g}",
            f"{step.after.macs / 1e6:.4g}",
            f"{step.after.params / 1e3:.4g}",
            f"{step.after.peak_activation_bytes / 1024:.4g}",
            "kept" if step.accepted else "refused",
            step.verdict,
        )
    return table


def _end_table(whole: dict[str, Snapshot], how: str) -> Table:
    table = Table(title=f"Start and end, {how}", title_justify="left")
    for name in ("network", "ms", "M MACs", "k params", "param KiB", "peak KiB", "param + peak KiB"):
        table.add_column(name, justify="left" if name == "network" else "right")
    values = {
        name: (
            of.latency_ms,
            of.macs / 1e6,
            of.params / 1e3,
            of.param_bytes / 1024,
            of.peak_activation_bytes / 1024,
            of.memory_bytes / 1024,
        )
        for name, of in whole.items()
    }
    for name, row in values.items():
        table.add_row(name, *(f"{value:.4g}" for value in row))
    table.add_row(
        "change", *(f"{b / a - 1:+.1%}" if a else "-" for a, b in zip(values["start"], values["end"], strict=True))
    )
    return table


def _write(folder: Path, table: pd.DataFrame, networks: dict[str, Architecture]) -> None:
    write_table(folder / "steps.csv", table)
    for name, blocks in networks.items():
        write_network(folder / f"{name}.json", f"{folder.name} {name}", blocks)


def _train(
    home: Path, task: Task, networks: dict[str, Architecture], fidelity: Fidelity, seeds: int, console: Console
) -> None:
    """Both networks from scratch with the same seeds; the difference is seed by seed."""
    prepare_with_progress(home, task.config(fidelity.data), task.dataset)
    numbers = range(FIRST_FINAL_SEED, FIRST_FINAL_SEED + seeds)
    wanted = [Training(name, blocks, fidelity, seed) for name, blocks in networks.items() for seed in numbers]
    trials = dict(zip(wanted, train_all(home, task, "Start and end", wanted), strict=True))
    quality = {
        name: {w.seed: trial.quality[task.metric] for w, trial in trials.items() if w.name == name and not trial.error}
        for name in networks
    }
    for trial in (trial for trial in trials.values() if trial.error):
        console.print(f"seed {trial.key.seed} failed: {trial.error}", highlight=False)
    if empty := [name for name, values in quality.items() if not values]:
        raise NoResultError(f"none of {seeds} trainings of the {empty[0]} network came to a finite {task.metric}")
    both = sorted(quality["start"].keys() & quality["end"].keys())
    shown = {name: list(values.values()) for name, values in quality.items()}
    shown["difference"] = [quality["end"][seed] - quality["start"][seed] for seed in both]
    for name, values in shown.items():
        if values:  # no seed may have come to both
            console.print(f"{task.metric} {name}: {interval_words(values)} over {len(values)} seed(s)")


def expert_architecture(
    task: Task, accelerator: str, objective: Objective = "latency", start: Architecture | None = None
) -> tuple[Architecture, tuple[Step, ...]]:
    """The task's baseline, or another start, rewritten for an accelerator, and every step tried.  Trains nothing.

    Raises HardwareInputError for an accelerator that is unknown or whose parallelism factor is, TaskInputError for an
    unknown objective.
    """
    settings = expert_settings(objective)
    cost_model(accelerator)  # names what there is where this is a slip
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
        what = {"place": step.place, "change": step.change, "accepted": step.accepted, "verdict": step.verdict}
        what |= {"latency_before_ms": step.before.latency_ms, "reason": step.reason}
        rows.append(row(step.after, step=number, rule=step.rule, **what))
    last = row(estimated(end, accelerator), step=len(steps) + 1, rule="end", change=summary(end), accepted=True)
    return [*rows, last | shares["end"]]


STEP_COLUMNS = (
    *("step", "rule", "place", "change", "accepted", "verdict", "latency_before_ms", "latency_after_ms"),
    *("macs", "params", "param_bytes", "peak_activation_bytes", "memory_bytes", "objective_share"),
    *("compiled_latency_ms", "compiled_memory_bytes", "compiled_share", "reason"),
)
