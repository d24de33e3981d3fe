"""`accelnas compare`: who takes part, what it is charged, what the tables say, and a contest at smoke."""

import dataclasses
import inspect
import math
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.commands.compare import compare as compare_command
from benchmarks.errors import BenchmarkInputError, NoResultError
from benchmarks.evaluators.spec import SearchSpec
from benchmarks.experiments.head_to_head import run as contest_run
from benchmarks.experiments.head_to_head.contenders import find_contender, ranked
from benchmarks.experiments.head_to_head.contest import Contest, Winner
from benchmarks.experiments.head_to_head.plot import mean_curve
from benchmarks.experiments.head_to_head.report import run_and_write
from benchmarks.experiments.head_to_head.run import Evaluated
from benchmarks.experiments.head_to_head.scored_pool import ScoredPool, draw_pool
from benchmarks.experiments.head_to_head.settings import CONTENDERS, CONTESTS
from benchmarks.experiments.head_to_head.table import WATTS_PER_CORE, contenders_table, curves_table, searches_table
from benchmarks.fidelities import get_fidelity
from benchmarks.search.problem import space_for
from hw_model.cost import Cost
from nas_algos.errors import AlgorithmInputError
from nas_algos.ledger import Spend
from nas_algos.loop import Candidate, Found
from nas_algos.rounds import Rounds, plain
from nas_algos.single_shot.algorithm import Look
from tasks.registry import make_task
from tests.cli import accelnas

TASK = make_task("classification")
NOTHING = Spend()


def contest(seeds=2, pool=30, **changes):
    settings = {
        "task": TASK,
        "space": space_for(TASK, "curated", "npu-p16"),
        "accelerator": "npu-p16",
        "bounds": {"latency_ms": 0.05},
        "fidelity": get_fidelity("classification", "smoke"),
        "budget": 10,
    }
    return Contest(Path("nowhere"), SearchSpec(**settings | changes), seeds, pool)


def cost_of(latency):
    return Cost(**{name: latency if name == "latency_ms" else 1.0 for name in Cost._fields})


def judged(name, seed, *qualities, latency=0.025, spend=NOTHING):
    winner = Winner((), math.nan, spend, ((256.0, 0.1), (512.0, 0.3)))
    return Evaluated(find_contender(name), seed, winner, qualities, cost_of(latency))


def test_every_default_contender_is_known_and_each_family_takes_part():
    families = {find_contender(name).family for name in CONTENDERS}
    assert families == {"none", "expert", "multi-shot", "single-shot", "zero-shot", "hybrid"}
    assert sum(find_contender(name).family == "hybrid" for name in CONTENDERS) == 3


def test_what_is_reproduced_is_a_part_of_the_complete_contest_at_its_settings():
    quick = CONTESTS["quick"]
    assert set(quick.contenders) < set(CONTENDERS)
    defaults = {name: parameter.default for name, parameter in inspect.signature(compare_command).parameters.items()}
    for name in ("task", "accelerator", "space", "budget", "seeds", "final_seeds", "pool", "profile"):
        assert getattr(quick, name) == defaults[name]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("nobody", BenchmarkInputError),
        ("zero_shot", AlgorithmInputError),
        ("zero_shot:luck", AlgorithmInputError),
        ("supernet_ranking:random", AlgorithmInputError),
    ],
)
def test_who_is_unknown_is_told_who_is_allowed(name, error):
    with pytest.raises(error, match=r"allowed: .*(zen|one_shot)"):
        find_contender(name)


def test_a_strategy_that_cannot_compete_is_told_before_anything_is_trained(tmp_path):
    with pytest.raises(AlgorithmInputError, match="objectives is 1; allowed: 2 to 8"):
        find_contender("nsga2")
    with pytest.raises(AlgorithmInputError, match=r"missing\.py"):
        find_contender(str(tmp_path / "missing.py"))


@pytest.mark.parametrize("wrong", [{"budget": 0}, {"seeds": 1}, {"pool": 1}])
def test_a_contest_that_shows_nothing_is_refused(wrong):
    with pytest.raises(BenchmarkInputError, match=next(iter(wrong))):
        contest(**wrong)


def test_a_pool_is_within_the_bounds_without_twins_and_of_its_seed_alone():
    ours = contest()
    pool = draw_pool(ours, 0)
    assert len({tuple(row) for row in pool.tolist()}) == len(pool) == 30
    assert (np.asarray(ours.spec.costs(pool)["latency_ms"]) <= 0.05).all()
    assert (pool == draw_pool(ours, 0)).all()
    assert (pool != draw_pool(ours, 1)).any()
    with pytest.raises(NoResultError, match="least seen was"):
        draw_pool(contest(bounds={"latency_ms": 1e-9}), 0)


def scored(scores):
    genotypes = np.zeros((4, len(contest().spec.space.cardinalities)), np.int32)
    genotypes[:, -1] = range(4)
    return ScoredPool(genotypes, np.full(4, 1_000), {"naswot": scores}, {"naswot": 7.0})


