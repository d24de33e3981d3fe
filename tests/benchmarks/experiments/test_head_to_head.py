"""Contests on tables: who takes part, what searches see, and what they are worth, on a made-up arena of 81 networks."""

import dataclasses
import math
from pathlib import Path
from zlib import crc32

import jax
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.errors import BenchmarkInputError
from benchmarks.experiments.head_to_head import run as contest
from benchmarks.experiments.head_to_head import searches as searches_module
from benchmarks.experiments.head_to_head.compared import aggregate_rows, difference_rows, over_cells, p_against_random
from benchmarks.experiments.head_to_head.contenders import BOUNDED_PEERS, FROM_BASELINE, HYBRIDS, find_contender
from benchmarks.experiments.head_to_head.ground import Cell, Pool, read_pool, training_of
from benchmarks.experiments.head_to_head.ledger import Machine, accelerator_seconds, core_seconds, kwh, ledger, machines
from benchmarks.experiments.head_to_head.measures import Row, curve_rows, marks, table_row
from benchmarks.experiments.head_to_head.searches import (
    NOISE,
    Searched,
    baseline_row,
    choose,
    expert_row,
    found_rows,
    search_cells,
    true_quality,
)
from benchmarks.experiments.head_to_head.settings import CONTENDERS, Settings
from benchmarks.search import peers
from benchmarks.search.peers import installed
from benchmarks.statistics.contrasts import Summary, holm, welch
from benchmarks.statistics.intervals import mean_interval
from benchmarks.tables.arena import Arena, arena_space
from benchmarks.tables.files import SHIPPED
from nas_algos.errors import AlgorithmInputError
from nas_algos.objectives import INFEASIBLE
from nas_algos.tabular import all_genotypes, noise
from nas_algos.zero_shot.scores import SCORES
from tasks.registry import TASKS, make_task
from tasks.spaces.registry import skeleton_for

SHAPE = (3, 3, 3, 3)
COUNT = 81
RNG = np.random.default_rng(0)
QUALITY = (0.4 + 0.002 * all_genotypes(SHAPE).sum(1) + RNG.normal(0, 0.01, COUNT)).astype(np.float32)
LATENCY = RNG.uniform(1, 2, COUNT).astype(np.float32)
MACHINE = Machine("toy", 100.0, {"detection": 2.0})


def made_arena(seed_std=0.01, bound=1.5):
    noisy = np.full(COUNT, seed_std, np.float32)
    counts = np.arange(1, COUNT + 1, dtype=np.float32)
    return Arena(SHAPE, QUALITY, noisy, 1e6 * counts, counts, {"toy": LATENCY}, {"toy": bound}, 0.4)


def made_cell(**changes):
    rows = np.arange(0, COUNT, 2)
    scores = {"zen": np.where(rows % 3, rows, math.nan)}
    return Cell("detection", "toy", made_arena(**changes), Pool(rows, scores))


CELL = made_cell()
BEST = int(np.flatnonzero(CELL.feasible)[np.argmax(QUALITY[CELL.feasible])])


def test_every_default_contender_is_known_and_each_family_takes_part():
    families = {find_contender(name).family for name in CONTENDERS}
    assert families == {"none", "random", "count", "zero-shot", "multi-shot", "hybrid"}
    assert sum(find_contender(name).family == "hybrid" for name in CONTENDERS) >= 5
    assert find_contender("auto").is_slow
    assert find_contender("zero_shot_model:zen").is_slow
    assert find_contender("optuna TPE").is_slow
    assert not find_contender("genetic").is_slow


def test_a_users_strategy_that_runs_on_the_host_is_searched_from_as_few_seeds_as_other_slow_ones(tmp_path):
    climber = (Path(__file__).parents[3] / "examples" / "climber.py").read_text()
    for traceable in (True, False):
        mine = tmp_path / f"{traceable}.py"
        mine.write_text(climber.replace("ask, tell)", f"ask, tell, traceable={traceable})"))
        assert find_contender(str(mine)).is_slow == (not traceable)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("poetry", "unknown contender 'poetry'; allowed: baseline"),
        ("zero_shot:poetry", "unknown score poetry"),
        ("zero_shot_local", "unknown contender 'zero_shot_local'"),
        ("missing.py", "missing.py"),
    ],
)
def test_an_unknown_contender_is_named_with_what_is_allowed(name, error):
    with pytest.raises((BenchmarkInputError, AlgorithmInputError), match=error):
        find_contender(name)


