"""The curation study: its spaces are subsets, its counts agree with plain loops, its outcomes with hand-worked ones."""

import math
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.experiments.curation import own, run, searches
from benchmarks.experiments.curation.figures import AIMS, Figures, reached, scores
from benchmarks.experiments.curation.landscape import shape_of
from benchmarks.experiments.curation.run import Cell, study
from benchmarks.experiments.curation.searches import evaluations_to, expected_evaluations, outcome
from benchmarks.experiments.curation.settings import ACCELERATORS, Settings
from benchmarks.experiments.curation.spaces import different_channels, random_space, shifted, stacked, subset_of
from benchmarks.experiments.curation.verdict import COMPARED, STEPS, sentence, verdict
from benchmarks.problem import space_for
from benchmarks.report.pages import curation as curation_page
from benchmarks.search.many_costs import COUNTED, ManyCosts, compile_costs
from benchmarks.statistics.intervals import mean_interval
from benchmarks.tables.optima import ROUNDING
from benchmarks.tables.query import load_table
from hw_model.cost_models import cost_model
from nas_algos.errors import AlgorithmInputError
from nas_algos.strategies.random_search import random_search
from tasks.registry import TASKS, make_task
from tasks.spaces.moves import sample
from tasks.spaces.registry import skeleton_for

TASK = make_task("detection")
SKELETON = skeleton_for(TASK)
UNCURATED = space_for(TASK, "uncurated", "npu-p16")


@pytest.fixture(scope="module")
def kinds():
    """Spaces of three kinds, without auto-curation, which takes its time."""
    curated = space_for(TASK, "curated", "npu-p16")
    keys = jax.random.split(jax.random.key(1), 3)
    control = [random_space(curated, SKELETON, key) for key in keys]
    return {"curated": [curated], "uncurated": [UNCURATED], "random-subset": control}


@pytest.fixture(scope="module")
def evaluator():
    return ManyCosts(compile_costs(UNCURATED), cost_model("npu-p16").estimate)


@pytest.fixture(scope="module")
def cell():
    return Cell(load_table("detection"), "npu-p16", {})


def test_genotypes_of_every_kind_become_the_same_network_in_the_uncurated_space(kinds):
    for name, spaces in kinds.items():
        for number, space in enumerate(spaces):
            subset = subset_of(space, SKELETON)
            genotypes = np.asarray(sample(jax.random.key(number), space.cardinalities, 20))
            there = subset.uncurated([table[0] for table in subset.tables], genotypes)
            traced = subset.uncurated([table[0] for table in subset.tables], jax.numpy.asarray(genotypes))
            np.testing.assert_array_equal(there, traced)
            for genotype, found in zip(genotypes.tolist(), there.tolist(), strict=True):
                assert tuple(found) == UNCURATED.encode(space.effective(genotype)), name
                assert UNCURATED.decode(found) == space.decode(genotype)


def test_the_control_has_as_many_genotypes_as_the_curated_space_and_is_drawn_anew(kinds):
    (curated,) = kinds["curated"]
    control = kinds["random-subset"]
    assert len(control) == 3
    for space in control:
        assert space.cardinalities == curated.cardinalities
        assert all(len(set(decision.choices)) == len(decision.choices) for decision in space.decisions)
    assert len({space.decisions for space in control}) == 3
    again = random_space(curated, SKELETON, jax.random.split(jax.random.key(1), 3)[0])
    assert again.decisions == control[0].decisions


def test_different_channels_are_counted_as_a_plain_list_of_them_has_it(kinds):
    """As many genotypes are not as many different networks."""
    shares = {}
    for name in ("curated", "random-subset"):
        subsets = stacked([subset_of(space, SKELETON) for space in kinds[name]])
        choices = list(product(*map(range, subsets.cardinalities[: subsets.channel_decisions.stop])))
        of_draws = [[table[draw] for table in subsets.tables] for draw in range(subsets.draws)]
        different = [len(np.unique(subsets.uncurated(tables, np.array(choices)), axis=0)) for tables in of_draws]
        shares[name], count = different_channels(subsets)
        assert (shares[name], count) == (pytest.approx(np.mean(different) / len(choices)), len(choices))
    assert shares["curated"] < shares["random-subset"]


