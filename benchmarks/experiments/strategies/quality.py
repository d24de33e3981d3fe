"""What strategies find for one objective, by its true value, at several budgets: PPO, REINFORCE and all others.

Writes results/strategies/strategy_quality.csv, a row for each reported problem of
benchmarks/experiments/strategies/problems.py, budget and strategy: the least error, of which a search sees one noisy
draw; run: accelnas reproduce strategy_quality (minutes).

regret: true error of the network found less the least error there is, mean over seeds with Student's 95% interval.
luck: by how much the draw that picked it flattered it.  Settings are those of `build_strategy` for the budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jax
import pandas as pd
from rich.progress import track

from benchmarks.experiments.strategies.problems import REPORTED, npu_table
from benchmarks.store.files import write_table
from nas_algos.compare import compare
from nas_algos.registry import STRATEGIES

# takes two objectives; trains an ensemble in every round; runs on the host: name the last two with fewer seeds
LEFT_OUT = ("nsga2", "bananas", "optuna")


def rows(problem: str, trainings: int, seeds: int, names: tuple[str, ...]) -> list[dict[str, object]]:
    """One for each strategy, random search first."""
    table = npu_table(problem)
    least = float(table.scores[:, 0].min())
    return [
        {
            "problem": problem,
            "trainings": trainings,
            "strategy": row.strategy,
            "seeds": row.seeds,
            "regret": row.true - least,
            "low": row.low - least,
            "high": row.high - least,
            "luck": row.true - row.claimed,
        }
        for row in compare(names, table, trainings, seeds, jax.random.key(trainings))
    ]


@dataclass(frozen=True)
class Settings:
    """What `accelnas reproduce strategy_quality --set NAME=VALUE` may change."""

    trainings: tuple[int, ...] = (30, 100, 300)
    """Budgets."""
    seeds: int = 1000
    """Searches of each strategy."""
    strategies: tuple[str, ...] = tuple(name for name in STRATEGIES if name not in LEFT_OUT)
    """Names of those to compare."""


def run(settings: Settings, home: Path, folder: Path) -> None:
    """Search, print and write."""
    plans = [(problem, count) for problem in REPORTED for count in settings.trainings]
    table = pd.DataFrame(
        [
            row
            for plan in track(plans, description="searching")
            for row in rows(*plan, settings.seeds, settings.strategies)
        ]
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "strategy_quality.csv", table, digits=5)
    print(table.to_string(index=False, float_format="%.4g"))
