"""Which networks are exported, and what is shipped of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.experiments.export.run import BASELINE, Model, fastest, file_names, models
from benchmarks.experiments.registry import EXPERIMENTS
from hw_model.blocks import Block
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.tflite_file import compile_tflite
from tasks.registry import make_task

FOLDER = Path(__file__).parents[3] / "results" / "export"


def test_the_fastest_is_that_of_those_as_good_as_the_level():
    scores = np.array([[-0.5, 9.0], [-0.4, 1.0], [-0.6, 5.0], [-0.7, 7.0], [-0.499999, 4.0]])
    assert fastest(scores, 0.5) == 4  # below by no more than rounding
    assert fastest(scores, 0.55) == 2
    assert fastest(scores, 0.7) == 3


def test_equal_networks_share_a_file_named_after_the_first():
    task, one, other = make_task("detection"), (Block("conv", 8, 8, 3, 4),), (Block("conv", 8, 8, 3, 5),)
    chosen = [Model(BASELINE, ("a", "b"), one), Model("V1", ("a",), one), Model("V2", ("b",), other)]
    assert file_names(task, chosen) == {one: "detection-Baseline.tflite", other: "detection-V2-b.tflite"}


def test_of_a_task_without_winners_the_baseline_is_exported():
    assert [model.name for model in models(make_task("classification"), ("ethos-u55-256",))] == [BASELINE]


def test_files_are_as_large_as_the_table_says_and_cost_what_it_says():
    table = pd.read_csv(FOLDER / "export.csv")
    files = table["file"].dropna().unique()
    assert {"export.csv", *files} == set(EXPERIMENTS["export"].files)
    for name in files:
        assert (table["bytes"][table["file"] == name] == (FOLDER / name).stat().st_size).all()
    row = table[table["file"] == "detection-V3-ethos-u65-512.tflite"].iloc[0]
    cost = compile_tflite((FOLDER / row["file"]).read_bytes(), ETHOS_U[row["accelerator"]])
    assert cost.latency_ms == pytest.approx(row["exported_ms"], rel=1e-5)
    assert (table["float_difference"] < 1e-4).all()