@pytest.mark.parametrize("accelerator", ["ethos-u55-256", "npu-p16"])
def test_the_shifted_space_is_the_curated_one_with_one_channel_less_throughout(accelerator):
    curated = space_for(TASK, "curated", accelerator)
    aligned = subset_of(curated, SKELETON)
    control = shifted(aligned)
    assert (control.name, control.cardinalities) == ("shifted", aligned.cardinalities)
    for genotype in np.asarray(sample(jax.random.key(0), curated.cardinalities, 20)).tolist():
        there = control.uncurated([table[0] for table in control.tables], np.array(genotype, np.int32))
        found, wanted = UNCURATED.describe(there.tolist()), curated.effective(genotype)
        for name, choice in wanted.items():
            if name in SKELETON.channels:
                assert found[name] == int(choice) - 1
                assert int(choice) % curated.channel_step == 0
            else:
                assert found[name] == choice


def test_costs_in_blocks_are_those_of_single_networks(evaluator):
    genotypes = np.asarray(sample(jax.random.key(0), UNCURATED.cardinalities, 5))
    latency = evaluator.latency_ms(genotypes)
    direct = cost_model("npu-p16").estimate(UNCURATED.lower(genotypes)).cost.latency_ms
    np.testing.assert_allclose(latency, direct, rtol=1e-5)
    assert len(evaluator.latency_ms(genotypes[:0])) == 0


def test_figures_are_those_that_the_table_answers_with(cell):
    genotypes = np.asarray(sample(jax.random.key(3), UNCURATED.cardinalities, 20))
    expected = jax.jit(cell.table.answers("npu-p16"))(genotypes)
    found = cell.evaluate(genotypes)
    np.testing.assert_allclose(found.quality, expected.quality, rtol=1e-5)
    np.testing.assert_allclose(found.latency_ms, expected.cost.latency_ms, rtol=1e-5)
    np.testing.assert_allclose(found.macs, expected.cost.macs, rtol=1e-6)


def test_scores_order_by_quality_within_the_latency_or_by_latency_at_the_quality():
    baseline = Figures(0.5, 2.0, 1.0)
    figures = Figures(*map(np.array, ([0.5, 0.6, 0.9, 0.4, 0.3], [2.0, 1.9, 2.1, 1.0, 3.0], [1.0] * 5)))
    quality, latency = (np.asarray(scores(figures, baseline, AIMS.index(aim))) for aim in AIMS)
    assert np.argsort(quality).tolist() == [1, 0, 3, 2, 4]
    assert np.argsort(latency)[:3].tolist() == [1, 0, 2]
    assert reached(np.array([quality, latency]))[0].tolist() == pytest.approx([-0.5, -0.6, -0.6, -0.6, -0.6])
    assert reached(latency[None, ::-1])[0].tolist() == pytest.approx([np.inf, np.inf, 1.05, 0.95, 0.95])


def test_shares_equal_those_of_a_plain_loop_over_all_neighbours(kinds):
    """A made-up latency on a space of the real shape; every point's neighbours are enumerated by hand."""

    class Toy:
        def latency_ms(self, genotypes):
            return 10 + (genotypes[:, :4].sum(1) % 7) + 0.1 * genotypes[:, 0]

        def quality(self, genotypes):
            return (genotypes[:, :4].sum(1) % 5).astype(float)

        def __call__(self, genotypes):
            return Figures(self.quality(genotypes), self.latency_ms(genotypes), self.macs(genotypes))

        def macs(self, genotypes):
            return 10.0 + genotypes[:, :4].sum(1)

    toy, baseline = Toy(), Figures(2.0, 12.0, 40.0)
    subset = subset_of(kinds["uncurated"][0], SKELETON)
    shape = shape_of(subset, UNCURATED, toy, baseline, 300, 200, jax.random.key(5))  # pyright: ignore
    points_key, walked_key = jax.random.split(jax.random.key(5))

    channels = len(subset.tables)  # the made-up costs look at the first four of them

    def own(genotype):
        own = [subset.tables[place][0][genotype[place], 0] for place in range(channels)]
        return np.concatenate([own, genotype[channels:]])[None]

    def neighbours(genotype):
        for place in range(channels):
            for step in (1, -1):
                other = genotype.copy()
                other[place] += step
                if 0 <= other[place] < subset.cardinalities[place]:
                    yield step, own(other)

    def objective(row):
        latency = toy.latency_ms(row)[0]
        return -toy.quality(row)[0] if latency <= 12.0 * (1 + ROUNDING) else latency

    def changes(genotype):
        for place, choices in enumerate(subset.cardinalities):
            for choice in set(range(choices)) - {genotype[place]}:
                other = genotype.copy()
                other[place] = choice
                yield own(other)

    def points(key, count):
        return np.asarray(sample(jax.random.split(key, 1)[0], subset.cardinalities, count))

    minima = [
        genotype
        for genotype in points(points_key, 300)
        if not any(objective(other) < objective(own(genotype)) for _, other in neighbours(genotype))
    ]
    anywhere = [g for g in minima if not any(objective(other) < objective(own(g)) for other in changes(g))]
    assert 0 < len(anywhere) < len(minima)
    assert (shape.points, shape.channel_minima, shape.minima) == (300, len(minima), len(anywhere))
    steps = [
        np.array(
            [toy.latency_ms(other)[0] / toy.latency_ms(own(genotype))[0] - 1 for step, other in around if step == 1]
        )
        for genotype, around in ((genotype, neighbours(genotype)) for genotype in points(walked_key, 200))
    ]
    steps = [own_steps for own_steps in steps if len(own_steps)]
    assert shape.moves == len(steps)  # one from each network, so that they are independent
    for counted, chosen in (
        (shape.monotone, lambda step: step > COUNTED),
        (shape.level, lambda step: abs(step) <= COUNTED),
    ):
        likely = np.array([chosen(own_steps).mean() for own_steps in steps])
        assert 0 < likely.mean() < 1
        assert abs(counted[0] - likely.sum()) < 4 * np.sqrt((likely * (1 - likely)).sum())
    traps = [
        not any(
            toy.latency_ms(other)[0] < (1 - COUNTED) * toy.latency_ms(own(genotype))[0]
            for _, other in neighbours(genotype)
        )
        for genotype in points(walked_key, 200)
        if genotype[:4].any()
    ]
    assert (shape.latency_points, shape.latency_minima) == (len(traps), sum(traps))


