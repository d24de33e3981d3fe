"""How rankings are compared: by-hand values, and what trainings that failed do."""

import math
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest

from benchmarks.experiments.fidelity.run import agreement_row
from benchmarks.search.problem import spread_architectures
from benchmarks.statistics.rank_correlation import rank_agreement
from hw_model.cost import count_macs
from tasks.spaces.registry import SKELETONS
from tasks.spaces.skeleton import curated_space

RESULTS = Path(__file__).parents[3] / "results" / "fidelity"


def test_agreement_of_a_ranking_by_hand():
    low = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    # the two smallest and the fourth and third swapped: 2 of 28 pairs disagree, tau = (26 - 2) / 28
    high = [2.0, 1.0, 4.0, 3.0, 5.0, 6.0, 7.0, 8.0]
    n, tau, top = rank_agreement(low, high)
    assert n == 8
    assert tau.value == pytest.approx(24 / 28)
    assert tau.low < tau.value < tau.high <= 1
    # the best five of low are positions 3 to 7, of high positions 2 and 4 to 7
    assert top.value == pytest.approx(4 / 5)
    assert 0 <= top.low <= top.value <= top.high <= 1


def test_failed_trainings_are_left_out_of_the_ranking():
    low, high = [1.0, 2.0, math.nan, 3.0, 4.0, 5.0, 6.0], [1.0, 2.0, 9.0, 3.0, math.nan, 5.0, 6.0]
    assert rank_agreement(low, high).n == 5
    assert rank_agreement(low, high).tau.value == pytest.approx(1.0)
    nothing = rank_agreement([1.0, math.nan], [1.0, 2.0])
    assert nothing.n == 1
    assert np.isnan([*nothing.tau, *nothing.top]).all()


def test_the_row_of_a_task_by_hand():
    rows = [
        {"task": "t", "metric": "m", "fidelity": fidelity, "architecture": a, "seed": seed, "quality": quality}
        for fidelity, a, seed, quality in [
            *(("low", a, 0, float(a)) for a in range(6)),
            ("low", 1, 1, 3.0),  # seeds 1 and 3: variance 2
            ("low", 2, 1, 2.0),  # seeds 2 and 2: variance 0
            *(("high", a, 0, float(a)) for a in range(6)),
            ("low", 6, 0, 7.0),  # failed at high: not among those compared
            ("high", 6, 0, math.nan),
        ]
    ]
    table = pd.DataFrame(
        [row | {"training_flops": 4.0 if row["fidelity"] == "high" else 1.0, "error": ""} for row in rows]
    )
    row = agreement_row(table, "low", "high")
    assert row["kendall_tau"] == pytest.approx(1.0)
    assert row["seed_std"] == pytest.approx(1.0)  # root of the mean variance (2 + 0) / 2
    assert row["architecture_std"] == pytest.approx(np.std([*range(6), 7], ddof=1))
    assert (row["top5_overlap"], row["top5_low"], row["top5_high"]) == (1.0, 1.0, 1.0)
    assert (row["n"], row["noise_architectures"], row["noise_seeds"]) == (6, 2, 2)
    assert row["spend_ratio"] == pytest.approx(4.0)


def test_the_committed_table_is_what_the_committed_trainings_say():
    trials = pd.read_csv(RESULTS / "fidelity_trials.csv", dtype={"error": str}).fillna({"error": ""})
    table = pd.read_csv(RESULTS / "fidelity.csv").set_index("task")
    for task, part in trials.groupby("task"):
        row = agreement_row(part, "quick", "careful")
        assert set(row) == {*table.columns, "task"}
        for name, value in table.loc[task].items():
            assert value == (pytest.approx(row[name], rel=1e-5) if isinstance(row[name], float) else row[name]), name


def test_architectures_cover_the_sizes_of_the_space():
    space = curated_space(SKELETONS["classification"], 10, 8)
    chosen = spread_architectures(space, 12, jax.random.key(0))
    macs = [count_macs(space.decode(genotype)) for genotype in chosen]
    assert len(set(chosen)) == 12
    assert macs == sorted(macs)
    assert macs[-1] > 4 * macs[0]
