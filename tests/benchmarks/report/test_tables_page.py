"""The page of the trained tables says what its files say of them."""

import math
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.report.pages.tables import page

ROOT = Path(__file__).parents[3]


@pytest.fixture
def tables(tmp_path):
    """The committed files that the page reads, to be changed."""
    for task in ("detection", "classification", "segmentation"):
        (tmp_path / task).mkdir()
        shutil.copy(ROOT / f"results/{task}/{task}.csv", tmp_path / task)
    (tmp_path / "tables").mkdir()
    for name in ("agreement", "recipes", "recipe_sweep", "gpu"):
        shutil.copy(ROOT / f"results/tables/{name}.csv", tmp_path / "tables")
    return tmp_path / "tables"


def text_of(folder):
    return " ".join(page(folder).split())


def change(path, where, **values):
    table = pd.read_csv(path)
    for name, value in values.items():
        table.loc[table[where[0]] == where[1], name] = value
    table.to_csv(path, index=False)


def test_a_task_that_differs_and_one_that_was_not_compared_are_named(tables):
    path = tables / "agreement.csv"
    change(path, ("task", "detection"), networks=45, difference=-0.008, difference_low=-0.01, difference_high=-0.001)
    change(path, ("task", "detection"), seed_std=0.016)
    change(path, ("task", "classification"), n=0, networks=0)
    text = text_of(tables)
    assert "on detection the accelerator's are 0.0080 lower, 0.5 of what seeds differ by, beyond the interval" in text
    assert "although fewer than 40 were trained both ways: classification (none)." in text


def test_once_enough_were_trained_both_ways_and_agree_nothing_is_held_against_the_tables(tables):
    path = tables / "agreement.csv"
    for task in ("classification", "detection", "segmentation"):
        change(path, ("task", task), n=40, difference=0.0, difference_low=-0.01, difference_high=0.01, seed_std=0.01)
    text = text_of(tables)
    assert "do not agree" not in text
    assert "although fewer" not in text
    assert "No difference is shown on classification, detection and segmentation." in text


def test_what_is_near_convergence_or_takes_half_an_hour_follows_the_recipes(tables):
    path = tables / "recipes.csv"
    change(path, ("recipe", "search"), core_seconds=225.0)
    change(path, ("recipe", "final"), gain=0.014, gain_passes=102_400, core_seconds=math.nan)
    text = re.sub(r" \([^()]*, by what search takes\)", "", text_of(tables))
    assert text != text_of(tables)
    assert "30 minutes on classification, 30 minutes on detection and 30 minutes on segmentation" in text
    half_an_hour = "the second for classification, detection and segmentation, and neither for none."
    assert f"shrink, for detection and segmentation, {half_an_hour}" in text
    assert "0.014 on classification (51,200 to 102,400 passes, of 204,800: final was not swept" in text
    change(path, ("recipe", "search"), core_seconds=224.0)
    change(path, ("task", "detection"), gain=0.015)
    assert "neither for classification and detection." in text_of(tables)


def test_the_rate_at_the_edge_follows_the_sweep(tables):
    path = tables / "recipe_sweep.csv"
    table = pd.read_csv(path)
    own = (table["task"] == "detection") & (table["example_passes"] == 102_400)
    table.loc[own, "quality"] = 5 * table["peak_learning_rate"] + 0.1
    table.to_csv(path, index=False)
    text = text_of(tables)
    assert "On detection (0.04) and segmentation (0.04) final's rate is the largest" in text
    table.loc[own, "quality"] *= -1
    table.to_csv(path, index=False)
    assert "On segmentation (0.04) final's rate is the largest" in text_of(tables)
