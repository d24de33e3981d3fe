"""The two recipes against each other, on made-up trainings."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.fidelity import run as module
from benchmarks.experiments.fidelity.run import Settings, agreement, by_both
from benchmarks.report.pages.fidelity import page
from tests.benchmarks.store.records import of_genotype as trained


def both(count, swapped=False):
    names = [(number, 0) for number in range(count)]
    order = [1, 0, *range(2, count)] if swapped else range(count)
    low = [trained(name, 5, 0.1 + 0.01 * place, "many_at_once") for name, place in zip(names, order, strict=True)]
    high = [trained(name, 5, 0.3 + 0.01 * place, "many_at_once") for place, name in enumerate(names)]
    return {f"{number} 0": f"cell {number}" for number in range(count)}, "map", low, high


def test_recipes_that_rank_alike_agree_wholly_and_one_swap_costs_one_pair():
    assert agreement(*by_both(*both(20)))["kendall_tau"] == 1
    row = agreement(*by_both(*both(20, swapped=True)))
    assert row["kendall_tau"] == pytest.approx(1 - 2 / (20 * 19 / 2))
    assert (row["n"], row["best_tenth_overlap"]) == (20, 1)
    assert row["high_quality"] - row["low_quality"] == pytest.approx(0.2)


def test_only_chosen_networks_with_the_same_seed_count():
    chosen, metric, low, high = both(20)
    others = [dataclasses.replace(trial, key=dataclasses.replace(trial.key, seed=6)) for trial in high[:12]]
    pairs, cells = by_both(chosen, metric, low, [*others, *high[12:]])
    assert pairs.shape == (8, 2)
    assert cells.tolist() == sorted(f"cell {number}" for number in range(12, 20))
    assert by_both({}, metric, low, high)[0].shape == (0, 2)


def test_the_order_of_trainings_changes_nothing():
    chosen, metric, low, high = both(20)
    for trials in (low, high):
        trials += [trained((number, 0), 4, 0.7 - 0.01 * number, "many_at_once") for number in range(3)]
    one, other = (by_both(chosen, metric, low[::step], high[::step]) for step in (1, -1))
    assert [each.tolist() for each in one] == [each.tolist() for each in other]


def test_networks_of_a_cell_that_differ_little_are_as_one_for_the_interval():
    rng = np.random.default_rng(0)
    cells = np.repeat(np.arange(8), 4)
    pairs = rng.normal(size=(8, 2))[cells] + 1e-3 * rng.normal(size=(32, 2))
    together, apart = agreement(pairs, cells), agreement(pairs, np.arange(32))
    assert (together["n"], together["cells"]) == (32, 8)
    assert together["tau_high"] - together["tau_low"] > 1.5 * (apart["tau_high"] - apart["tau_low"])


def test_a_task_with_few_networks_by_both_recipes_has_no_row(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "LEAST", 10**6)
    with pytest.raises(BenchmarkInputError, match="no task has 1000000 networks trained by both recipes"):
        module.run(Settings(task=("detection",)), tmp_path, tmp_path)
    assert "networks are trained by both recipes; a row needs 1000000" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_the_page_shows_each_task_and_where_the_short_training_ranks(tmp_path):
    ranked = agreement(*by_both(*both(20)))
    tasks = {"toy": ranked, "other": ranked | {"tau_low": -0.1}, "few": ranked | {"cells": 3}}
    rows = [{"task": task, "low": "search", "high": "final"} | row for task, row in tasks.items()]
    pd.DataFrame(rows).to_csv(tmp_path / "fidelity.csv", index=False)
    text = page(tmp_path)
    assert "| toy | 20 | 20 | 1.00 (1.00 to 1.00) | 1.00 (1.00 to 1.00) | 0.195 | 0.395 |" in text
    assert "better than chance (its interval excludes 0) on\ntoy.  Intervals draw whole cells, of which 3 (few)" in text