def test_a_contest_without_random_search_is_refused():
    with pytest.raises(BenchmarkInputError, match="allowed: random, and others"):
        Settings(contenders=("auto",))
    with pytest.raises(BenchmarkInputError, match="seeds is 1; allowed: 2 to"):
        Settings(seeds=1)


@pytest.mark.parametrize("name", TASKS)
def test_an_arena_has_the_baseline_where_it_is_looked_for_and_all_arenas_one_shape(name):
    task = make_task(name)
    space = arena_space(task)
    assert space.cardinalities == (3,) * 11
    arena = dataclasses.replace(made_arena(), cardinalities=space.cardinalities)
    genotype = np.unravel_index(baseline_row(dataclasses.replace(CELL, arena=arena)), space.cardinalities)
    chosen = space.effective(tuple(int(each) for each in genotype))
    baseline = skeleton_for(task).baseline()
    assert {name: chosen[name] for name in baseline} == baseline


def test_the_noise_of_a_training_is_its_seeds_and_networks_own_and_standard_normal():
    rows = np.arange(20_000)
    first, again, other = (np.asarray(noise(np.uint32(seed), rows)) for seed in (7, 7, 8))
    assert (first == again).all()
    assert abs(np.corrcoef(first, other)[0, 1]) < 4 / math.sqrt(len(rows))
    assert stats.kstest(first, "norm").pvalue > 0.001
    assert stats.kstest(np.asarray(noise(np.arange(20_000), 5)), "norm").pvalue > 0.001


def test_a_search_sees_noisy_quality_within_the_bound_and_how_far_it_is_missed_beyond():
    seeds = np.array([1, 2, 3, 4], np.uint32)
    quiet = made_cell(seed_std=0.0, bound=1.2)
    evaluate = training_of([CELL, quiet], seeds)
    genotypes = all_genotypes(SHAPE)
    noisy, still = np.asarray(evaluate(2, genotypes)), np.asarray(evaluate(1, genotypes))
    wanted = -(QUALITY + 0.01 * np.asarray(noise(np.uint32(3), np.arange(COUNT))))
    assert noisy[CELL.feasible] == pytest.approx(wanted[CELL.feasible], abs=1e-6)
    assert still[quiet.feasible] == pytest.approx(-QUALITY[quiet.feasible])
    assert (noisy[~CELL.feasible] >= INFEASIBLE).all()
    missed = still[~quiet.feasible]
    assert (np.argsort(missed) == np.argsort(LATENCY[~quiet.feasible])).all()


def test_found_is_the_best_seen_so_far_within_the_bound():
    inside, outside = np.flatnonzero(CELL.feasible), np.flatnonzero(~CELL.feasible)
    rows = np.array([outside[0], inside[0], inside[1], outside[1], inside[2]])
    search = Searched(rows, np.array([-np.inf, 0.40, 0.39, -np.inf, 0.41]))
    assert found_rows(CELL, search).tolist() == [-1, inside[0], inside[0], inside[0], inside[2]]
    assert true_quality(CELL, np.array([-1]))[0] == CELL.worst
    chosen = Searched(inside[:1], np.array([math.nan]))
    assert found_rows(CELL, chosen).tolist() == [inside[0]]
    assert chosen.trained == 0


def test_a_score_chooses_the_best_of_its_part_within_the_bound_and_networks_without_one_come_last():
    picked = choose(CELL, "zen", 20, 4, np.random.default_rng(1))[3]
    assert len(set(picked.best.tolist())) == 20
    scores = dict(zip(CELL.pool.rows.tolist(), CELL.pool.scores["zen"], strict=True))
    able = [row for row in picked.best.tolist() if CELL.feasible[row] and math.isfinite(scores[row])]
    assert picked.best[: len(able)].tolist() == sorted(able, key=lambda row: -scores[row])
    assert picked.passes == pytest.approx(20 * 32 * 2 / 3)  # zen: two forward passes of 32 images
    assert picked.flops == pytest.approx(6 * 32 * 2 / 3 * CELL.arena.macs[picked.best].sum())


