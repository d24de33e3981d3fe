"""What each strategy finds for one objective, by its true value, at several budgets: PPO, REINFORCE and all others.

Writes results/strategy_quality.csv, a row for each reported problem of benchmarks/strategy_problems.py, budget and
strategy: the least error, of which a search sees one noisy draw; run: python -m benchmarks.strategy_quality (minutes).

regret: true error of the network found less the least error there is, mean over seeds with Student's 95% interval.
luck: by how much the draw that picked it flattered it.  Settings are those of `build_strategy` for the budget.
"""

from __future__ import annotations

from pathlib import Path

import jax
import pandas as pd
import tyro
from rich.progress import track

from benchmarks.strategy_problems import REPORTED, npu_table
from nas_algos.compare import compare
from nas_algos.registry import STRATEGIES

# trains an ensemble in every round; runs on the host, one seed after the other
FEWER_SEEDS = {"bananas": 20, "optuna": 20}
MOST_TRAININGS = {"bananas": 100, "optuna": 100}
# takes two objectives only
LEFT_OUT = ("nsga2",)


def rows(problem: str, trainings: int, seeds: int, names: tuple[str, ...]) -> list[dict[str, object]]:
    """One for each strategy that may train so many networks."""
    table = npu_table(problem)
    least = float(table.scores[:, 0].min())
    found = []
    for name in names:
        if trainings > MOST_TRAININGS.get(name, trainings):
            continue
        count = min(seeds, FEWER_SEEDS.get(name, seeds))
        # `compare` puts random first
        row = compare([name], table, trainings, count, jax.random.key(trainings))[-1]
        found.append(
            {
                "problem": problem,
                "trainings": trainings,
                "strategy": name,
                "seeds": row.seeds,
                "regret": row.true - least,
                "low": row.low - least,
                "high": row.high - least,
                "luck": row.true - row.claimed,
            }
        )
    return found


def main(
    trainings: tuple[int, ...] = (30, 100, 300),
    seeds: int = 1000,
    strategies: tuple[str, ...] = tuple(name for name in STRATEGIES if name not in LEFT_OUT),
    output: Path = Path("results"),
) -> None:
    """Search, print and write.

    Args:
        trainings: Budgets.
        seeds: Searches of each strategy that can be traced; fewer of the slow ones.
        strategies: Names of those to compare.
        output: Directory of the table.
    """
    plans = [(problem, count) for problem in REPORTED for count in trainings]
    table = pd.DataFrame(
        [row for plan in track(plans, description="searching") for row in rows(*plan, seeds, strategies)]
    )
    output.mkdir(parents=True, exist_ok=True)
    table.to_csv(output / "strategy_quality.csv", index=False, float_format="%.5g")
    print(table.to_string(index=False, float_format="%.4g"))


if __name__ == "__main__":
    tyro.cli(main)
