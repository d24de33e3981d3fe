"""Single-shot searches: how well their supernets rank, what they cost, and whether they meet the latency asked for.

Each algorithm trains a supernet of the space curated for the accelerator, within the baseline's latency, at the spend
in example passes of `budget` trainings by the tables' recipe; then all networks of that space that the task's trained
table has are evaluated with inherited weights and ranked against their trainings from scratch.
Writes results/single_shot/single_shot.csv and single_shot_spend.csv; run: accelnas reproduce single_shot (days on two
cores; stop it at any moment, supernets go on from their last checkpoint).

single_shot_spend.csv: a row for each algorithm and spend, all seeds together: kendall_tau is the mean over supernets,
its 95% interval by bootstrap over supernets and cells of the table's design (statistics/two_level.py).

supernet_example_passes, supernet_flops: all that the search was charged; computed_flops: with the unused channels that
a supernet computes.  cost_in_trainings: supernet_flops over those of a training from scratch, mean of the networks
ranked.  kendall_tau: tau-b of n architectures, its 95% interval by bootstrap over cells of the design, whose networks
are alike; macs_tau: of MACs, for comparison.  latency_ms: of the network found, by the cost model;
preferred_latency_ms: of the one that the algorithm would have had without the bound, NaN where it searches within the
bound only; meets_target: whether the network found keeps the bound; met_unconstrained: whether the preferred one does.
certainty: of the distribution over networks at the end, the largest probability of a decision, mean over decisions (1:
converged to one network).
skipped_steps: networks whose loss was not finite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from benchmarks.errors import NoResultError, report_skipped
from benchmarks.evaluators.spec import SearchSpec, space_costs
from benchmarks.evaluators.supernet import NothingFound, SupernetResult, rank_side_by_side
from benchmarks.experiments.single_shot.networks import networks_to_rank
from benchmarks.experiments.single_shot.settings import Settings
from benchmarks.problem import baseline_blocks, space_for
from benchmarks.runtime.console import print_frame
from benchmarks.runtime.prepare import prepare_with_progress
from benchmarks.search.searches import search_in_workers
from benchmarks.statistics.rank_correlation import rank_agreement
from benchmarks.statistics.two_level import mean_tau
from benchmarks.store.files import check_mergeable, merge_rows
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.recipes import SEARCH
from hw_model.cost import count_macs
from hw_model.predict import predict
from nas_algos.objectives import keeps
from tasks.registry import make_task
from tasks.training import training_flops

KEY = ("task", "accelerator", "algorithm", "budget", "seed")
SPEND_KEY = KEY[:-1]


def run_task(
    home: Path, name: str, accelerator: str, algorithms: Sequence[str], seeds: int, budget: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row for each algorithm and seed, and one for each algorithm; what is stored under `home` is not repeated.

    A search that found no network has none; a line on stderr says so.
    """
    task, fidelity = make_task(name), SEARCH[name]
    space = space_for(task, "curated", accelerator)
    networks = networks_to_rank(SHIPPED, task, space)
    genotypes, blocks = [each.genotype for each in networks], [each.blocks for each in networks]
    prepare_with_progress(home, task.config(fidelity.data), task.dataset)
    alone, cells = [each.quality for each in networks], [each.cell for each in networks]
    target = predict(baseline_blocks(task), accelerator).cost.latency_ms
    bounds = {"latency_ms": float(target)}
    specs = {
        (algorithm, seed): SearchSpec(
            task, space, accelerator, bounds, fidelity, budget, evaluator=f"supernet:{algorithm}", seed=seed
        )
        for algorithm in algorithms
        for seed in range(seeds)
    }
    results = search_in_workers(home, f"{name} single-shot", specs)
    for algorithm, seed in [who for who, result in results.items() if isinstance(result, NothingFound)]:
        nothing = results.pop((algorithm, seed))
        report_skipped(f"{name} {algorithm} {seed}, which {nothing.describe()}")
        del specs[algorithm, seed]
    inherited = rank_side_by_side(home, task, f"{name} with inherited weights", list(specs.values()), genotypes)
    one_training = float(np.mean([training_flops(chain, fidelity) for chain in blocks]))
    macs = [float(count_macs(chain)) for chain in blocks]
    latency = jax.jit(lambda genotypes: space_costs(space, accelerator)(genotypes)["latency_ms"])
    rows = []
    for result, qualities in zip(results.values(), inherited, strict=True):
        preferred_ms = met_unconstrained = None
        if result.certainty is not None:
            preferred = jnp.array([result.preferred or result.genotype], jnp.int32)
            preferred_ms, met_unconstrained = float(latency(preferred)[0]), result.preferred is None
        rows.append(
            {"task": name, "accelerator": accelerator, "budget": budget}
            | supernet_row(result, qualities, alone, cells, macs, one_training)
            | {
                "latency_ms": result.cost["latency_ms"],
                "latency_target_ms": target,
                "meets_target": keeps(result.cost, bounds),
                "preferred_latency_ms": preferred_ms,
                "met_unconstrained": met_unconstrained,
                "certainty": result.certainty,
                "skipped_steps": result.skipped,
                "metric": task.metric,
            }
        )
    return pd.DataFrame(rows), spend_rows(rows, inherited, alone, cells)


