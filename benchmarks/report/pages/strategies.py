"""What strategies find on whole spaces as tables, and how fast they are beside their peers."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report.markdown import Row, interval, rows, table

FRONTS = ("problem", "strategy", "evaluations", "seeds", "hypervolume (95% interval)", "p")
SPEED = ("strategy", "evaluations", "seeds", "us a suggestion", "times pymoo's rate", "times Optuna's")


def page(folder: Path) -> str:
    """The page's Markdown."""
    quality, fronts = (rows(folder / f"strategy_{name}.csv") for name in ("quality", "hypervolume"))
    speed = rows(folder / "strategy_speed.csv")
    return f"""\
With a table as evaluator a whole search is one `lax.scan`, and a thousand seeds one `vmap`.  Three whole spaces stand
as tables: latency is a parametric NPU's, summed exactly, error a formula.  They say how well strategies search, and
nothing about real networks.

How far from the best network each strategy ends, error being in 0 to 1 and noisy, mean over the problems (every figure
with its interval: [the file](../../results/strategies/strategy_quality.csv)):

{_quality(quality)}
A proposal counts as a training also where the same network was proposed before, which is hard on strategies that
concentrate.

Hypervolume as a share of the true front's, from a published reference point, mean over seeds with a 95% interval; p:
the probability of ranks as low as these or lower if the strategy were no worse than pymoo's NSGA-II (one-sided
Mann-Whitney):

{table(FRONTS, map(_front, fronts))}
Time of a suggestion.  Ours are for all seeds in one call on all cores, the peers' for one seed after the other on one
core, as each is meant to be used: the ratio is of time, not of instructions.

{table(SPEED, map(_speed, speed))}
"""


def _quality(found: list[Row]) -> str:
    regrets: dict[str, dict[int, list[float]]] = {}
    for row in found:
        regrets.setdefault(row["strategy"], {}).setdefault(row["trainings"], []).append(row["regret"])
    budgets = sorted({budget for each in regrets.values() for budget in each})
    lines = [[name, *(f"{sum(each[n]) / len(each[n]):.3f}" for n in budgets)] for name, each in regrets.items()]
    return table(["strategy", *(f"{n} trainings" for n in budgets)], lines)


def _front(row: Row) -> list[str]:
    start = [row["problem"], row["strategy"], str(row["evaluations"]), str(row["seeds"])]
    return [*start, interval(row, "hypervolume", "low", "high"), f"{row['p_worse_than_pymoo']:.2g}"]


def _speed(row: Row) -> list[str]:
    ratios = [f"{row[name]:.3g}" for name in ("us_per_suggestion", "ratio_to_pymoo", "ratio_to_optuna")]
    return [row["strategy"], str(row["evaluations"]), str(row["seeds"]), *ratios]