def test_an_outcome_by_hand():
    quality = np.array([[-np.inf, 0.5, 1.0, 1.0], [0.3, 0.3, 0.3, 0.97], [0.3, 0.6, 0.6, 0.6], [-np.inf] * 4])
    latency = np.array([[np.inf, 2.0], [3.0, 2.0], [1.0, 1.0], [np.inf, np.inf]])
    found = outcome(quality, latency, 1.0, 9.0)
    assert evaluations_to(-quality, -0.95).tolist() == [3.0, 4.0, np.inf, np.inf]
    assert np.isinf(found.evaluations_to_5pct)
    assert found.success_rate == 0.5
    assert found.success_low < 0.5 < found.success_high
    assert (found.failed, found.failed_latency) == (1, 1)
    # 3 and 4 evaluations to success, 4 and 4 without
    assert found.expected_evaluations == (3 + 4 + 4 + 4) / 2
    assert found.expected_low < found.expected_evaluations < found.expected_high
    assert expected_evaluations(np.array([np.inf, np.inf]), 7) == np.inf
    assert expected_evaluations(np.array([2.0, 5.0]), 7) == 3.5
    assert found.quality == pytest.approx((1.0 + 0.97 + 0.6) / 3)
    assert found.regret == pytest.approx(100 * (1 - found.quality))
    assert found.regret_low == pytest.approx(100 * (1 - found.high))
    assert found.spread == pytest.approx(np.std([1.0, 0.97, 0.6], ddof=1))
    assert found.latency_ms == pytest.approx((2 + 2 + 1 + 9) / 4)
    assert 0 == found.spread_low < found.spread < found.spread_high  # some resamples hold one value thrice
    ends = np.array([[1.0], [1.0], [2.0], [2.0]])
    assert outcome(ends, ends, 1.0, 9.0, draws=2).spread == 0.0


def test_a_search_that_finds_nothing_faster_at_the_baselines_quality_keeps_the_baseline():
    fast, slow, nothing = ([[end]] for end in (1.0, 3.0, np.inf))
    ends = [outcome(np.ones((2, 1)), np.array([*fast, *other]), 1.0, 2.0) for other in (slow, nothing)]
    assert [each.latency_ms for each in ends] == [1.5, 1.5]
    assert [each.failed_latency for each in ends] == [0, 1]
    assert ends[0].latency_high == ends[1].latency_high
    drawn = outcome(np.ones((4, 1)), np.array([*fast, *fast, *nothing, *nothing]), 1.0, 2.0, draws=2)
    assert drawn.latency_ms == 1.5