def test_searches_by_a_score_have_parts_of_the_pool_in_turn_and_parts_share_no_network():
    found = choose(CELL, "zen", 10, 9, np.random.default_rng(1))
    # 41 scored networks are four parts of ten; nine searches would give one part three
    assert [each.part for each in found] == [0, 1, 2, 3] * 2
    parts = [set(each.best.tolist()) for each in found]
    assert parts[:4] == parts[4:]
    assert len(set.union(*parts)) == 40
    again = choose(CELL, "zen", 10, 9, np.random.default_rng(2))
    assert [set(each.best.tolist()) for each in again] == parts
    assert [each.part for each in choose(CELL, "zen", 10, 3, np.random.default_rng(1))] == [0, 1, 2]
    assert [each.part for each in choose(CELL, "zen", 100, 3, np.random.default_rng(1))] == [0, 0, 0]


def test_a_count_chooses_the_largest_within_the_bound_of_networks_of_the_whole_arena_drawn_for_each_search():
    found = choose(CELL, "params", 20, 30, np.random.default_rng(1))
    assert all(each.part is None and len(set(each.best.tolist())) == 20 for each in found)
    assert len({frozenset(each.best.tolist()) for each in found}) == 30
    assert set.union(*(set(each.best.tolist()) for each in found)) == set(range(COUNT))
    for each in found:
        inside = each.best[CELL.feasible[each.best]]
        assert inside.tolist() == sorted(inside, reverse=True)  # the made arena's parameters are its rows' numbers


def test_searches_of_one_part_count_as_one_value_of_an_interval():
    inside = np.flatnonzero(CELL.feasible)[:2]
    # two parts in turn, four searches: of each part both find the same
    searches = [Searched(inside[[part]], np.array([math.nan]), part=part) for part in (0, 1, 0, 1)]
    row = Row(CELL, find_contender("zero_shot:zen"), 1, searches)
    regrets = (CELL.optimum - QUALITY[inside]).tolist()
    assert row.by_part(row.regret()).tolist() == [[regrets[0]] * 2, [regrets[1]] * 2]
    one_more = Row(CELL, row.contender, 1, [*searches, searches[0]])
    assert one_more.by_part(one_more.regret()).tolist() == row.by_part(row.regret()).tolist()
    found = table_row(row, MACHINE)
    assert (found["seeds"], found["independent"]) == (4, 2)
    assert [found[name] for name in ("regret", "low", "high")] == pytest.approx(mean_interval(regrets))
    alone = [dataclasses.replace(each, part=None) for each in searches]
    assert table_row(Row(CELL, find_contender("random"), 1, alone), MACHINE)["independent"] == 4


def test_contenders_search_apart_even_where_they_do_alike():
    one = find_contender("random")
    searched = [
        search_cells(dataclasses.replace(one, name=name), [CELL], 5, 20, 8)[0] for name in ("random", "other", "random")
    ]
    rows = [[each.rows.tolist() for each in several] for several in searched]
    assert rows[0] == rows[2] != rows[1]
    assert sum(mine == theirs for mine, theirs in zip(*rows[:2], strict=True)) < 5


def test_a_files_strategy_searches_alike_however_its_path_is_written_and_as_a_copy(tmp_path, monkeypatch):
    keys = []
    monkeypatch.setattr(searches_module, "_train", lambda *given: keys.append(jax.random.key_data(given[-1]).tolist()))
    monkeypatch.chdir(tmp_path)
    climber = (Path(__file__).parents[3] / "examples" / "climber.py").read_text()
    (tmp_path / "copy").mkdir()
    for name in ("mine.py", "copy/mine.py", "other.py"):
        Path(name).write_text(climber)
    for name in ("mine.py", str(tmp_path / "mine.py"), "copy/mine.py", "other.py", "random"):
        search_cells(find_contender(name), [CELL], 5, 2, 8)
    assert keys[0] == keys[1] == keys[2]
    assert len({tuple(key) for key in keys}) == 3
    of_the_name = jax.random.fold_in(jax.random.fold_in(jax.random.key(0), 5), crc32(b"random"))
    assert keys[-1] == jax.random.key_data(of_the_name).tolist()  # as contests of ours were made