def test_a_score_without_a_number_is_never_best():
    pool = scored(np.array([np.nan, 2.0, 3.0, 1.0]))
    assert ranked(pool.looks("naswot")) == list(map(tuple, pool.genotypes[[2, 1, 3]].tolist()))


def test_scoring_is_charged_by_the_passes_it_makes():
    # NASWOT passes each of 32 examples forward once, a third of a training's pass, 2 FLOPs for each MAC
    spend = scored(np.zeros(4)).spend(["naswot"])
    assert spend.trainings == 0
    assert spend.example_passes == pytest.approx(4 * 32 / 3)
    assert spend.training_flops == pytest.approx(4 * 32 * 1_000 * 2)
    assert spend.seconds == 7.0


def first_proposals(strategy, count):
    rounds, rows = Rounds(plain(strategy), jax.random.key(0)), []
    for _ in range(count):
        asked = rounds.propose()
        rows += asked.tolist()
        rounds.learn(asked, np.zeros(len(asked)))
    return rows


def same_network(space, genotype):
    """Another genotype of the same network: a decision changed that it does not depend on."""
    changed = (
        (*genotype[:place], choice, *genotype[place + 1 :])
        for place, cardinality in enumerate(space.cardinalities)
        for choice in range(cardinality)
        if choice != genotype[place]
    )
    return next(other for other in changed if space.decode(other) == space.decode(genotype))


def test_hybrids_begin_with_what_came_out_best_before():
    ours = contest()
    pool = scored(np.array([3.0, 2.0, np.nan, 1.0]))
    evolution = find_contender("zero_shot_evolution:naswot")
    assert evolution.score == "naswot"
    strategy = evolution.train(ours, pool.looks("naswot"), 9)
    assert first_proposals(strategy, 3) == pool.genotypes[[0, 1, 3]].tolist()
    predictor = find_contender("zero_shot_predictor:naswot").train(ours, pool.looks("naswot"), 9)
    assert {tuple(row) for row in first_proposals(predictor, 6)} <= set(map(tuple, pool.genotypes.tolist()))
    found = tuple(pool.genotypes[1].tolist())
    other = same_network(ours.spec.space, found)
    best = tuple(cardinality - 1 for cardinality in ours.spec.space.cardinalities)
    looks = (Look(found, 0.2), Look(tuple(pool.genotypes[0].tolist()), math.nan), Look(other, 0.3), Look(best, 0.5))
    ranking = find_contender("supernet_ranking:one_shot")
    assert (ranking.supernet, ranking.share) == ("one_shot", 0.5)
    strategy = ranking.train(ours, looks, 4)
    # the second best again, by another name, is not trained again: random networks follow
    assert first_proposals(strategy, 2) == [list(best), list(other)]
    assert list(found) not in first_proposals(strategy, 4)


def test_hybrids_pay_for_what_they_knew_before():
    fidelity = replace(get_fidelity("classification", "smoke"), example_passes=200)
    ours = contest(fidelity=fidelity)  # ten trainings
    assert ours.trainings_left(scored(np.zeros(4)).spend(["naswot"])) == 9  # 42.7 passes of scoring are a part of one
    assert ours.trainings_left(Spend(1, 1100.0, 5.0, 9.0)) == 4  # 900 of 2000 passes are left
    with pytest.raises(BenchmarkInputError, match="allowed: a larger budget or a smaller pool"):
        contest(budget=1, fidelity=fidelity).trainings_left(Spend(0, 42.7))


def test_the_tables_say_what_was_judged():
    spend = Spend(3, 768.0, 6.0, 240.0)
    qualities = {"random": (0.2, 0.4, 0.3), "expert": (0.6, 0.62, 0.7), "local_search": (0.3, 0.2, 0.4)}
    every = [
        judged(name, seed, quality - 0.05, quality + 0.05, spend=spend)
        for name, values in qualities.items()
        for seed, quality in enumerate(values)
    ]
    searches = searches_table(contest(), every)
    assert searches["quality"].tolist() == pytest.approx([v for values in qualities.values() for v in values])
    table = contenders_table(searches).set_index("algorithm")
    row = table.loc["random"]
    assert row["seeds"] == 3
    assert row["quality"] == pytest.approx(0.3)
    # Student's t for two degrees of freedom is 4.303; the standard error of (.2, .4, .3) is .1 / sqrt(3)
    assert row["quality_high"] - row["quality"] == pytest.approx(4.3027 * 0.1 / 3**0.5, rel=1e-4)
    # quality .3 at half the bound against (0, 2): .3 * 1.5
    assert row["hypervolume"] == pytest.approx(0.45)
    assert row["kwh"] == pytest.approx(240 * WATTS_PER_CORE / 3.6e6)
    assert (row["trainings"], row["example_passes"], row["train_flops"], row["wall_s"]) == (3, 768, 6, 240)
    assert math.isnan(row["p_value"])
    expected = stats.ttest_ind(qualities["expert"], qualities["random"], equal_var=False).pvalue
    assert table.loc["expert", "p_value"] == pytest.approx(expected)
    # of two tests the smaller p is doubled, by Benjamini and Hochberg
    assert table.loc["expert", "p_adjusted"] == pytest.approx(2 * expected)
    assert table.loc["local_search", "p_adjusted"] == pytest.approx(1.0)
    curves = curves_table(contest(), every[:1])
    assert curves[["example_passes", "best_seen"]].to_numpy().tolist() == [[256.0, 0.1], [512.0, 0.3]]