def test_the_interval_of_the_spread_is_over_searches_or_over_draws_where_there_are_several():
    ends = np.random.default_rng(0).standard_normal((600, 1)) * np.repeat([1.0, 2.0, 3.0], 200)[:, None]
    draws = outcome(ends, ends, 1.0, 9.0, draws=3)
    deviations = ends.reshape(3, 200).std(1, ddof=1)
    wanted = mean_interval(deviations.tolist())
    assert (draws.spread, draws.spread_low, draws.spread_high) == pytest.approx(wanted)
    alone = outcome(ends[:200], ends[:200], 1.0, 9.0)
    half = 1.96 / np.sqrt(2 * 200)  # of a normal distribution's standard deviation of 1
    assert (alone.spread - alone.spread_low, alone.spread_high - alone.spread) == pytest.approx((half, half), rel=0.3)
    few = outcome(ends[:3], ends[:3], 1.0, 9.0, draws=3)  # one search each
    assert np.isnan([few.spread, few.spread_low, few.spread_high]).all()


def test_searches_in_one_random_space_count_as_one_of_its_kind():
    """Ten searches in each of ten spaces, all alike within a space, say no more than ten searches."""
    best = np.repeat(np.array([[0.5, 1.0]] * 4 + [[0.5, 0.5]] * 6), 10, axis=0)
    apart, together = outcome(best, best, 1.0, 9.0), outcome(best, best, 1.0, 9.0, draws=10)
    ten = outcome(best[::10], best[::10], 1.0, 9.0)
    assert (together.success_rate, together.quality) == pytest.approx((0.4, 0.7))
    assert (apart.success_rate, apart.quality) == pytest.approx((0.4, 0.7))
    assert (together.low, together.high) == pytest.approx((ten.low, ten.high))
    assert (together.expected_low, together.expected_high) == (ten.expected_low, ten.expected_high)
    assert apart.success_high - apart.success_low < 0.6 * (together.success_high - together.success_low)
    assert apart.expected_high - apart.expected_low < 0.6 * (together.expected_high - together.expected_low)


def test_searches_and_draws_go_their_own_ways(kinds, cell, monkeypatch):
    monkeypatch.setattr(searches, "TOGETHER", 10)
    control = stacked([subset_of(space, SKELETON) for space in kinds["random-subset"]])
    assert control.draws == 3
    count = 24  # more than one call
    quality, latency = cell.searches(control, "random", 12, count, jax.random.key(0))
    best, fastest = quality.best, latency.best
    assert best.shape == fastest.shape == (count, 12)
    assert (np.diff(np.where(np.isfinite(best), best, -1.0), axis=1) >= 0).all()
    assert (np.diff(np.where(np.isfinite(fastest), fastest, 1e9), axis=1) <= 0).all()
    assert len(np.unique(best[:, -1])) > count / 3
    again, _ = cell.searches(control, "random", 12, count, jax.random.key(0))
    np.testing.assert_array_equal(best, again.best)
    # the networks kept are those that were found
    there = np.isfinite(best[:, -1])
    assert there.any()
    figures = cell.evaluate(quality.genotypes[there])
    np.testing.assert_allclose(figures.quality, best[there, -1], rtol=1e-5)
    assert (figures.latency_ms <= cell.baseline.latency_ms * 1.0001).all()
    found = np.isfinite(fastest[:, -1])
    np.testing.assert_allclose(cell.evaluate(latency.genotypes[found]).latency_ms, fastest[found, -1], rtol=1e-5)


def test_a_proposal_out_of_range_after_some_rounds_is_named(kinds, monkeypatch):
    subset = subset_of(kinds["curated"][0], SKELETON)
    late = random_search(subset.cardinalities)._replace(
        init=lambda key: jnp.zeros((), jnp.int32),
        ask=lambda state, key: jnp.where(state < 4, jnp.zeros((1, len(subset.cardinalities)), int), 99),
        tell=lambda state, genotypes, scores: state + 1,
    )
    monkeypatch.setattr(searches, "build_strategy", lambda *given: late)
    monkeypatch.setattr(searches, "TOGETHER", 2)
    with pytest.raises(AlgorithmInputError, match="ask gave 99 for decision 0; the rule is 0 to"):
        Cell(load_table("detection"), "npu-p16", {}).searches(subset, "late", 10, 2, jax.random.key(0))


def test_a_network_is_the_same_training_whichever_space_asks_for_it(kinds):
    for spaces in kinds.values():
        for genotype in np.asarray(sample(jax.random.key(3), spaces[0].cardinalities, 20)).tolist():
            same = UNCURATED.encode(spaces[0].effective(tuple(genotype)))
            assert spaces[0].decode(tuple(genotype)) == UNCURATED.decode(same)


def test_each_task_on_each_accelerator_has_luck_of_its_own():
    cells = [(task, accelerator) for task in TASKS for accelerator in (*ACCELERATORS, "ethos-u55-128")]
    keys = [jax.random.key_data(key).tobytes() for cell in cells for key in run._keys(*cell)]
    assert len(set(keys)) == 3 * len(cells)