def test_what_trainings_show_is_drawn_by_no_key_of_a_search():
    key = jax.random.key(3)
    of_noise = jax.random.key_data(jax.random.fold_in(key, NOISE))
    searches = jax.random.key_data(jax.random.split(key, 4_096))
    assert not (searches == of_noise[None]).all(-1).any()


def test_searches_are_charged_for_different_networks_and_what_scores_spent_comes_off_their_trainings():
    found = search_cells(find_contender("random"), [CELL, made_cell(bound=1.2)], 10, 3, pool=20)
    assert {number: len(each) for number, each in found.items()} == {0: 3, 1: 3}
    for search in (*found[0], *found[1]):
        assert search.trained == len(set(search.rows.tolist())) == 10
    (local, _) = search_cells(find_contender("zero_shot_local:zen"), [CELL], 10, 2, pool=20)[0]
    assert local.trained == 9  # 427 of 12,800 example passes are spent on scores
    assert local.passes_before == pytest.approx(20 * 32 * 2 / 3)


@pytest.mark.parametrize("name", ["zero_shot_ranking:params", "baseline_ranking"])
def test_a_hybrid_begins_with_what_came_first(name):
    contender = find_contender(name)
    (search, _) = search_cells(contender, [CELL], 10, 2, pool=20)[0]
    if contender.from_baseline:
        assert search.rows[0] == baseline_row(CELL)
    else:
        assert CELL.feasible[search.rows[0]]
    assert set(FROM_BASELINE) == {kind.replace("zero_shot", "baseline") for kind in HYBRIDS}


def test_a_row_by_hand():
    inside = np.flatnonzero(CELL.feasible)
    searches = [Searched(inside[[0]], np.array([0.4])), Searched(inside[[1]], np.array([0.4]))]
    row = table_row(Row(CELL, find_contender("random"), 1, searches), MACHINE)
    regrets = [CELL.optimum - QUALITY[place] for place in inside[:2]]
    assert row["regret"] == pytest.approx(np.mean(regrets))
    assert row["low"] < row["regret"] < row["high"]
    assert row["within_5pct"] == np.mean([each <= 0.05 * CELL.optimum for each in regrets])
    flops = 6 * 12_800 * np.mean(CELL.arena.macs[inside[:2]])
    assert row["train_flops"] == pytest.approx(flops)
    assert row["kwh"] == pytest.approx(flops / 1e12 * 2 * 100 / 3.6e6)
    assert row["example_passes"] == 12_800
    assert row["found_nothing"] == 0


def test_hypervolume_is_a_share_of_the_whole_front_and_nothing_beyond_the_bound_counts():
    assert CELL.hypervolume(np.arange(COUNT)) == pytest.approx(1)
    assert CELL.hypervolume(np.flatnonzero(~CELL.feasible)) == 0
    one = int(np.flatnonzero(CELL.feasible)[0])
    area = (QUALITY[one] - 0.3) * (1.5 - LATENCY[one])
    whole = CELL.hypervolume(np.array([one]))
    other = int(np.flatnonzero(CELL.feasible)[1])
    assert whole / CELL.hypervolume(np.array([other])) == pytest.approx(
        area / ((QUALITY[other] - 0.3) * (1.5 - LATENCY[other])), rel=1e-4
    )


def test_anytime_curves_never_rise_where_trainings_have_no_noise_and_end_where_the_table_does():
    cell = made_cell(seed_std=0.0)
    row = Row(cell, find_contender("random"), 30, search_cells(find_contender("random"), [cell], 30, 8, 20)[0])
    curve = curve_rows(row, MACHINE)
    assert [each["trainings"] for each in curve] == marks(30) == [1, 2, 3, 5, 10, 20, 30]
    regrets = [each["regret"] for each in curve]
    assert regrets == sorted(regrets, reverse=True)
    end = table_row(row, MACHINE)
    assert curve[-1]["regret"] == pytest.approx(end["regret"])
    assert curve[-1]["train_flops"] == pytest.approx(end["train_flops"])
    assert (
        curve_rows(Row(cell, find_contender("baseline"), 30, [Searched(np.array([0]), np.array([math.nan]))]), MACHINE)
        == []
    )


