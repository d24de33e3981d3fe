"""The experiment over scores: its rows by hand, and all of it on a few real trainings."""

import math

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.zero_shot import run as zero_shot
from benchmarks.experiments.zero_shot.settings import Settings
from nas_algos.errors import AlgorithmInputError
from tests.benchmarks.tiny_space import SPACE

COLUMNS = [
    *("task", "score", "n", "kendall_tau", "low", "high", "spearman_rho", "rho_low", "rho_high"),
    *("tau_at_equal_latency", "equal_latency_low", "equal_latency_high", "better_than_macs", "failed"),
    *("gain_at_equal_latency", "gain_low", "gain_high", "better_than_macs_at_equal_latency"),
    *("scores_per_s", "static_scores_per_s", "compile_s"),
]
SPEEDS = COLUMNS[-3:]


def table_of(count=24):
    """Quality follows "good"; MACs know it roughly; within equal latency "large" knows nothing."""
    generator = np.random.default_rng(0)
    latency = np.arange(count, dtype=float)
    quality = latency // 6 + generator.permutation(count) / count
    return pd.DataFrame(
        {
            "latency_ms": latency,
            "quality": quality,
            "good": 2 * quality - 1,
            "large": latency // 6,
            "macs": latency + generator.normal(size=count),
            "partly": np.where(latency < 3, math.nan, quality),
            "never": math.nan,
        }
    )


def test_rows_by_hand():
    table = table_of()
    good = zero_shot.correlation_row(table, "good")
    assert (good["n"], good["kendall_tau"], good["tau_at_equal_latency"], good["failed"]) == (24, 1, 1, 0)
    assert good["better_than_macs"] is True
    large = zero_shot.correlation_row(table, "large")
    # of 276 pairs the 216 of unequal latency agree, the other 60 are ties of the score
    assert large["kendall_tau"] == pytest.approx(216 / math.sqrt(216 * 276))
    assert math.isnan(large["tau_at_equal_latency"])
    assert zero_shot.correlation_row(table, "macs")["better_than_macs"] is False


def test_gains_at_equal_latency_by_hand():
    table = table_of()
    good, macs = (zero_shot.correlation_row(table, score) for score in ("good", "macs"))
    within = zero_shot.correlation_row(table, "macs")["tau_at_equal_latency"]
    assert good["gain_at_equal_latency"] == pytest.approx(1 - within)
    assert good["better_than_macs_at_equal_latency"] is True
    assert (macs["gain_at_equal_latency"], macs["better_than_macs_at_equal_latency"]) == (0, False)
    for nothing in ("large", "never"):
        row = zero_shot.correlation_row(table, nothing)
        assert math.isnan(row["gain_at_equal_latency"])
        assert row["better_than_macs_at_equal_latency"] is False


def test_correlations_are_worked_out_anew_from_the_files(tmp_path):
    table, folder = table_of().assign(task="classification"), tmp_path / "zero_shot"
    folder.mkdir()
    rows = [
        {"task": "classification", **zero_shot.correlation_row(table, score), "compile_s": number}
        for number, score in enumerate(("good", "macs"))
    ]
    table.to_csv(folder / "zero_shot_scores.csv", index=False)
    before = pd.DataFrame(rows).assign(kendall_tau=0.0)
    before.to_csv(folder / "zero_shot.csv", index=False)
    zero_shot.run(Settings(correlate_only=True), tmp_path, folder)
    after = pd.read_csv(folder / "zero_shot.csv")
    assert after["compile_s"].tolist() == [0, 1]
    assert after["kendall_tau"].tolist() == pytest.approx([row["kendall_tau"] for row in rows], rel=1e-5)
    assert list(after.columns) == [*COLUMNS[:-3], "compile_s"]
    with pytest.raises(BenchmarkInputError, match="run without correlate_only first"):
        zero_shot.run(Settings(correlate_only=True), tmp_path, tmp_path / "none")


def test_networks_without_score_or_quality_are_left_out_and_counted():
    table = table_of()
    partly = zero_shot.correlation_row(table, "partly")
    assert (partly["n"], partly["failed"], partly["kendall_tau"]) == (21, 3, 1)
    never = zero_shot.correlation_row(table, "never")
    assert (never["n"], never["failed"], never["better_than_macs"]) == (0, 24, False)
    assert math.isnan(never["kendall_tau"])
    table.loc[0, "quality"] = math.nan  # a training that failed is no failure of the score
    good = zero_shot.correlation_row(table, "good")
    assert (good["n"], good["failed"]) == (23, 0)


def test_bad_input_is_named_before_anything_is_trained():
    with pytest.raises(BenchmarkInputError, match="3 architectures; allowed: 4 and more"):
        Settings(architectures=3)
    with pytest.raises(AlgorithmInputError, match="unknown score nonsense"):
        Settings(scores=("nonsense",))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_scores_trains_and_writes_and_goes_on_from_the_store(tmp_path, monkeypatch):
    monkeypatch.setattr(zero_shot, "common_space", lambda task: SPACE)
    settings = Settings(("classification",), "smoke", architectures=4, batch=8, scores=("naswot", "depth"))
    home, folder = tmp_path / "home", tmp_path / "zero_shot"
    zero_shot.run(settings, home, folder)
    table = pd.read_csv(folder / "zero_shot.csv")
    assert list(table.columns) == COLUMNS
    assert table["score"].tolist() == ["naswot", "depth", "macs"]
    assert (table["n"] + table["failed"] == 4).all()
    assert (table["scores_per_s"] > table["static_scores_per_s"]).all()
    everything = pd.read_csv(folder / "zero_shot_scores.csv")
    assert len(everything) == 4
    assert everything[["quality", "latency_ms", "naswot", "depth", "macs"]].notna().all().all()
    assert (folder / "zero_shot.png").stat().st_size > 1000
    # again: nothing is trained, and all but the speeds is as before
    monkeypatch.setattr("benchmarks.evaluators.trained.LocalExecutor", None)
    zero_shot.run(settings, home, folder)
    again = pd.read_csv(folder / "zero_shot.csv")
    assert again.drop(columns=SPEEDS).equals(table.drop(columns=SPEEDS))
