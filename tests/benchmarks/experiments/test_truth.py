"""Optima of the tables: enumerated ones are the least of everything, and fronts are counted as by hand."""

import numpy as np
import pytest

from benchmarks.experiments.agreement.run import agreement
from benchmarks.experiments.truth.run import space_rows
from benchmarks.experiments.truth.settings import Settings
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.optima import baseline_figures, front
from benchmarks.tables.query import load_table
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import read_trained
from nas_algos.tabular import all_genotypes


def test_every_genotype_is_there_once():
    found = all_genotypes((2, 3, 2))
    assert found.shape == (12, 3)
    assert len(np.unique(found, axis=0)) == 12
    assert found.max(0).tolist() == [1, 2, 1]


def test_a_front_counts_what_nothing_is_better_than_in_both():
    scores = np.array([[0.0, 3.0], [1.0, 2.0], [1.0, 2.5], [2.0, 2.0], [3.0, 0.5], [3.0, 0.5]])
    assert front(scores).tolist() == [4, 1, 0]


def test_the_enumerated_optimum_is_the_best_of_single_queries():
    table = load_table("detection", "V1")
    settings = Settings(task=("detection",), accelerators=("ethos-u55-256",))
    baselines = baseline_figures(load_table("detection"), settings.accelerators)
    (row,) = space_rows(table, "V1", settings, baselines)
    answers = table.answers("ethos-u55-256")(np.arange(6, dtype=np.int32)[:, None])
    quality, latency = np.asarray(answers.quality), np.asarray(answers.cost.latency_ms)
    inside = latency <= row["latency_bound_ms"] * (1 + 1e-5)
    assert row["best_quality"] == pytest.approx(quality[inside].max(), abs=1e-6)
    assert row["least_latency_ms"] == pytest.approx(latency[quality >= row["baseline_quality"] - 1e-5].min(), rel=1e-5)
    assert row["how"] == "enumerated"


def test_agreement_is_over_the_networks_that_both_ways_trained():
    row = agreement("detection", read_trained(SHIPPED, "detection", SEARCH["detection"]))
    assert row["n"] >= 40
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    assert row["low"] < row["kendall_tau"] <= row["high"] <= 1
