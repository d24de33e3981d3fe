"""The experiment over scores: its rows by hand, which networks it scores, and scores kept chunk by chunk."""

import math

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.zero_shot import networks as networks_module
from benchmarks.experiments.zero_shot import run as zero_shot
from benchmarks.experiments.zero_shot import scoring as scoring_module
from benchmarks.experiments.zero_shot.networks import KEY, networks_to_score
from benchmarks.experiments.zero_shot.scoring import Scoring, score_networks
from benchmarks.experiments.zero_shot.settings import Settings
from benchmarks.experiments.zero_shot.table import LEAST_IN_TENTH, correlation_row
from benchmarks.store.sqlite import open_store
from benchmarks.tables.arena import arena_space
from benchmarks.tables.design import table_spaces
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import read_trained
from nas_algos.errors import AlgorithmInputError
from nas_algos.zero_shot.trainability import trainability
from tasks.registry import make_task
from tests.benchmarks.store.records import of_genotype
from tests.benchmarks.tiny_space import SPACE


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
            "cell": np.arange(count),
        }
    )


def test_rows_by_hand():
    table = table_of()
    good = correlation_row(table, "good", 24)
    assert (good["n"], good["kendall_tau"], good["tau_at_equal_latency"], good["without"]) == (24, 1, 1, 0)
    assert (good["tau_best_tenth"], good["best_tenth_low"]) == (1, 1)
    assert good["better_than_macs"] is True
    large = correlation_row(table, "large", 24)
    # of 276 pairs the 216 of unequal latency agree, the other 60 are ties of the score
    assert large["kendall_tau"] == pytest.approx(216 / math.sqrt(216 * 276))
    assert math.isnan(large["tau_at_equal_latency"])
    assert correlation_row(table, "macs", 24)["better_than_macs"] is False


