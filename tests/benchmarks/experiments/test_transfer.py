"""The detector's network on other data: what it is, and what stands in its rows."""

import math
import shutil

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.transfer.other_data import Settings
from benchmarks.experiments.transfer.run import (
    OTHER_DATA,
    TARGETS,
    as_it_is,
    networks_asked,
    on_other_data,
    rewritten_networks,
    source_networks,
)
from benchmarks.problem import baseline_blocks
from benchmarks.report.pages.article import transfer
from benchmarks.tables.article import article_cells
from benchmarks.tables.files import SHIPPED
from hw_model.blocks import check_chain
from hw_model.network_text import summary
from tasks.registry import make_task

ROWS = [
    {"model": name, "network": name.lower(), "quality": 0.5, "quality_source": "predicted", "seeds": 0, "macs": 7}
    for name in ("Baseline", "As it is", "Expert-adapted")
]
KNOWN = {
    "baseline": {"quality": 0.6, "quality_low": 0.57, "quality_high": 0.63, "recipe": "search", "seeds": 3},
    "as it is": {"quality": 0.5, "quality_low": 0.46, "quality_high": 0.54, "recipe": "search", "seeds": 3},
}


def test_a_detectors_encoder_goes_into_other_tasks_and_back_into_its_own():
    detector = baseline_blocks(make_task("detection"))
    assert as_it_is(detector, summary(detector)) == detector
    for task in ("segmentation", "classification"):
        start = baseline_blocks(make_task(task))
        moved = as_it_is(start, summary(detector))
        check_chain(moved)
        assert [block.out_channels for block in moved[:9]] == [block.out_channels for block in detector[:9]]
        assert [block.stride for block in moved] == [block.stride for block in start]
        assert moved[-1].out_channels == start[-1].out_channels
    with pytest.raises(BenchmarkInputError, match="2 blocks for an encoder of 9"):
        as_it_is(detector, "96x96x3: conv 8 /2, ibn_3 8, conv 5 k1")


def test_a_detector_in_its_own_task_as_it_is_is_itself():
    start = baseline_blocks(make_task("detection"))
    for accelerator, text in source_networks(Settings()).items():
        assert summary(rewritten_networks(start, text, accelerator)["As it is"]) == text


def test_what_is_trained_of_a_transferred_network_is_that_network_up_to_its_additions():
    accelerator, text = next(iter(source_networks(Settings()).items()))
    for task in map(make_task, TARGETS):
        trained = {summary(cell.chains[0]): cell.chains[0] for cell in article_cells(SHIPPED, task)}
        for blocks in rewritten_networks(baseline_blocks(task), text, accelerator).values():
            assert trained[summary(blocks)] == blocks


def test_rows_on_other_data_have_the_quality_of_trainings_there_and_costs_as_they_were():
    base, moved, adapted = on_other_data(ROWS, KNOWN)
    assert {row["target"] for row in (base, moved, adapted)} == {OTHER_DATA}
    assert (base["quality"], base["quality_difference"], base["quality_difference_low"]) == (0.6, 0, 0)
    assert moved["quality_difference"] == pytest.approx(-0.1)
    # errors of .04 and .03 are independent
    assert moved["quality_difference_low"] == pytest.approx(-0.15)
    assert moved["quality_difference_high"] == pytest.approx(-0.05)
    assert (moved["quality_source"], moved["seeds"], moved["macs"]) == ("trained", 3, 7)
    assert (adapted["quality_source"], adapted["seeds"]) == ("not known", 0)
    assert math.isnan(adapted["quality"])
    assert math.isnan(adapted["quality_difference"])


def test_without_trainings_on_other_data_no_quality_is_claimed():
    assert all(math.isnan(row["quality"]) for row in on_other_data(ROWS, {}))


def test_the_page_says_what_takes_no_network_on_other_data_once_it_is_known(tmp_path):
    for name in ("transfer", "controls"):
        shutil.copytree(SHIPPED / name, tmp_path / name)
    path = tmp_path / "controls/controls.csv"
    table = pd.read_csv(path).query("dataset != 'photo_objects'")
    table.to_csv(path, index=False)
    assert "Without a network" not in transfer(tmp_path / "transfer")
    row = {"task": "detection", "dataset": "photo_objects", "control": "constant", "quality": 0.0123}
    pd.concat([table, pd.DataFrame([row])]).to_csv(path, index=False)
    assert "one has 0.012 on detection on photo_objects." in transfer(tmp_path / "transfer")


def test_networks_asked_are_those_of_every_search_of_the_tasks_spaces():
    how = ["best of 2 x 300 by nsga2 in curated-16", "best of 2 x 300 by nsga2", "enumerated", "enumerated in V3"]
    truth = pd.DataFrame({"log10_size": [19.5, 14.4, 4.6, 13.2], "how": how})
    assert networks_asked(truth) == 3 * 2 * 300
