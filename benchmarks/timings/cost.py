"""How many networks a second: compiled, estimated one by one, estimated through tables.

Writes results/timings/cost_speed.csv; run: accelnas reproduce cost_speed.  Times are medians of repetitions after
a first one that compiles; the figures belong to the machine they were taken on.

vela: networks really compiled, one by one.  estimator: as a batch of that many networks.  tables_latency,
tables_all_costs: looked up in tables of the estimator that are there already.  estimator_tabulated: the same, the time
to ask the estimator for every segment and pair of the space included.  cold_start: a fresh process that answers
accelnas cost once.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from benchmarks.store.files import write_table
from hw_model.cost_models import PRETRAINED
from hw_model.learned.estimator import estimate
from hw_model.learned.fitting import load_estimator
from hw_model.learned.samples import stage_genotypes, stage_space
from hw_model.tables.lookup import from_model, table_cost, table_latency_ms, tabulate
from hw_model.vela.accelerators import get_accelerator
from hw_model.vela.compiler import compile_blocks
from hw_model.workload import workload_from_chains

INPUT_SIZE = 96
LENGTH = 12
COLD_START = """
from pathlib import Path
from benchmarks.commands.cost import cost
cost(Path("mobilenet_v2_050"), ({name!r},), json=True)
"""


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce cost_speed --set NAME=VALUE` may change."""

    accelerator: str = "ethos-u65-512"
    """Name of an Ethos-U with a fitted estimator."""
    repetitions: int = 5
    """Of each timing but the compiler's."""
    compiled: int = 40
    """Networks that are really compiled."""
    largest: int = 10_000_000
    """Most networks looked up in tables."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Time every way of costing networks of one space, in one run."""
    chosen = get_accelerator(settings.accelerator)
    estimator = load_estimator(PRETRAINED / f"{chosen.name}.npz", chosen)
    places = stage_space(INPUT_SIZE)
    generator = np.random.default_rng(0)
    rows = []

    def chains(genotypes: np.ndarray) -> list[tuple]:
        return [sum((places[p][option] for p, option in enumerate(genotype)), ()) for genotype in genotypes]

    whole = chains(stage_genotypes(generator, settings.compiled))
    seconds = [_seconds(lambda chain=chain: compile_blocks(chain, chosen)) for chain in whole]
    per_vela = statistics.median(seconds)
    rows.append(_row("vela", 1, per_vela, per_vela))

    model = jax.jit(lambda work: estimate(estimator, work))
    for count in (1, 64, 1024):
        work = jax.device_put(workload_from_chains(chains(stage_genotypes(generator, count)), LENGTH))
        spent = _median(lambda work=work: jax.block_until_ready(model(work)), settings.repetitions)
        rows.append(_row("estimator", count, spent, per_vela, _bytes(model, work) / count))

    cost_function = from_model(lambda work: estimate(estimator, work), LENGTH)
    tabulating = _median(lambda: tabulate(places, cost_function), 3)
    tables = tabulate(places, cost_function)
    count = 1000
    while count <= settings.largest:
        genotypes = jnp.asarray(stage_genotypes(generator, count))
        for name, function in {"tables_latency": table_latency_ms, "tables_all_costs": table_cost}.items():
            lookup = jax.jit(function)
            spent = _median(lambda f=lookup, g=genotypes: jax.block_until_ready(f(tables, g)), settings.repetitions)
            rows.append(_row(name, count, spent, per_vela, _bytes(lookup, tables, genotypes) / count))
            if name == "tables_all_costs":
                # the estimator asked for every segment and pair of the space, and the networks looked up
                rows.append(_row("estimator_tabulated", count, tabulating + spent, per_vela))
        count *= 10

    program = COLD_START.format(name=chosen.name)
    command = [sys.executable, "-c", program]
    cold = statistics.median(
        _seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) for _ in range(3)
    )
    rows.append(_row("cold_start", 1, cold, per_vela))
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(rows).assign(accelerator=chosen.name)
    write_table(folder / "cost_speed.csv", table, digits=4)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))


def _row(method: str, networks: int, seconds: float, per_vela: float, memory: float = np.nan) -> dict[str, Any]:
    rate = networks / seconds
    return {
        "method": method,
        "networks": networks,
        "networks_per_s": rate,
        "ratio_to_vela": rate * per_vela,
        "seconds_median": seconds,
        "bytes_per_network": memory,
    }


def _median(function: Callable[[], object], repetitions: int) -> float:
    function()  # compiles
    return statistics.median(_seconds(function) for _ in range(repetitions))


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _bytes(function: Any, *arguments: Any) -> float:
    """Memory that the compiled function needs: arguments, answers and what lies between."""
    found = function.lower(*arguments).compile().memory_analysis()
    return found.argument_size_in_bytes + found.output_size_in_bytes + found.temp_size_in_bytes