def test_the_best_tenth_is_of_the_trained_networks():
    count = 10 * LEAST_IN_TENTH + 50
    quality = np.arange(count, dtype=float)
    # agrees with quality everywhere but among the best tenth, which it turns round
    score = np.where(quality >= count - count // 10, -quality + 2 * count, quality)
    frame = {"latency_ms": quality, "quality": quality, "macs": quality, "turned": score, "cell": quality}
    row = correlation_row(pd.DataFrame(frame), "turned", 24)
    assert row["tau_best_tenth"] == -1
    assert row["kendall_tau"] > 0.9


def test_networks_of_one_cell_are_drawn_together():
    table = table_of().assign(good=lambda table: table["quality"] + np.random.default_rng(1).normal(size=len(table)))
    alone, together = (
        correlation_row(table.assign(cell=cell), "good", 24) for cell in (table["cell"], table["cell"] // 8)
    )
    assert together["kendall_tau"] == alone["kendall_tau"]
    assert (together["low"], together["high"]) != (alone["low"], alone["high"])


def test_gains_at_equal_latency_by_hand():
    table = table_of()
    good, macs = (correlation_row(table, score, 24) for score in ("good", "macs"))
    assert good["gain_at_equal_latency"] == pytest.approx(1 - macs["tau_at_equal_latency"])
    assert good["better_than_macs_at_equal_latency"] is True
    assert (macs["gain_at_equal_latency"], macs["better_than_macs_at_equal_latency"]) == (0, False)
    for nothing in ("large", "never"):
        row = correlation_row(table, nothing, 24)
        assert math.isnan(row["gain_at_equal_latency"])
        assert row["better_than_macs_at_equal_latency"] is False


def test_networks_without_score_or_quality_are_left_out_and_those_without_score_counted():
    table = table_of()
    partly = correlation_row(table, "partly", 24)
    assert (partly["n"], partly["without"], partly["kendall_tau"]) == (21, 3, 1)
    never = correlation_row(table, "never", 24)
    assert (never["n"], never["without"], never["better_than_macs"]) == (0, 24, False)
    assert math.isnan(never["kendall_tau"])
    table.loc[0, "quality"] = math.nan  # one that was drawn for contests
    good = correlation_row(table, "good", 24)
    assert (good["n"], good["without"]) == (23, 1)  # one is trained and has no row


def test_bad_input_is_named_before_anything_is_scored(tmp_path):
    with pytest.raises(BenchmarkInputError, match="drawn is 0; allowed: 1 to"):
        Settings(drawn=0)
    with pytest.raises(AlgorithmInputError, match="unknown score nonsense"):
        Settings(scores=("nonsense",))
    with pytest.raises(BenchmarkInputError, match="run without correlate_only first"):
        zero_shot.run(Settings(correlate_only=True), tmp_path, tmp_path / "none")


def test_as_many_networks_of_the_arenas_are_shipped_with_a_score_as_the_experiment_draws():
    scores = pd.read_csv(SHIPPED / "zero_shot" / "zero_shot_scores.csv")
    arena = scores[scores["space"] == "arena"]
    assert (arena.dropna(subset="naswot").groupby("task").size() == Settings().drawn).all()


def test_every_trained_network_is_scored_as_itself_and_others_are_of_the_arena():
    task = make_task("detection")
    spaces = table_spaces(task) | {"arena": arena_space(task)}
    networks = networks_to_score(SHIPPED, "detection", 5)
    trained = read_trained(SHIPPED, "detection", SEARCH["detection"])
    has_quality = networks.rows["quality"].notna().tolist()
    assert has_quality == [True] * len(np.unique(trained.architecture)) + [False] * 5
    assert networks.rows["space"].tolist()[-5:] == ["arena"] * 5
    for number in (0, 100, 200, -1):
        row = networks.rows.iloc[number]
        own = spaces[row["space"]].decode([int(each) for each in row["genotype"].split()])
        assert spaces["uncurated"].decode(networks.genotypes[number].tolist()) == own


def test_a_seed_that_trained_a_network_alone_and_at_once_counts_once(monkeypatch):
    genotype = (0,) * len(table_spaces(make_task("detection"))["uncurated"].cardinalities)
    trained = [("many_at_once", 0, 0.9), ("static", 0, 0.2), ("many_at_once", 1, 0.4)]
    trials = [of_genotype(genotype, seed, quality, path) for path, seed, quality in trained]
    monkeypatch.setattr(networks_module, "finished_trials", lambda *_: trials)
    assert networks_to_score(SHIPPED, "detection", 0).rows["quality"].tolist() == [pytest.approx(0.3)]


def test_a_part_of_the_trained_networks_is_drawn_and_none_that_has_its_scores_is_scored_again(tmp_path):
    whole = networks_to_score(SHIPPED, "detection", 0)
    some = networks_to_score(SHIPPED, "detection", 3, trained=20)
    assert some.rows["quality"].notna().sum() == 20
    assert len(some.rows) == len(some.genotypes) == 23
    assert set(some.rows["genotype"][:20]) <= set(whole.rows["genotype"])
    file = tmp_path / "zero_shot_scores.csv"
    assert some.lacking(file, ("zen",)) is some
    some.rows.assign(zen=[1.0] * 21 + [math.nan] * 2, macs=1.0).to_csv(file, index=False)
    assert some.lacking(file, ("zen", "macs")).genotypes.tolist() == some.genotypes[21:].tolist()
    assert some.lacking(file, ("naswot",)) is some


def test_scores_of_a_run_that_was_stopped_are_not_computed_again(tmp_path, monkeypatch):
    calls = []

    def make_scorer(task, space, names, key, arrays, batch, chunk):
        def scorer(rows):
            calls.append(len(rows))
            return {names[0]: np.asarray(rows).sum(1).astype(float)}

        return scorer

    monkeypatch.setattr(scoring_module, "make_scorer", make_scorer)
    # the scorer is made up, so that genotypes may be of any space
    genotypes = np.stack([np.arange(40), np.arange(40) % 3], axis=1)
    scoring = Scoring(make_task("classification"), SPACE, {}, "quick", 8)
    with open_store(tmp_path) as store:
        score_networks(store, scoring, ("zen",), genotypes[:32])
        assert calls == [1, 16, 16]  # the first is to warm up
        found = score_networks(store, scoring, ("zen",), genotypes)["zen"]
        assert calls[3:] == [1, 8]
        score_networks(store, scoring, ("naswot",), genotypes[:16])
    assert found.values.tolist() == genotypes.sum(1).tolist()
    assert calls[5:] == [1, 16]


def test_scores_that_are_there_stay_and_combinations_are_of_networks_scored_together(tmp_path):
    file = tmp_path / "zero_shot_scores.csv"
    rows = pd.DataFrame([("t", "a", f"0 {n}", quality) for n, quality in enumerate((0.1, 0.2, 0.3, np.nan, np.nan))])
    rows.columns = [*KEY, "quality"]
    rows["latency_ms"] = 1.0
    parts = {name: np.array([1.0, 3.0, 2.0, 9.0, 8.0]) for name in ("zen", "naswot", "zico")}
    zero_shot.write_scores(file, rows, parts)
    assert "trainability" not in pd.read_csv(file)
    zero_shot.write_scores(file, rows.assign(task="other"), {"macs": np.arange(5.0)})
    zero_shot.write_scores(file, rows, {"ntk": np.array([1.0, 3.0, 2.0, 7.0, 9.0])})
    table = pd.read_csv(file)
    own = table[table["task"] == "t"]
    assert own["zen"].tolist() == parts["zen"].tolist()
    wanted = trainability({name: own[name].to_numpy()[:3] for name in (*parts, "ntk")})
    assert own["trainability"].to_numpy()[:3] == pytest.approx(wanted, rel=1e-5)
    assert table[table["task"] == "other"]["macs"].tolist() == [0, 1, 2, 3, 4]
    # fewer networks: the others keep what they have
    zero_shot.write_scores(file, rows[:2], {"zen": np.array([5.0, 6.0])})
    fewer = pd.read_csv(file)
    assert fewer.loc[fewer["task"] == "t", "zen"].tolist() == [5, 6, 2, 9, 8]
    assert fewer.loc[fewer["task"] == "t", "quality"].tolist()[:3] == [0.1, 0.2, 0.3]
    # and neither their places nor their combination move where only trained ones were scored anew
    new = rows[:1].assign(genotype="1 1", quality=0.4)
    zero_shot.write_scores(file, new, {name: np.array([4.5]) for name in (*parts, "ntk")})
    more = pd.read_csv(file)
    more = more[more["task"] == "t"]
    assert more["genotype"].tolist() == [*rows["genotype"], "1 1"]
    assert more["trainability"].tolist()[3:5] == fewer.loc[fewer["task"] == "t", "trainability"].tolist()[3:5]
    wanted = trainability({name: more[name].to_numpy()[[0, 1, 2, 5]] for name in (*parts, "ntk")})
    assert more["trainability"].to_numpy()[[0, 1, 2, 5]] == pytest.approx(wanted, rel=1e-5)
