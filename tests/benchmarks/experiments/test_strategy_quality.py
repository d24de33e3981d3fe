import numpy as np
import pandas as pd
import pytest

from benchmarks.experiments.strategies import quality
from benchmarks.experiments.strategies.problems import REPORTED, npu_table


def test_regret_is_above_the_best_of_the_table_and_falls_with_the_budget():
    problem = next(iter(REPORTED))
    few, many = (quality.rows(problem, n, 200, ("random",))[0] for n in (3, 100))
    error = npu_table(problem).scores[:, 0]
    # by hand: the true error of the network whose noisy draw is least among n uniform ones
    generator = np.random.default_rng(0)
    picks = generator.integers(len(error), size=(4_000, 3))
    noisy = npu_table(problem).draws[0][:, 0]
    expected = error[picks[np.arange(len(picks)), noisy[picks].argmin(1)]].mean() - error.min()
    assert few["low"] <= expected <= few["high"]
    assert 0 <= many["regret"] < few["regret"]


@pytest.mark.slow
def test_the_table_has_a_row_for_each_problem_budget_and_strategy(tmp_path):
    quality.run(quality.Settings((2, 4), seeds=2, strategies=("random", "local_search")), tmp_path, tmp_path)
    table = pd.read_csv(tmp_path / "strategy_quality.csv")
    assert len(table) == len(table.drop_duplicates(["problem", "trainings", "strategy"])) == len(REPORTED) * 2 * 2
    assert (table["regret"] >= 0).all()