def test_a_winner_all_of_whose_trainings_failed_has_no_quality():
    every = [judged("random", 0, 0.5), judged("random", 1), judged("local_search", 0), judged("local_search", 1)]
    table = contenders_table(searches_table(contest(), every)).set_index("algorithm")
    assert table.loc["random", "quality"] == 0.5
    assert math.isnan(table.loc["local_search", "quality"])
    assert math.isnan(table.loc["local_search", "p_value"])


def compare(folder, *contenders):
    what = ("--task", "classification", "--accelerator", "npu-p16", "--profile", "smoke")
    settings = ("--budget", 2, "--seeds", 2, "--final-seeds", 1, "--pool", 8)
    where = ("--home", folder / "home", "--output", folder / "results")
    return accelnas("compare", *what, *settings, *where, "--contenders", *contenders)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_contest_through_the_command_line_goes_on_where_it_was(tmp_path):
    home, results = tmp_path / "home", tmp_path / "results" / "head_to_head" / "head_to_head-profile=smoke"
    where = ("--home", home, "--results", tmp_path / "results")
    code, printed, errors = accelnas("reproduce", "head_to_head", "--profile", "smoke", *where)
    assert code == 0, errors
    assert "each search may spend 400 example passes (2 trainings of 200)" in printed
    before = pd.read_csv(results / "head_to_head.csv").set_index("algorithm")
    assert set(before.index) == {"baseline", "zero_shot:macs"}
    # the same settings and one contender more: nothing is trained twice, and the others' rows stay
    code, printed, errors = compare(tmp_path, "zero_shot:macs", "zero_shot_evolution:params")
    assert code == 0, errors
    assert printed.count("known already") >= 2
    table = pd.read_csv(results / "head_to_head.csv").set_index("algorithm")
    assert set(table.index) == {"baseline", "zero_shot:macs", "zero_shot_evolution:params"}
    assert table["trainings"].to_dict() == {"baseline": 0, "zero_shot:macs": 0, "zero_shot_evolution:params": 2}
    assert table["quality"].between(0, 1).all()
    assert table.loc[before.index, "quality"].tolist() == before["quality"].tolist()
    assert len(pd.read_csv(results / "head_to_head_searches.csv")) == 6
    assert (results / "head_to_head.png").stat().st_size > 10_000
    # and what was trained can be trained again
    code, printed, errors = accelnas("trials", "export", tmp_path / "trials.parquet", "--home", home)
    assert code == 0, errors
    code, printed, errors = accelnas("trials", "verify", tmp_path / "trials.parquet", "--count", 1, "--home", home)
    assert code == 0, errors
    assert "1 of 1 equal to the last bit" in printed


def test_bad_input_ends_with_one_line_and_code_2(tmp_path):
    code, _, errors = compare(tmp_path, "random", "nobody")
    assert code == 2
    assert errors.startswith("accelnas: unknown contender 'nobody'; allowed: baseline, expert")
    assert len(errors.splitlines()) == 1


def test_a_contest_in_which_all_fail_ends_in_words_and_leaves_the_tables_that_are_there(tmp_path, monkeypatch, capsys):
    (tmp_path / "head_to_head_searches.csv").write_text("kept")
    seen = [Candidate(0, (0,), {"latency_ms": 0.3}, "infeasible", None, ())]
    nothing = Found(None, tuple(seen), NOTHING)
    monkeypatch.setattr(contest_run, "prepare_with_progress", lambda *_: None)
    monkeypatch.setattr(contest_run, "run_trained", lambda pool, title, searches: dict.fromkeys(searches, nothing))
    with pytest.raises(NoResultError, match="none of 2 searches found a network"):
        run_and_write(dataclasses.replace(contest(), home=tmp_path), ["random"], 1, tmp_path)
    line = "none of 1 proposals is within latency_ms <= 0.05; the least seen was 0.3"
    assert capsys.readouterr().err == "".join(f"accelnas: random {seed} found nothing: {line}\n" for seed in (0, 1))
    assert (tmp_path / "head_to_head_searches.csv").read_text() == "kept"


def test_a_curve_is_the_mean_over_seeds_from_where_all_have_trained():
    rows = [(0, 10, 0.2), (0, 20, 0.4), (1, 15, 0.6), (1, 20, 0.8)]
    curve = mean_curve(pd.DataFrame(rows, columns=["seed", "example_passes", "best_seen"]))
    assert curve.to_dict() == {15: pytest.approx(0.4), 20: pytest.approx(0.6)}
