"""Winners of the surrogates against what they came to, and the two recipes against each other, on made-up trainings."""

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.fidelity import recipes
from benchmarks.experiments.fidelity.recipes import agreement, by_both
from benchmarks.experiments.optimisers_curse.run import curse_rows
from benchmarks.report.pages.fidelity import page as fidelity_page
from benchmarks.report.pages.optimisers_curse import page
from tests.benchmarks.store.records import done


def trained(genotype, seed, quality, path="static"):
    trial = done(seed, quality, code_path=path)
    return dataclasses.replace(trial, space="uncurated", genotype=genotype)


def winners():
    rows = [
        {"cell": f"toy-curse-1-{place:02d}", "genotype": f"{place} 1", "seed": 10 * place + seed, "round": 1}
        | {"predicted": 0.60, "predicted_at_once": 0.58}
        for place in range(3)
        for seed in range(5)
    ]
    return pd.DataFrame(rows)


def test_a_winners_row_has_what_was_predicted_and_the_mean_of_its_seeds():
    alone = [trained((0, 1), seed, 0.50 + 0.01 * seed) for seed in range(5)]
    at_once = [trained((1, 1), 10 + seed, 0.48, "many_at_once") for seed in range(2)]
    single, other = [trained((2, 1), 20, 0.5)], [trained((0, 1), 77, 0.9)]
    first, second = curse_rows("toy", "map", winners(), [*alone, *at_once, *single, *other])
    assert (first["seeds"], first["trained"], first["difference"]) == (5, pytest.approx(0.52), pytest.approx(0.08))
    # Student's quantile for four degrees of freedom, 2.776, times .0158 / sqrt(5)
    assert first["high"] - first["trained"] == pytest.approx(2.776 * 0.015811 / np.sqrt(5), rel=1e-3)
    assert (second["seeds"], second["predicted"]) == (2, 0.58)


def test_the_pages_say_whether_winners_are_off_and_how_the_recipes_agree(tmp_path):
    trials = [trained((0, 1), seed, 0.50 + 0.01 * seed) for seed in range(5)]
    pd.DataFrame(curse_rows("toy", "map", winners(), trials)).to_csv(tmp_path / "optimisers_curse.csv", index=False)
    assert "| toy | 1 | 1 | 0.600 | 0.520 | +0.080 | 0.016 | yes |" in page(tmp_path)


def both(count, swapped=False):
    names = [(number, 0) for number in range(count)]
    order = [1, 0, *range(2, count)] if swapped else range(count)
    low = [trained(name, 5, 0.1 + 0.01 * place, "many_at_once") for name, place in zip(names, order, strict=True)]
    high = [trained(name, 5, 0.3 + 0.01 * place, "many_at_once") for place, name in enumerate(names)]
    return {f"{number} 0" for number in range(count)}, "map", low, high


def test_recipes_that_rank_alike_agree_wholly_and_one_swap_costs_one_pair():
    assert agreement(by_both(*both(20)))["kendall_tau"] == 1
    row = agreement(by_both(*both(20, swapped=True)))
    assert row["kendall_tau"] == pytest.approx(1 - 2 / (20 * 19 / 2))
    assert (row["n"], row["best_tenth_overlap"]) == (20, 1)
    assert row["high_quality"] - row["low_quality"] == pytest.approx(0.2)


def test_only_chosen_networks_with_the_same_seed_count():
    chosen, metric, low, high = both(20)
    others = [dataclasses.replace(trial, key=dataclasses.replace(trial.key, seed=6)) for trial in high[:12]]
    assert by_both(chosen, metric, low, [*others, *high[12:]]).shape == (8, 2)
    assert by_both(set(), metric, low, high).shape == (0, 2)


def test_a_task_with_few_networks_by_both_recipes_has_no_row(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(recipes, "LEAST", 10**6)
    with pytest.raises(BenchmarkInputError, match="no task has 1000000 networks trained by both recipes"):
        recipes.run(recipes.Settings(task=("detection",)), tmp_path, tmp_path)
    assert "networks are trained by both recipes; a row needs 1000000" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_the_page_of_fidelity_has_the_recipes_where_they_are_known(tmp_path):
    for name in ("fidelity.csv", "fidelity_fewer.csv"):
        shutil.copy(f"results/fidelity/{name}", tmp_path)
    assert "The recipes of the tables" not in fidelity_page(tmp_path)
    row = {"task": "toy", "low": "search", "high": "final"} | agreement(by_both(*both(20)))
    pd.DataFrame([row]).to_csv(tmp_path / "recipes.csv", index=False)
    assert "| toy | 20 | 1.00 (1.00 to 1.00) |" in fidelity_page(tmp_path)
