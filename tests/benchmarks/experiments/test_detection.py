"""The detector's searches on tables: optima and searches on a made-up table of 27 networks, and the shipped files."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.experiments.detection.run import COLUMNS, architecture, independent
from benchmarks.experiments.detection.searches import optimum_of, search_places
from benchmarks.experiments.detection.settings import Settings
from benchmarks.problem import baseline_blocks
from benchmarks.store.keys import canonical_json
from benchmarks.tables.recipes import FINAL, SWEEP_SEEDS
from benchmarks.tables.trained import trials_by
from tasks.registry import make_task
from tasks.spaces.registry import article_space

RESULTS = Path(__file__).parents[3] / "results"
SHAPE = (3, 3, 3)
LATENCY = np.linspace(1.0, 0.48, 27).astype(np.float32)
QUALITY = np.where(np.arange(27) % 2 == 0, 0.5, 0.3).astype(np.float32)
SETTINGS = Settings(evaluations=20, searches=4)


def test_an_optimum_is_the_fastest_that_keeps_the_quality():
    assert optimum_of(QUALITY, LATENCY, 0.5) == 26
    assert optimum_of(QUALITY, LATENCY, 0.2) == 26
    quality = QUALITY.copy()
    quality[26] = 0.49
    assert optimum_of(quality, LATENCY, 0.5) == 24


def test_searches_end_at_networks_that_keep_the_quality_and_never_slower_than_the_baseline():
    places = search_places(QUALITY, LATENCY, SHAPE, 0.5, 1.0, SETTINGS)
    assert len(places) == 4
    assert (QUALITY[places] >= 0.5).all()
    assert (LATENCY[places] < LATENCY[0]).all()


def test_where_nothing_keeps_the_quality_searches_end_at_the_baseline():
    quality = np.where(np.arange(27) == 0, 0.5, 0.1).astype(np.float32)
    assert search_places(quality, LATENCY, SHAPE, 0.5, 1.0, SETTINGS).tolist() == [0] * 4


def test_independent_savings_multiply():
    assert independent(0.14, 0.35) == pytest.approx(0.441)  # the article's


def test_a_network_is_told_by_its_multiplier_and_kinds():
    space = article_space(make_task("detection"), "V3")
    assert architecture(space, (3, 0, 1, 2, 0, 0, 0, 0, 1)) == "x0.75 -F3F6----F3"
    assert architecture(article_space(make_task("detection"), "V1"), (0,)) == "x1 --------"


def test_shipped_rows_hold_together():
    table = pd.read_csv(RESULTS / "detection/detection.csv")
    assert tuple(table.columns[: len(COLUMNS)]) == COLUMNS
    assert table["accelerator"].nunique() == 3
    for _, own in table.groupby("accelerator"):
        of = {row["model"]: row for row in own.to_dict("records")}
        assert list(of)[:4] == ["Baseline", "V1", "V2", "V3"]
        assert [of[name]["article_reduction_pct"] for name in ("V1", "V2", "V3")] == [14, 35, 53]
        for name in ("V1", "V2", "V3"):
            assert of[name]["keeps_map"] == (of[name]["quality_difference"] >= -Settings().tolerance)
            # no search is better than the optimum; V3's space holds those of both others
            assert of[name]["accumulated_latency_ms"] >= of[name]["table_optimum_latency_ms"] * (1 - 1e-4)
            assert of["V3"]["table_optimum_latency_ms"] <= of[name]["table_optimum_latency_ms"] * (1 + 1e-4)
        saved = [of[name]["latency_reduction_pct"] / 100 for name in ("V1", "V2")]
        assert of["V3"]["independent_reduction_pct"] == pytest.approx(100 * independent(*saved), abs=1e-3)


def test_shipped_rows_have_the_map50_of_their_own_trainings_and_no_other():
    table = pd.read_csv(RESULTS / "detection/detection.csv")
    trained = table[table["seeds"] > 0]
    assert (trained["map50"] > trained["map"]).all()
    assert table.loc[table["seeds"] == 0, "map50"].isna().all()
    baseline = canonical_json([asdict(block) for block in baseline_blocks(make_task("detection"))])
    known = [
        trial
        for trial in trials_by(RESULTS, "detection", FINAL["detection"])
        if trial.key.architecture == baseline and trial.key.seed not in SWEEP_SEEDS
    ]
    for row in table[(table["model"] == "Baseline") & (table["recipe"] == "final")].to_dict("records"):
        trials = [trial for trial in known if trial.provenance.device == row["trained_on"]]
        assert len(trials) == row["seeds"]
        assert row["map50"] == pytest.approx(np.mean([trial.quality["map50"] for trial in trials]), abs=1e-6)
        assert row["map"] == pytest.approx(np.mean([trial.quality["map"] for trial in trials]), abs=1e-6)


def test_with_a_larger_tolerance_optima_are_no_slower():
    levels = pd.read_csv(RESULTS / "detection/detection_levels.csv")
    for _, own in levels.groupby(["model", "accelerator"]):
        assert own["tolerance"].is_monotonic_increasing
        assert own["accumulated_latency_ms"].is_monotonic_decreasing
        assert own["architectures"].is_monotonic_increasing
