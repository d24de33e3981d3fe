import numpy as np
import pandas as pd

from benchmarks import strategy_quality
from benchmarks.strategy_problems import REPORTED, npu_table


def test_regret_is_above_the_best_of_the_table_and_falls_with_the_budget():
    problem = next(iter(REPORTED))
    few, many = (strategy_quality.rows(problem, n, 200, ("random",))[0] for n in (3, 100))
    error = npu_table(problem).scores[:, 0]
    # by hand: the true error of the network whose noisy draw is least among n uniform ones
    generator = np.random.default_rng(0)
    picks = generator.integers(len(error), size=(4_000, 3))
    noisy = npu_table(problem).draws[0][:, 0]
    expected = error[picks[np.arange(len(picks)), noisy[picks].argmin(1)]].mean() - error.min()
    assert few["low"] <= expected <= few["high"]
    assert 0 <= many["regret"] < few["regret"]


def test_no_strategy_trains_more_than_it_is_allowed_here(tmp_path):
    most = min(strategy_quality.MOST_TRAININGS.values())
    slow = tuple(strategy_quality.MOST_TRAININGS)
    strategy_quality.main(trainings=(most + 1,), seeds=2, strategies=("random", *slow), output=tmp_path)
    assert set(pd.read_csv(tmp_path / "strategy_quality.csv")["strategy"]) == {"random"}