def test_differences_are_signed_and_against_random_search_by_welch_and_holm():
    rng = np.random.default_rng(0)
    groups = {"random": rng.normal(0.1, 0.01, 50), "good": rng.normal(0.05, 0.01, 50), "still": np.full(50, 0.05)}
    p = p_against_random(groups)
    assert set(p) == {"good", "still"}
    summaries = {name: Summary(*mean_interval(values.tolist()), 50) for name, values in groups.items()}
    alone = [welch(summaries[name], summaries["random"]) for name in p]
    assert list(p.values()) == pytest.approx(holm(alone))
    shares = over_cells([groups, groups], [0.5, 0.5])
    assert shares["good"] == pytest.approx(200 * groups["good"])
    table = difference_rows(10, shares).set_index(["algorithm", "other"])
    assert table.loc[("good", "random"), "difference"] == pytest.approx(
        200 * (groups["good"].mean() - groups["random"].mean())
    )
    assert ("still", "random") not in table.index


def test_a_pool_that_is_one_part_gives_no_interval_and_no_test(tmp_path, monkeypatch):
    monkeypatch.setattr(contest, "make_cells", lambda *_: [CELL, made_cell(bound=1.3)])
    monkeypatch.setattr(contest, "machines", lambda *_: [MACHINE])
    contest.run(Settings(contenders=("random", "zero_shot:zen"), budgets=(5,), seeds=4, pool=40), tmp_path, tmp_path)
    table = pd.read_csv(tmp_path / "head_to_head.csv").set_index("algorithm").loc["zero_shot:zen"]
    assert (table["independent"] == 1).all()
    assert table["p_random"].isna().all()


def test_a_search_that_always_finds_the_same_counts_with_all_its_seeds_and_the_baseline_as_one():
    searches = [Searched(np.array([BEST]), np.array([0.4]))] * 5
    row = table_row(Row(CELL, find_contender("genetic"), 1, searches), MACHINE)
    assert (row["seeds"], row["regret"], row["low"], row["high"]) == (5, 0, 0, 0)
    baseline = find_contender("baseline")
    assert table_row(Row(CELL, baseline, 1, search_cells(baseline, [CELL], 1, 5, 20)[0]), MACHINE)["seeds"] == 1
    same = np.full(5, 0.1)
    assert p_against_random({"random": same, "equal": same, "perfect": 0 * same}) == {"equal": 1, "perfect": 0}


def test_the_ledger_is_by_the_tables_own_trainings():
    found = machines(SHIPPED, ("detection",))
    assert [each.watts for each in found][:2] == [700, 15]
    # 984 trainings at 6,567 an hour, each of some two TFLOP, of which 22 processes each saw ten seconds
    run = pd.read_csv(SHIPPED / "tables" / "gpu.csv")
    rates = machines(SHIPPED, run["task"])[0].s_per_tflop
    spent = sum(n * tflop * rates[task] for task, n, tflop in zip(run["task"], run["n"], run["tflop"], strict=True))
    assert spent == pytest.approx(984 / 6_567 * 3_600, rel=1e-3)
    assert all(each.s_per_tflop["detection"] > 10 for each in found[1:])
    assert math.isnan(kwh(1.0, "poetry", found[0]))
    row = {"task": "detection", "budget": 10, "family": "random", "train_flops": 1e12, "example_passes": 5.0}
    table = ledger(pd.DataFrame([row | {"regret": 0.1, "optimum": 0.5}]), [MACHINE])
    assert table["seconds"].tolist() == [2.0, 2_000 * 86_400]
    assert table["kwh"].iloc[0] == pytest.approx(200 / 3.6e6)
    assert table["regret_pct"].iloc[0] == pytest.approx(20)


def test_a_cores_rate_is_the_median_of_what_was_timed_with_its_compilation():
    costs = pd.DataFrame({"task": ["a", "a", "b"], "train_flops": [1e12, 3e12, 1e12], "cpu_s": [20.0, 40.0, 5.0]})
    assert core_seconds(costs.assign(compile_s=5.0).to_dict("records")) == {"a": 20.0, "b": 10.0}


