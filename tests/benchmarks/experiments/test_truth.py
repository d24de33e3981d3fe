"""Optima of the tables: enumerated ones are the least of everything, and fronts are counted as by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.experiments.agreement.run import agreement
from benchmarks.experiments.detection.settings import Settings as DetectionSettings
from benchmarks.experiments.truth import fronts
from benchmarks.experiments.truth.run import front_rows, space_row
from benchmarks.experiments.truth.settings import Settings
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.held import held_by
from benchmarks.tables.optima import baseline_figures, front
from benchmarks.tables.query import load_table
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import read_trained
from nas_algos.tabular import all_genotypes

ACCELERATOR = "ethos-u55-256"
KEYS = ["task", "space", "accelerator"]


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
    bound, level = baseline_figures(load_table("detection"), [ACCELERATOR])[ACCELERATOR]
    own = fronts.known_of({"V1": table}, ACCELERATOR, Settings())["V1"]
    row = space_row(table, own, bound, level)
    answers = table.answers(ACCELERATOR)(np.arange(6, dtype=np.int32)[:, None])
    quality, latency = np.asarray(answers.quality), np.asarray(answers.cost.latency_ms)
    inside = latency <= row["latency_bound_ms"] * (1 + 1e-5)
    assert row["best_quality"] == pytest.approx(quality[inside].max(), abs=1e-6)
    assert row["least_latency_ms"] == pytest.approx(latency[quality >= row["baseline_quality"] - 1e-5].min(), rel=1e-5)
    assert row["how"] == "enumerated"
    members = front_rows(own)
    assert len(members) == row["front"]
    for each in members:
        told = quality[int(each["genotype"])], latency[int(each["genotype"])]
        assert (each["quality"], each["latency_ms"]) == pytest.approx(told, abs=1e-5)


def test_networks_of_a_space_are_found_in_those_that_hold_them_and_in_no_other():
    v1, v2, uncurated = (load_table("detection", name).space for name in ("V1", "V2", "uncurated"))
    genotypes = np.arange(6, dtype=np.int32)[:, None]

    def held(space):
        found = {place: held_by(space, v1, tuple(each)) for place, each in enumerate(genotypes.tolist())}
        return {place: there for place, there in found.items() if there is not None}

    assert list(held(uncurated)) == list(range(6))
    assert [uncurated.decode(there) for there in held(uncurated).values()] == v1.decode_all(genotypes)
    # but for the baseline, those of V1 have fewer channels than V2 can have
    assert held(v2) == {0: (0,) * 8}


@pytest.mark.parametrize(("lead", "how"), [(-9.0, "enumerated in sides"), (9.0, "best of 2 x 6400 by nsga2")])
def test_a_space_that_is_searched_is_no_worse_than_a_smaller_one_that_it_holds(monkeypatch, lead, how):
    tables = {name: load_table("segmentation", name) for name in ("article", "sides")}

    def evaluation(table, accelerator):
        place = np.arange(9.0, dtype=np.float32)
        return lambda genotypes: np.stack([-place, place], axis=-1)[: len(genotypes)]  # all of them are a front

    def searches(cardinalities, evaluate, evaluations, count):
        yield np.zeros((1, len(cardinalities)), np.int32), np.array([[-lead, -1.0 if lead > 0 else 99.0]], np.float32)

    monkeypatch.setattr(fronts, "evaluation_by", evaluation)
    monkeypatch.setattr(fronts, "searched", searches)
    article, sides = map(fronts.known_of(tables, ACCELERATOR, Settings()).get, tables)
    assert len(sides.front) == 9
    assert {article.how[place] for place in article.front} == {how}
    row = space_row(tables["article"], article, 99.0, 0.0)
    assert (row["how"], row["best_quality"], row["own_quality"]) == (how, max(lead, 8.0), lead)
    if lead < 0:
        np.testing.assert_array_equal(article.scores[article.front], sides.scores[sides.front])
        # each is the network that it was found as
        assert tables["article"].space.decode_all(article.genotypes[article.front]) == tables["sides"].space.decode_all(
            sides.genotypes[sides.front]
        )


def test_shipped_fronts_bear_out_the_optima_of_enumerated_spaces():
    truth = pd.read_csv(SHIPPED / "truth/truth.csv")
    members = dict(list(pd.read_csv(SHIPPED / "truth/truth_fronts.csv").groupby(KEYS)))
    enumerated = truth[truth["how"] == "enumerated"]
    assert set(members) == set(enumerated[KEYS].itertuples(index=False, name=None))
    for row in enumerated.to_dict("records"):
        own = members[tuple(row[key] for key in KEYS)]
        assert len(own) == row["front"]
        assert own["latency_ms"].is_monotonic_increasing
        assert own["quality"].is_monotonic_increasing
        inside = own[own["latency_ms"] <= row["latency_bound_ms"] * (1 + 2e-5)]
        assert inside["quality"].max() == pytest.approx(row["best_quality"], abs=2e-6)
        assert row["genotype"] in set(own["genotype"])
        good = own[own["quality"] >= row["baseline_quality"] - 1.2e-5]
        assert good["latency_ms"].min() == pytest.approx(row["least_latency_ms"], rel=1e-5)


def test_no_shipped_space_is_worse_than_one_that_it_holds():
    truth = pd.read_csv(SHIPPED / "truth/truth.csv")
    for _, own in truth.groupby(["task", "accelerator"]):
        largest = own[own["space"] == "uncurated"]  # it holds the others
        assert largest["best_quality"].max() == own["best_quality"].max()
        assert largest["least_latency_ms"].min() == own["least_latency_ms"].min()


def test_curation_measures_from_no_less_than_the_best_that_is_shipped():
    curation = pd.read_csv(SHIPPED / "curation/curation.csv").to_dict("records")
    known = {(row["task"], row["accelerator"]): row["best_known_quality"] for row in curation}
    for row in pd.read_csv(SHIPPED / "truth/truth.csv").to_dict("records"):
        assert row["best_quality"] <= known[row["task"], row["accelerator"]] + 1e-6


def test_the_detectors_optima_are_those_of_the_shipped_fronts():
    rows = pd.read_csv(SHIPPED / "detection/detection.csv").to_dict("records")
    told = {(row["model"], row["accelerator"]): row["table_optimum_latency_ms"] for row in rows}
    members = pd.read_csv(SHIPPED / "truth/truth_fronts.csv")
    for row in pd.read_csv(SHIPPED / "truth/truth.csv").to_dict("records"):
        own = members[(members[KEYS] == [row[key] for key in KEYS]).all(axis=1)]
        if row["task"] == "detection" and row["how"] == "enumerated":
            floor = row["baseline_quality"] - DetectionSettings().tolerance
            least = own.loc[own["quality"] >= floor - 1.2e-5, "latency_ms"].min()
            assert told[row["space"], row["accelerator"]] == pytest.approx(least, rel=1e-5)


def test_agreement_is_over_the_networks_that_both_ways_trained():
    row = agreement("detection", read_trained(SHIPPED, "detection", SEARCH["detection"]))
    assert row["n"] >= 40
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    assert row["low"] < row["kendall_tau"] <= row["high"] <= 1