@pytest.mark.slow
def test_the_study_gives_a_row_for_each_accelerator_and_space(monkeypatch, tmp_path):
    monkeypatch.setattr(run, "KNOWN", (60, 1))
    monkeypatch.setattr(run, "table_spaces", lambda task: ("uncurated", "V3"))
    monkeypatch.setattr(searches, "TOGETHER", 6)
    monkeypatch.setattr(run, "REFERENCE", "npu-p16")
    kinds = ("curated", "random-subset", "shifted")  # of one shape, so compiled once
    settings = Settings(("detection",), ("npu-p16",), kinds, evaluations=12, searches=6, points=60, walked=30)
    table, winners, curves = study("detection", settings, tmp_path)
    assert tuple(table["space"]) == kinds
    assert list(table.columns[:8]) == ["task", "accelerator", "space", "searches", "quality", "low", "high", "regret"]
    assert {"evaluations_to_5pct", "success_rate", "monotone_share", "local_minima_share"} <= set(table.columns)
    assert table["monotone_share"].between(0, 1).to_numpy().all()
    assert (table["regret"].to_numpy() > 0).all()
    assert min(curve.min() for curve in curves.values()) >= 0
    assert set(winners["space"]) <= set(kinds)
    for winner in winners.to_dict("records"):
        expected = curves["detection", "npu-p16", winner["space"]][winner["search"], -1]
        known = table["best_known_quality"].iloc[0]
        assert 100 * (1 - winner["expected_quality"] / known) == pytest.approx(expected, abs=1e-3)
        assert len(winner["genotype"].split()) == len(UNCURATED.cardinalities)


def test_a_verdict_names_what_differs_by_intervals_that_do_not_meet():
    def row(space, **figures):
        return {"space": space, "searches": 50, **figures}

    def figures(*values):
        names = ("", "latency_", "expected_", "spread_", "success_")
        values = zip(names, values, strict=True)
        return {
            f"{name}{end}": value for name, pair in values for end, value in zip(("low", "high"), pair, strict=True)
        }

    mine = row("mine", **figures((0.5, 0.6), (1.0, 1.1), (90, 100), (0.01, 0.02), (0.2, 0.3)))
    other = row("other", **figures((0.3, 0.4), (0.8, 0.9), (100, 120), (0.03, 0.04), (0.1, 0.25)))
    assert sentence(mine, other) == (
        "mine against other: better in quality and spread and worse in latency at the baseline's quality "
        "(95% intervals, 50 searches each)."
    )
    assert "no difference beyond the intervals" in verdict([mine, mine])


def test_the_page_names_the_cells_in_which_curation_does_not_help():
    def row(low, high, spread):
        ends = {each.low: low for each in (*COMPARED, STEPS)} | {each.high: high for each in (*COMPARED, STEPS)}
        return ends | {"spread": spread, "spread_low": spread - 1, "spread_high": spread + 1}

    cells = {
        ("detection", "one"): {"curated": row(3, 4, 1), "uncurated": row(1, 2, 4)},
        ("detection", "two"): {"curated": row(1, 2, 1), "uncurated": row(1, 2, 2)},  # whose spreads' intervals meet
    }
    text = curation_page._where_not(cells).splitlines()
    assert text[0] == "- better in 1 of 2 cells in quality reached, not told apart in detection on two;"
    assert "better in 0 of 2 cells in latency reached" in text[1]
    assert "worse in detection on one, not" in text[1]
    assert text[3] == "- better in 1 of 2 cells in stability: spread, not told apart in detection on two;"
    assert text[-1] == "- better in 1 of 2 cells in monotone steps, not told apart in detection on two."


def test_a_space_of_ones_own_is_shown_by_its_whole_name_and_a_spread_that_is_not_known_is_told(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    names = ("random-subset", "multiples-of-eight-everywhere")
    figures = {"quality": 0.5, "low": 0.4, "high": 0.6, "quality_low": 0.4, "quality_high": 0.6, "log10_size": 3.0}
    figures |= {"regret": 1.0, "success_rate": 0.5, "latency_ms": 2.0}
    own._show([figures | {"space": names[0], "spread": math.nan}, figures | {"space": names[1], "spread": 0.1}])
    shown = capsys.readouterr().out
    assert all(name in shown for name in names)
    assert "nan" not in shown
    assert shown.endswith("-: no spread, as each draw of the random subsets had one search\n")