def test_processes_that_share_an_accelerator_divide_its_time():
    spent = {"compile_s": 40.0, "training_s": 20.0, "predictions_s": 10.0, "scoring_s": 10.0, "at_once": 8}
    spent["tflop"] = 4.0
    rows = [
        {"task": "long", "n": 100, "candidates_per_hour": 7_200} | spent | {"training_s": 60.0},
        {"task": "short", "n": 200, "candidates_per_hour": 7_200} | spent,
    ]
    found = accelerator_seconds(pd.DataFrame(rows))
    # 300 trainings at two a second, one of the first as long as 1.5 of the second
    assert found["long"] == pytest.approx(1.5 * found["short"])
    assert 100 * found["long"] + 200 * found["short"] == pytest.approx(150 / 4)


def test_a_pool_is_what_the_table_of_scores_has_of_the_arena(tmp_path):
    file = tmp_path / "scores.csv"
    unscored = read_pool(file, "detection", made_arena())
    assert (len(unscored.rows), unscored.scores) == (0, {})
    assert dataclasses.replace(CELL, pool=unscored).has_score("macs")
    assert not dataclasses.replace(CELL, pool=unscored).has_score("zen")
    rows = [
        ("detection", "arena", "0 0 1 2", 3.5),
        ("detection", "V3", "1 1", 1.0),
        ("segmentation", "arena", "0 0 0 0", 1),
    ]
    pd.DataFrame(rows, columns=["task", "space", "genotype", "zen"]).to_csv(file, index=False)
    pool = read_pool(file, "detection", made_arena())
    assert pool.rows.tolist() == [5]
    assert pool.scores["zen"].tolist() == [3.5]


def test_a_contest_writes_its_files_and_the_same_ones_again(tmp_path, monkeypatch):
    monkeypatch.setattr(contest, "make_cells", lambda *_: [CELL, made_cell(bound=1.3)])
    monkeypatch.setattr(contest, "machines", lambda *_: [MACHINE])
    names = ("baseline", "random", "zero_shot:params", "zero_shot:naswot")
    settings = Settings(contenders=names, budgets=(5,), seeds=12, pool=20)
    for part in ("one", "two"):
        contest.run(settings, tmp_path, tmp_path / part)
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name
    table = pd.read_csv(tmp_path / "one" / "head_to_head.csv")
    # no network of the pool has naswot
    assert list(dict.fromkeys(table["algorithm"])) == ["baseline", "random", "zero_shot:params"]
    assert len(table) == 2 * 3
    assert table.loc[table["algorithm"] == "random", "p_random"].isna().all()
    assert table.loc[table["algorithm"] == "zero_shot:params", "p_random"].notna().all()
    winners = pd.read_csv(tmp_path / "one" / "head_to_head_winners.csv")
    assert (winners.groupby(["algorithm"]).size() <= 20).all()


def test_searches_of_all_cells_are_pooled_as_shares_of_each_cells_optimum():
    # in the second cell all is ten times as large, and so is the optimum
    random, ours = np.array([[4.0], [3.0], [2.0], [1.0]]), np.full((3, 1), 2.0)
    cells = [{"random": scale * random, "ours": scale * ours} for scale in (1, 10)]
    random, ours = aggregate_rows(10, cells, [100.0, 1000.0])
    # a quarter of the eight is cut at each end: 2, 2, 3, 3
    assert (random["searches"], random["interquartile_regret_pct"], random["better_than_random"]) == (8, 2.5, 0.5)
    assert (ours["searches"], ours["interquartile_regret_pct"]) == (6, 2.0)
    assert ours["interquartile_regret_pct_low"] == ours["interquartile_regret_pct_high"] == 2.0
    # 2 is below 4 and 3, beside 2, above 1
    assert ours["better_than_random"] == 2.5 / 4
    assert ours["better_than_random_low"] < 2.5 / 4 < ours["better_than_random_high"]


def test_parts_of_a_tasks_pool_are_drawn_together_in_its_cells():
    parts = np.random.default_rng(0).normal(size=(8, 5))
    cells = [{"random": np.ones((4, 1)), "ours": parts}] * 3
    shared, apart = (
        aggregate_rows(10, cells, [100.0] * 3, tasks, {"ours"})[1] for tasks in (["one"] * 3, ["one", "two", "three"])
    )
    for column in ("interquartile_regret_pct", "better_than_random"):
        assert shared[column] == pytest.approx(apart[column])
        spread = [each[f"{column}_high"] - each[f"{column}_low"] for each in (apart, shared)]
        assert spread[0] < 0.8 * spread[1]
    # searches with networks of their own are independent in every cell
    assert aggregate_rows(10, cells, [100.0] * 3, ["one"] * 3)[1] == apart


