"""Promise beside truth: which algorithms are confirmed, what is trained for it, and rows by hand."""

import dataclasses
import math
import shutil

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.curation.settings import KINDS
from benchmarks.experiments.head_to_head.confirmed import Settings, confirmed_rows, run
from benchmarks.store.parquet import write_records
from benchmarks.store.records import Trial
from benchmarks.tables.confirm import BEST, IN_SPACES, Winner, algorithms, seed_of, winners
from benchmarks.tables.files import SHIPPED, table_file, table_trials
from benchmarks.tables.jobs import job_of
from benchmarks.tables.parts import part_of, size_of
from benchmarks.tables.recipes import FINAL, SEARCH
from benchmarks.tables.trained import read_trained, without_confirming
from tasks.registry import make_task


def test_of_each_family_the_two_of_least_regret_with_the_largest_budget_are_confirmed():
    rows = [("random", "random", 30, 0.5), ("a", "one", 30, 0.3), ("b", "one", 30, 0.1), ("c", "one", 30, 0.2)]
    rows += [("a", "one", 10, 0.0), ("baseline", "none", 30, 0.0)]
    names = ("algorithm", "family", "budget", "regret")
    assert algorithms([dict(zip(names, row, strict=True)) for row in rows]) == {"b", "c", "random"}


def test_shipped_winners_become_jobs_of_networks_of_like_kinds_by_both_recipes():
    task = make_task("segmentation")
    found = winners(SHIPPED, task)
    families: dict[str, set[str]] = {}
    for winner in found:
        families.setdefault(winner.family, set()).add(winner.algorithm)
    assert "random" in families
    assert len(families.pop(IN_SPACES)) == len(KINDS)
    assert max(map(len, families.values())) == BEST
    wanted = part_of(SHIPPED, task, "confirm")
    assert len(wanted) == size_of(SHIPPED, "segmentation", "confirm")
    assert {each.fidelity for each in wanted} == {SEARCH["segmentation"], FINAL["segmentation"]}
    trained = {tuple(genotype) for each in wanted for genotype in each.cell.genotypes.tolist()}
    assert trained == {winner.genotype for winner in found}
    largest = max(wanted, key=lambda each: len(each.cell.seeds))
    assert len(set(largest.cell.seeds)) == len(job_of(largest, task)["chains"]) > 1


def test_a_row_has_the_mean_promise_and_the_means_of_both_recipes():
    found = [Winner("a", "one", (place,), 0.6) for place in (0, 1, 1)] + [Winner("b", "one", (7,), 0.9)]
    keys = [((place,), seed_of((place,))) for place in (0, 1, 7)]
    known = {
        "search": dict(zip(keys, (0.5, 0.56, 0.4), strict=True)),
        "final": dict(zip(keys, (0.7, 0.73), strict=False)),
    }
    (row,) = confirmed_rows("toy", found, known)
    # two of three searches found one network, which was trained once
    assert (row["algorithm"], row["searches"], row["networks"]) == ("a", 3, 2)
    assert (row["trained"], row["final"]) == (pytest.approx(0.53), pytest.approx(0.715))
    assert row["difference"] == pytest.approx(0.07)
    # Student's quantile for one degree of freedom, 12.706, times .0424 / sqrt(2)
    assert row["high"] - row["trained"] == pytest.approx(12.706 * 0.042426 / math.sqrt(2), rel=1e-3)


def test_an_algorithm_has_no_row_before_all_its_networks_are_trained():
    found = [Winner("a", "one", (place,), 0.6) for place in range(3)]
    known = {how: {((place,), seed_of((place,))): 0.5 for place in range(2)} for how in ("search", "final")}
    assert not list(confirmed_rows("toy", found, known))


def test_what_is_by_the_recipe_final_waits_for_all_networks_without_holding_up_the_rest():
    found = [Winner("a", "one", (place,), 0.6) for place in range(3)]
    keys = [((place,), seed_of((place,))) for place in range(3)]
    known = {"search": dict.fromkeys(keys, 0.5), "final": dict.fromkeys(keys[:2], 0.7)}
    (row,) = confirmed_rows("toy", found, known)
    assert (row["trained"], row["difference"]) == (pytest.approx(0.5), pytest.approx(0.1))
    assert all(math.isnan(row[name]) for name in ("final", "final_low", "final_high"))


def test_no_surrogate_is_fitted_to_what_promises_are_held_against(tmp_path):
    trained = read_trained(SHIPPED, "detection", SEARCH["detection"])
    trial = trained.trials[0]
    confirming = dataclasses.replace(trial, key=dataclasses.replace(trial.key, seed=seed_of(trial.genotype)))
    shutil.copytree(SHIPPED / "tables" / "design", tmp_path / "tables" / "design")
    write_records(table_file(tmp_path, "detection"), Trial, [trial, confirming])
    assert read_trained(tmp_path, "detection", SEARCH["detection"]).trials == (trial,)


@pytest.mark.parametrize("lacks", ["family", "rows"])
def test_a_contest_without_what_winners_are_chosen_by_is_named(tmp_path, lacks):
    for name in ("head_to_head", "curation"):
        (tmp_path / name).mkdir()
        for file in (SHIPPED / name).glob("*.csv"):
            shutil.copy(file, tmp_path / name)
    file = tmp_path / "head_to_head" / "head_to_head.csv"
    table = pd.read_csv(file)
    table = table.drop(columns="family") if lacks == "family" else table[table["accelerator"] != "ethos-u65-512"]
    table.to_csv(file, index=False)
    told = "has no column family" if lacks == "family" else "no row of detection on ethos-u65-512"
    with pytest.raises(BenchmarkInputError, match=r"head_to_head\.csv.*" + told):
        winners(tmp_path, make_task("detection"))


def test_without_trainings_it_says_what_makes_them(tmp_path):
    for name in ("head_to_head", "curation"):
        shutil.copytree(SHIPPED / name, tmp_path / name)
    trials = without_confirming(table_trials(SHIPPED, "segmentation"))
    write_records(table_file(tmp_path, "segmentation"), Trial, trials)
    with pytest.raises(BenchmarkInputError, match="--live confirmed"):
        run(Settings(task=("segmentation",), tables=tmp_path), tmp_path, tmp_path)
