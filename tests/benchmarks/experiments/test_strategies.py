"""What searches are worth, and that ours and the peers are charged alike."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.strategies import run as module
from benchmarks.experiments.strategies.measures import hypervolume, regret, row_of
from benchmarks.experiments.strategies.peer_runs import lookup_of
from benchmarks.experiments.strategies.problems import Problem, problems_of
from benchmarks.experiments.strategies.run import FILES, Settings, our_rows, run
from benchmarks.search.peers import PATIENCE, PEERS, Enough, Lookup, installed, looked_at
from benchmarks.store.files import merge_rows
from nas_algos.tabular import make_table

# errors of four networks by two training seeds, and their cost: a bound that a quarter keep is 1.75, network 0 alone
DRAWS = np.array([[[0.5, 1.0], [0.1, 2.0], [0.3, 3.0], [0.2, 4.0]], [[0.7, 1.0], [0.5, 2.0], [0.1, 3.0], [0.2, 4.0]]])
TABLE = make_table("four", (2, 2), DRAWS, (1.0, 5.0))
ERROR, BOUNDED, FRONT = problems_of(TABLE)


def test_regret_is_of_the_true_error_of_what_the_draw_made_look_best():
    # true errors .6, .3, .2, .2; by draw 0 network 1 looks best, by draw 1 network 2
    rows = np.array([0, 1, 2])
    assert regret(ERROR, 0, rows) == pytest.approx(0.3 - 0.2)
    assert regret(ERROR, 1, rows) == pytest.approx(0)
    assert regret(ERROR, 2, rows) == regret(ERROR, 0, rows)


def test_under_a_bound_only_what_keeps_it_is_found():
    assert BOUNDED.bound == 1.75
    assert BOUNDED.feasible.tolist() == [True, False, False, False]
    assert regret(BOUNDED, 0, np.array([1, 0, 2])) == 0
    wider = Problem(make_table("wide", (2, 2), DRAWS * np.array([1, 0.0]) + np.array([0, 1.0]), (1.0, 5.0)), "bounded")
    assert regret(wider, 0, np.array([0])) == pytest.approx(0.4)
    assert regret(BOUNDED, 0, np.array([1, 2])) == 0  # none found: the worst of those that keep it, here the only one
    assert row_of(BOUNDED, "ours", 2, [np.array([0]), np.array([1])])["bound"] == 1.75
    assert math.isinf(row_of(ERROR, "ours", 2, [np.array([0]), np.array([1])])["bound"])


def test_a_bound_is_as_files_hold_it_so_that_its_rows_are_found_again():
    thirds = Problem(make_table("thirds", (2, 2), DRAWS / 3, (1.0, 5.0)), "bounded")
    bound = row_of(thirds, "ours", 2, [np.array([0]), np.array([1])])["bound"]
    assert bound == float(f"{bound:.6g}") != thirds.bound


def test_hypervolume_is_a_share_of_the_true_fronts():
    # by hand, to (1, 5): front (.6, 1), (.3, 2), (.2, 3); areas .4 * 1 + .7 * 1 + .8 * 2 = 2.7; network 1 alone .7 * 3
    assert hypervolume(FRONT, np.arange(4)) == pytest.approx(1)
    assert hypervolume(FRONT, np.array([1])) == pytest.approx(2.1 / 2.7)


def test_a_peer_is_charged_for_different_networks_and_ends_when_they_are_enough():
    look = lookup_of(BOUNDED, 2, seed=1)
    assert look((1, 0)) == ((0.1,), pytest.approx(3 / 1.75 - 1))
    assert look((1, 0)) == look((1, 0))
    assert look((0, 0)) == ((0.7,), 0.0)
    with pytest.raises(Enough):
        look((0, 1))
    assert look.rows().tolist() == [2, 0]
    stubborn = lookup_of(FRONT, 3, seed=0)
    for _ in range(3 * PATIENCE):
        stubborn((0, 0))
    with pytest.raises(Enough):
        stubborn((0, 0))
    assert stubborn.rows().tolist() == [0]


@pytest.mark.parametrize("strategy", ["random", "auto"])  # auto is told the errors of what misses the bound
def test_our_searches_of_alike_problems_are_told_apart(strategy):
    settings = Settings(evaluations=(4,), seeds=4, strategies=(strategy,))
    rows = our_rows([ERROR, BOUNDED], settings)
    assert [(row["bound"], row["seeds"]) for row in rows] == [(math.inf, 4), (1.75, 4)]
    # all four networks are looked at: what is found depends on the draw alone, and seeds take the draws in turn
    assert rows[0]["regret"] == pytest.approx((0.1 + 0 + 0.1 + 0) / 4)
    assert rows[1]["regret"] == 0


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_that_is_installed_looks_at_different_networks(name):
    if not installed(name):
        pytest.skip(f"needs {name}")
    space = make_table("more", (3, 3, 3), np.stack([np.arange(27) % 5, np.arange(27) % 7], 1) + 1.0, (9.0, 9.0))
    problem = next(each for each in problems_of(space) if each.goal in PEERS[name].goals)
    rows = looked_at(name, lookup_of(problem, 6, 0), 0)
    assert len(set(rows.tolist())) == len(rows) == 6


@pytest.mark.parametrize(("name", "kind"), [("problems", "problem"), ("peers", "peer"), ("timed", "strategy")])
def test_names_that_there_are_not_are_refused_before_anything_is_run(name, kind, tmp_path):
    with pytest.raises(BenchmarkInputError, match=f"unknown {kind} 'nobody'; allowed: "):
        run(Settings(**{name: ("nobody",)}), tmp_path, tmp_path / "results")


def test_trained_tables_are_searched_with_their_own_most_evaluations_and_are_rerun_alone(tmp_path, monkeypatch):
    table = TABLE._replace(name="trained-detection")
    monkeypatch.setattr("benchmarks.experiments.strategies.run.trained_problems", lambda name: problems_of(table))
    few = Settings(problems=("trained-detection",), evaluations=(2, 4), seeds=4, strategies=("random",), peers=())
    merge_rows(
        tmp_path / "regret.csv", pd.DataFrame([row_of(ERROR, "random", 2, [np.array([0])] * 2)]), FILES["regret"]
    )
    run(replace(few, trained_evaluations=2, speed=False), tmp_path, tmp_path)
    found = pd.read_csv(tmp_path / "regret.csv")
    assert found[["problem", "evaluations"]].values.tolist() == [["four", 2], *[["trained-detection", 2]] * 2]
    assert pd.read_csv(tmp_path / "hypervolume.csv")["problem"].tolist() == ["trained-detection"]


def test_a_peers_suggestions_are_all_that_it_made_those_of_known_networks_too():
    look = Lookup((2, 2), np.arange(4.0), 3)
    for genotype in ((0, 0), (0, 0), (0, 1), (0, 0)):
        look(genotype)
    assert (look.proposals, look.rows().tolist()) == (4, [0, 1])


@pytest.mark.parametrize(
    ("table", "goal", "evaluations", "peers"),
    [
        ("trained-detection", "bounded", (100,), ("pymoo GA", "optuna TPE")),
        ("made up", "bounded", (100,), ("optuna GP",)),
        ("made up", "front", (300,), ("optuna TPE",)),
    ],
)
def test_a_peer_without_a_budget_that_is_asked_for_searches_nothing_and_has_no_row(
    tmp_path, monkeypatch, table, goal, evaluations, peers
):
    monkeypatch.setattr(module, "installed", lambda name: True)
    monkeypatch.setattr(module, "kept_rows", lambda *given: pytest.fail("searched"))
    problem = Problem(make_table(table, (2, 2), DRAWS, (1.0, 5.0)), goal)
    assert module.peer_rows(problem, Settings(evaluations=evaluations, peers=peers), tmp_path) == []