def test_the_expert_of_a_contest_takes_the_fastest_kind_of_each_block_that_has_no_fewer_macs():
    latency, macs = np.full((1, 2, 2, 3, 3), 1.0, np.float32), np.full((1, 2, 2, 3, 3), 9.0, np.float32)
    # by kind of the first and the second block, channels as the baseline has them
    latency[0, 1, 1] = [[10, 9, 8], [7, 12, 12], [6, 6.99, 6]]
    macs[0, 1, 1] = [[5, 6, 6], [6, 9, 9], [4, 4, 4]]
    flat, cost = latency.ravel(), macs.ravel()
    arena = Arena(latency.shape, flat, flat, cost, cost, {"toy": flat}, {"toy": 10.0}, 0.4)
    cell = Cell("detection", "toy", arena, Pool(np.arange(36), {}))
    # block 1: kind 2 is fastest and has too few MACs, so kind 1; block 2: its other kinds are slower
    assert np.unravel_index(expert_row(cell), latency.shape) == (0, 1, 1, 1, 0)


def test_a_search_for_the_front_is_told_latency_too_and_a_miss_in_both_columns():
    scores = np.asarray(training_of([CELL], np.array([5], np.uint32), 2)(0, all_genotypes(SHAPE)))
    alone = np.asarray(training_of([CELL], np.array([5], np.uint32))(0, all_genotypes(SHAPE)))
    assert (scores[:, 0] == alone).all()
    assert (scores[CELL.feasible, 1] == LATENCY[CELL.feasible]).all()
    assert (scores[~CELL.feasible, 1] == alone[~CELL.feasible]).all()
    found = search_cells(find_contender("nsga2"), [CELL], 30, 4, 8)[0]
    assert all(each.trained == 30 and each.seen.shape == (30,) for each in found)


@pytest.mark.parametrize("name", BOUNDED_PEERS)
def test_searches_of_other_packages_see_what_ours_see_and_are_charged_alike(name):
    if not installed(name):
        pytest.skip(f"needs {name}")
    found = search_cells(find_contender(name), [CELL], 12, 3, 8)[0]
    for each in found:
        assert len(set(each.rows.tolist())) == each.trained == 12
        assert np.isinf(each.seen[~CELL.feasible[each.rows]]).all()
        assert np.abs(each.seen - QUALITY[each.rows])[CELL.feasible[each.rows]].max() < 0.06
    # no two searches see the same training of a network
    seen = [dict(zip(each.rows.tolist(), each.seen.tolist(), strict=True)) for each in found]
    assert all(seen[0][row] != seen[1][row] for row in seen[0].keys() & seen[1].keys() if CELL.feasible[row])


def test_a_package_that_is_not_installed_is_said_and_has_no_rows(monkeypatch):
    monkeypatch.setattr(peers, "installed", lambda name: False)
    said = []
    few = Settings(contenders=("random", "pymoo GA"), budgets=(4,), seeds=4)
    rows = contest.all_rows([find_contender(name) for name in few.contenders], [CELL], few, said.append)
    assert {row.contender.name for row in rows} == {"random"}
    assert said[0] == "pymoo GA: needs pymoo, not installed; no rows"


def test_ranks_that_are_combined_are_those_of_the_networks_that_a_search_has_scored():
    rows, generator = np.arange(COUNT), np.random.default_rng(3)
    assert "macs" in SCORES["az_nas"].parts  # a count, of which the arena knows all
    parts = {name: generator.normal(size=COUNT) for name in SCORES["az_nas"].parts if name != "macs"}
    chosen = choose(
        Cell("detection", "toy", made_arena(bound=3.0), Pool(rows, parts | {"az_nas": np.zeros(COUNT)})),
        "az_nas",
        10,
        1,
        np.random.default_rng(0),
    )[0]
    macs = CELL.arena.macs[chosen.best]
    own = SCORES["az_nas"].combine({"macs": macs} | {name: values[chosen.best] for name, values in parts.items()})
    assert (np.diff(own) <= 0).all()