def spend_rows(
    rows: Sequence[dict[str, Any]], inherited: Sequence[Sequence[float]], alone: Sequence[float], cells: Sequence[int]
) -> pd.DataFrame:
    """A row for each algorithm of one task and spend.

    rows, inherited: of each supernet, its columns and the qualities of the networks; alone: theirs from scratch; cells:
    theirs of the design.
    """
    found = []
    for algorithm in dict.fromkeys(row["algorithm"] for row in rows):
        own = [place for place, row in enumerate(rows) if row["algorithm"] == algorithm]
        ranked, truth = np.array([inherited[place] for place in own], float), np.array(alone, float)
        tau, known = mean_tau(ranked, truth, np.array(cells)), np.isfinite([*ranked, truth]).all(0)
        first = rows[own[0]]
        found.append(
            {name: first[name] for name in SPEND_KEY}
            | {"seeds": len(own), "kendall_tau": tau.value, "low": tau.low, "high": tau.high, "n": int(known.sum())}
            | {"macs_tau": first["macs_tau"]}
            | {
                name: float(np.mean([rows[place][name] for place in own]))
                for name in ("supernet_example_passes", "supernet_flops", "computed_flops", "cost_in_trainings")
            }
        )
    return pd.DataFrame(found)


def supernet_row(
    result: SupernetResult,
    inherited: Sequence[float],
    alone: Sequence[float],
    cells: Sequence[int],
    macs: Sequence[float],
    one_training: float,
) -> dict[str, Any]:
    """What a supernet cost and how well it ranks.

    inherited, alone: qualities of the same architectures with the supernet's weights and trained from scratch; cells,
    macs: theirs.  one_training: FLOPs of one of these trainings.  Architectures of which one quality is NaN are left
    out.
    """
    size = [m if math.isfinite(a + b) else math.nan for a, b, m in zip(inherited, alone, macs, strict=True)]
    n, tau, top = rank_agreement(inherited, alone, cells)
    return {
        "algorithm": result.algorithm,
        "seed": result.seed,
        "supernet_example_passes": result.spend.example_passes,
        "supernet_flops": result.spend.training_flops,
        "computed_flops": result.computed_flops,
        "seconds": result.spend.seconds,
        "cost_in_trainings": result.spend.training_flops / one_training,
        "kendall_tau": tau.value,
        "low": tau.low,
        "high": tau.high,
        "n": n,
        "macs_tau": rank_agreement(size, alone, cells).tau.value,
        "top5_overlap": top.value,
        "inherited_quality": result.quality,
    }


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Train the supernets, rank, and write the table.  Raises NoResultError where none found a network."""
    check_mergeable(folder / "single_shot.csv", KEY)
    table = None
    for name in settings.task:
        # written after each task, so that what is done is seen
        found, spends = run_task(home, name, settings.accelerator, settings.algorithm, settings.seeds, settings.budget)
        if found.empty:
            continue
        table = merge_rows(folder / "single_shot.csv", found, KEY)
        merge_rows(folder / "single_shot_spend.csv", spends, SPEND_KEY)
        print_frame(table)
    if table is None:
        raise NoResultError("no supernet's search found a network within the bounds")
