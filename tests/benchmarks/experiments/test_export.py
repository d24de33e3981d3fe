"""Which networks are exported, and what is shipped of them."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.export.run import BASELINE, DETECTION, FILES_FOR, Model, described, file_names, models
from benchmarks.experiments.registry import EXPERIMENTS
from benchmarks.problem import baseline_blocks
from benchmarks.report.pages import export as export_page
from hw_model.blocks import Block
from hw_model.network_text import summary
from hw_model.predict import predict
from hw_model.vela.accelerators import ETHOS_U
from hw_model.vela.tflite_file import compile_tflite
from tasks.registry import make_task

FOLDER = Path(__file__).parents[3] / "results" / "export"


def test_a_network_is_what_the_table_of_detection_describes():
    task = make_task("detection")
    blocks = described(task, "x0.75 F3-F6-----")
    assert [block.kind for block in blocks][:4] == ["conv", "fused_ibn", "ibn", "fused_ibn"]
    assert [block.expansion for block in blocks][1:4] == [3, 6, 6]
    assert described(task, "x1 --------") == baseline_blocks(task)
    for wrong in ("x1 -------", "x1 F3-F6-----x", "1 --------", "-"):
        with pytest.raises(BenchmarkInputError, match="allowed: as detection"):
            described(task, wrong)


def test_networks_of_an_earlier_search_are_named_with_their_accelerators():
    table = [{"model": model, "accelerator": name, "accumulated_latency_ms": 0.2} for model in "AB" for name in "xy"]
    exported = [
        {"task": "detection", "model": model, "accelerator": name, "searched_ms": 0.3 if model + name != "Ax" else 0.2}
        for model in "AB"
        for name in "xy"
    ]
    assert export_page.of_earlier_searches(exported, table) == ["A (y)", "B"]


def test_winners_are_those_of_the_table_of_detection(tmp_path):
    task, accelerator = make_task("detection"), "ethos-u65-512"
    table = pd.read_csv(DETECTION).query("accelerator == @accelerator").set_index("model")
    found = list(models(task, (accelerator,)))
    assert [model.name for model in found] == [BASELINE, "V1", "V2", "V3"]
    for model in found:
        row = table.loc[model.name]
        assert summary(model.blocks) == row["network"]
        assert predict(model.blocks, accelerator).cost.latency_ms == pytest.approx(
            row["accumulated_latency_ms"], rel=1e-4
        )
    with pytest.raises(BenchmarkInputError, match="has no winner of V1 on ethos-u55-32"):
        list(models(task, ("ethos-u55-32",)))
    with pytest.raises(BenchmarkInputError, match="`accelnas reproduce detection` writes it"):
        list(models(task, (accelerator,), tmp_path / "none.csv"))


def test_files_of_one_accelerators_winners_are_kept_equal_networks_in_one():
    one, two, three = ((Block("conv", 8, 8, 3, channels),) for channels in (4, 5, 6))
    here, there = (FILES_FOR,), ("ethos-u55-256",)
    chosen = [Model(BASELINE, here + there, one), Model("V1", there, three), Model("V1", here, one)]
    chosen.append(Model("V2", here, two))
    names = {one: "detection-Baseline.tflite", two: "detection-V2.tflite"}
    assert file_names(make_task("detection"), chosen) == names
    assert file_names(make_task("segmentation"), chosen) == {}


def test_of_a_task_without_winners_the_baseline_is_exported():
    assert [model.name for model in models(make_task("classification"), ("ethos-u55-256",))] == [BASELINE]


def test_files_are_as_large_as_the_table_says_and_cost_what_it_says():
    table = pd.read_csv(FOLDER / "export.csv")
    files = table["file"].dropna().unique()
    assert {"export.csv", *files} == set(EXPERIMENTS["export"].files)
    for name in files:
        assert (table["bytes"][table["file"] == name] == (FOLDER / name).stat().st_size).all()
    row = table[table["file"] == "detection-V3.tflite"].iloc[0]
    cost = compile_tflite((FOLDER / row["file"]).read_bytes(), ETHOS_U[row["accelerator"]])
    assert cost.latency_ms == pytest.approx(row["exported_ms"], rel=1e-5)
    assert (table["float_difference"] < 1e-4).all()
