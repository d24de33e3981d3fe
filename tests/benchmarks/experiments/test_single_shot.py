"""Which networks of a table a supernet ranks, and rows over seeds by hand."""

import math
from collections import Counter

import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError, NoResultError
from benchmarks.evaluators.supernet import NothingFound, SupernetResult
from benchmarks.experiments.single_shot import networks as module
from benchmarks.experiments.single_shot import run as module_run
from benchmarks.experiments.single_shot.networks import networks_to_rank
from benchmarks.experiments.single_shot.run import spend_rows
from benchmarks.experiments.single_shot.settings import Settings
from benchmarks.problem import space_for
from benchmarks.tables.design import table_spaces
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.held import held_by
from benchmarks.tables.recipes import SEARCH
from benchmarks.tables.trained import trials_by
from nas_algos.ledger import Spend
from nas_algos.trajectory import Found
from tasks.registry import make_task
from tests.benchmarks.store.records import of_genotype


def test_all_of_the_tables_networks_that_the_space_holds_are_ranked_as_themselves():
    task = make_task("detection")
    space = space_for(task, "curated", "ethos-u65-512")
    networks = networks_to_rank(SHIPPED, task, space)
    drawn_there = {
        trial.key.architecture
        for trial in trials_by(SHIPPED, "detection", SEARCH["detection"])
        if trial.space == "curated-16"
    }
    assert len(networks) >= len(drawn_there) > 60
    assert len({each.blocks for each in networks}) == len(networks)
    assert all(space.decode(each.genotype) == each.blocks for each in networks)
    # eight at most that the design drew together, and others alone
    together = Counter(each.cell for each in networks)
    assert 1 < max(together.values()) <= 8
    assert all(count == 1 for cell, count in together.items() if cell < 0)


def test_a_network_of_other_channels_is_not_held():
    task = make_task("detection")
    spaces, space = table_spaces(task), space_for(task, "curated", "ethos-u65-512")
    narrow = [0] * len(spaces["curated-8"].cardinalities)
    assert held_by(space, spaces["curated-8"], tuple(narrow)) is None  # 8 channels in its stem
    # unscaled, 16, 16, 16, 48 and 64 channels, three blocks of three kinds with kernel 5 first
    blocks = (2, 1, 4, 3, 2, *[0] * 15)
    assert held_by(space, spaces["curated-8"], (0, 1, 1, 0, 1, 1, *blocks)) == (0, 0, 0, 0, 1, 1, *blocks)
    assert held_by(spaces["uncurated"], spaces["curated-8"], tuple(narrow)) is not None


def test_a_seed_that_trained_a_network_alone_and_at_once_counts_once(monkeypatch):
    task = make_task("detection")
    space = table_spaces(task)["uncurated"]
    trained = [("many_at_once", 0, 0.9), ("static", 0, 0.2), ("many_at_once", 1, 0.4)]
    genotype = (0,) * len(space.cardinalities)
    trials = [of_genotype(genotype, seed, quality, path) for path, seed, quality in trained]
    monkeypatch.setattr(module, "finished_trials", lambda *_: trials)
    monkeypatch.setattr(module, "FEWEST", 1)
    assert [each.quality for each in networks_to_rank(SHIPPED, task, space)] == [pytest.approx(0.3)]


def test_too_few_networks_are_refused(monkeypatch):
    monkeypatch.setattr(module, "FEWEST", 10**6)
    task = make_task("detection")
    with pytest.raises(BenchmarkInputError, match=r"networks of the space curated.*; allowed: 1000000 and more"):
        networks_to_rank(SHIPPED, task, space_for(task, "curated", "ethos-u65-512"))


def test_a_search_that_found_nothing_has_no_row_and_the_others_of_its_task_have(monkeypatch, tmp_path, capsys):
    def search(home, title, specs):
        found = {}
        for name, seed in specs:
            found[name, seed] = NothingFound(Found(None, (), Spend(), "none of 9 networks"))
            if name in able:
                cost = {"latency_ms": 0.1}
                found[name, seed] = SupernetResult(
                    name, seed, (0,), cost, 0.5, None, None, Spend(1, 600, 3e9), 5e9, 75, 0, (), ()
                )
        return found

    monkeypatch.setattr(module_run, "prepare_with_progress", lambda *_: None)
    monkeypatch.setattr(module_run, "search_in_workers", search)
    monkeypatch.setattr(
        module_run, "rank_side_by_side", lambda home, task, title, specs, rows: [range(len(rows))] * len(specs)
    )
    settings = Settings(("detection",), algorithm=("fair", "one_shot"), seeds=1)
    able = {"one_shot"}
    module_run.run(settings, tmp_path, tmp_path)
    for name in ("single_shot.csv", "single_shot_spend.csv"):
        assert pd.read_csv(tmp_path / name)["algorithm"].tolist() == ["one_shot"]
    assert "skipped detection fair 0, which found nothing: none of 9 networks" in capsys.readouterr().err
    able = set()
    with pytest.raises(NoResultError, match="no supernet's search found a network"):
        module_run.run(settings, tmp_path, tmp_path)


def test_a_spends_row_is_over_all_seeds_of_an_algorithm():
    base = {"task": "toy", "accelerator": "a", "budget": 30, "macs_tau": 0.2, "supernet_example_passes": 10}
    base |= {"supernet_flops": 1.0, "computed_flops": 2.0}
    rows = [
        base | {"algorithm": name, "cost_in_trainings": cost} for name, cost in (("x", 1.0), ("x", 3.0), ("y", 5.0))
    ]
    table = spend_rows(rows, [[1, 2, 3], [3, 2, 1], [1, 2, 3]], [0.1, 0.2, 0.3], range(3))
    x, y = table.to_dict("records")
    assert (x["algorithm"], x["seeds"], x["n"], x["kendall_tau"], x["cost_in_trainings"]) == ("x", 2, 3, 0, 2)
    assert (x["low"], x["high"]) == (-1, 1)
    assert (y["kendall_tau"], y["seeds"]) == (1, 1)
    # a network that one supernet has no quality of counts for none
    holed = spend_rows(rows, [[1, 2, 3, math.nan], [3, 2, 1, 4], [1, 2, 3, 4]], [0.1, 0.2, 0.3, 0.4], range(4))
    assert holed["n"].tolist() == [3, 4]
