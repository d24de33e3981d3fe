"""What is known of a network: the best source first, one source for a difference, and intervals as by hand."""

import dataclasses
import math
import statistics

import numpy as np
import pytest

from benchmarks.errors import BenchmarkInputError
from benchmarks.tables.files import SHIPPED
from benchmarks.tables.model_rows import Model, keeps, model_rows, quality_columns
from benchmarks.tables.models import Quality, Training, load_models, photograph_term
from benchmarks.tables.recipes import FINAL, SEARCH, SWEEP_SEEDS
from benchmarks.tables.trained import trials_by, without_sweep
from hw_model.vela.measurements import MeasurementCache
from tasks.registry import make_task
from tasks.spaces.registry import article_space


def alone(*qualities):
    return tuple(Training(quality, "static", "a CPU") for quality in qualities)


@pytest.fixture(scope="module")
def models():
    return load_models("detection")


def test_trainings_come_before_predictions_and_the_final_recipe_before_the_search_recipe(models):
    network = models.of_space(article_space(models.table.task, "V1"), [3])
    trained = {("search", network.key): (0.5, 0.52), ("final", network.key): (0.6, 0.62, 0.64)}
    known = dataclasses.replace(models, trained={key: alone(*values) for key, values in trained.items()})
    found = known.quality_of(network)
    assert list(found) == [("trained", "final"), ("trained", "search"), ("predicted", "search")]
    final = found["trained", "final"]
    # Student's t of two degrees of freedom: 4.303 standard errors of .02 / sqrt(3)
    assert (final.quality, final.seeds) == (pytest.approx(0.62), 3)
    assert final.half == pytest.approx(4.303 * 0.02 / math.sqrt(3), rel=1e-3)
    assert found["trained", "search"].quality == pytest.approx(0.51)
    assert found["predicted", "search"].seeds == 0
    # the baseline was trained in none of these ways, so that both are predicted
    assert [each.source for each in known.compared(network)] == ["predicted", "predicted"]


def test_trainings_of_the_baseline_that_chose_the_recipe_are_not_published(models):
    own = [
        trial.key.seed
        for trial in trials_by(SHIPPED, "detection", FINAL["detection"])
        if trial.key.architecture == models.baseline.key and trial.key.code_path == "many_at_once"
    ]
    chose = set(own) & set(SWEEP_SEEDS)
    assert len(chose) == 2
    assert models.quality_of(models.baseline, "many_at_once")["trained", "final"].seeds == len(own) - len(chose)
    cheap = [trial for trial in trials_by(SHIPPED, "detection", SEARCH["detection"]) if trial.space]
    own = {trial.key.seed for trial in cheap if trial.key.architecture == models.baseline.key}
    assert own & set(SWEEP_SEEDS)
    assert len(models.table.trained[models.baseline.key]) == len(own - set(SWEEP_SEEDS)) > 0


def test_networks_of_the_design_keep_trainings_whose_seeds_are_the_sweeps_too():
    every = trials_by(SHIPPED, "segmentation", SEARCH["segmentation"])
    own = load_models("segmentation").baseline.key
    shared = {trial.digest: trial.key.architecture for trial in every if trial.key.seed in SWEEP_SEEDS}
    gone = shared.keys() - {trial.digest for trial in without_sweep(every, make_task("segmentation"))}
    assert gone == {digest for digest, architecture in shared.items() if architecture == own}
    assert 0 < len(gone) < len(shared)


def test_a_difference_is_of_trainings_done_the_same_way_where_both_have_such(models):
    network = models.of_space(article_space(models.table.task, "V1"), [3])
    at_once = tuple(Training(quality, "many_at_once", "a GPU") for quality in (0.5, 0.51, 0.52))
    of_base = {("final", models.baseline.key): (*alone(0.6, 0.61), *at_once)}
    known = dataclasses.replace(models, trained=of_base | {("final", network.key): alone(0.58)})
    own, base = known.compared(network)
    assert (own.quality, own.trained_on, base.quality, base.trained_on) == (
        0.58,
        "a CPU",
        pytest.approx(0.605),
        "a CPU",
    )
    # alone it is what most of its trainings are
    assert known.quality_of(models.baseline)["trained", "final"].quality == pytest.approx(0.51)
    there = dataclasses.replace(models, trained=of_base | {("final", network.key): at_once})
    assert [each.trained_on for each in there.compared(network)] == ["a GPU", "a GPU"]
    # where they have none in common, as they are
    apart = {("final", models.baseline.key): at_once, ("final", network.key): alone(0.58)}
    own, base = dataclasses.replace(models, trained=apart).compared(network)
    assert (own.trained_on, base.trained_on) == ("a CPU", "a GPU")


def test_a_network_of_a_space_and_the_same_one_rewritten_look_alike(models):
    space = article_space(models.table.task, "V2")
    network = models.of_space(space, [0, 1, 0, 0, 2, 0, 0, 1])
    again = models.rewritten(network.blocks)
    np.testing.assert_allclose(network.features, again.features, rtol=1e-5)
    base = models.of_space(space, [0] * 8)
    assert base.blocks == models.baseline.blocks


def test_the_baselines_row_has_the_source_of_most_others_and_of_equally_many_the_weakest(models, tmp_path):
    space = article_space(models.table.task, "V1")
    trained, other = (models.of_space(space, [choice]) for choice in (1, 2))
    both = {("final", each.key): alone(0.6, 0.61, 0.62) for each in (trained, models.baseline)}
    known = dataclasses.replace(models, trained=both)
    chosen = [Model("a", 14.0, trained), Model("b", math.nan, other)]
    with MeasurementCache(tmp_path / "measurements.sqlite") as cache:
        base, first, second = model_rows(known, chosen, "ethos-u55-256", cache)
        most, *_ = model_rows(known, [*chosen, chosen[0]], "ethos-u55-256", cache)
    assert [row["quality_source"] for row in (base, first, second)] == ["predicted", "trained", "predicted"]
    assert (most["quality_source"], most["recipe"], most["quality"]) == ("trained", "final", pytest.approx(0.61))
    assert (base["latency_reduction_pct"], base["quality_difference"], base["quality_difference_high"]) == (0, 0, 0)
    assert first["quality_difference"] == pytest.approx(0)
    seeds = 4.303 * 0.01 / math.sqrt(3)  # Student's t of two degrees of freedom
    assert first["quality_difference_high"] == pytest.approx(math.sqrt(2) * seeds, rel=1e-3)
    assert second["quality_difference"] == pytest.approx(second["quality"] - base["quality"])

    assert first["latency_reduction_pct"] == pytest.approx(100 * (1 - first["latency_ms"] / base["latency_ms"]))


def test_each_row_is_by_the_best_that_is_known_of_its_network_and_the_baseline(models, tmp_path):
    space = article_space(models.table.task, "V1")
    one, two, untrained = (models.of_space(space, [choice]) for choice in (1, 2, 3))
    by_search = {("search", each.key): alone(0.5, 0.51) for each in (one, two, models.baseline)}
    by_final = {("final", each.key): alone(0.6, 0.61) for each in (one, models.baseline)}
    chosen = [Model(name, math.nan, network) for name, network in (("a", one), ("b", two), ("c", untrained))]

    def shown(trained):
        with MeasurementCache(tmp_path / "measurements.sqlite") as cache:
            rows = model_rows(dataclasses.replace(models, trained=trained), chosen, "ethos-u55-256", cache)
        return [(row["quality_source"], row["recipe"]) for row in rows]

    search, final, predicted = ("trained", "search"), ("trained", "final"), ("predicted", "search")
    assert shown(by_search | by_final) == [predicted, final, search, predicted]
    assert shown(by_search | by_final | {("final", two.key): alone(0.6)}) == [final, final, final, predicted]
    # a recipe by which the baseline was not trained tells no difference
    assert shown(by_search | {("final", one.key): alone(0.6)}) == [search, search, search, predicted]


def test_a_row_names_the_machines_that_trained_its_network_and_has_what_else_they_measured(models, tmp_path):
    untrained = dataclasses.replace(models, trained={})
    chosen = [Model("again", math.nan, models.baseline)]
    with MeasurementCache(tmp_path / "measurements.sqlite") as cache:
        base, again = model_rows(models, chosen, "ethos-u55-256", cache, others=("map50",))
        predicted, _ = model_rows(untrained, chosen, "ethos-u55-256", cache, others=("map50",))
    own = [
        trial
        for trial in trials_by(SHIPPED, "detection", FINAL["detection"])
        if trial.key.architecture == models.baseline.key
    ]
    # it was trained as often alone as at once, and alone comes first
    here = [trial for trial in own if trial.key.code_path != "many_at_once"]
    (machine,) = {trial.provenance.device for trial in here}
    assert base["trained_on"] == again["trained_on"] == base["baseline_trained_on"] == machine
    assert base["seeds"] == len(here) < len(own)
    map50 = [trial.quality["map50"] for trial in here]
    assert base["map50"] == again["map50"] == pytest.approx(statistics.mean(map50))
    assert math.isnan(predicted["map50"])


def test_other_photographs_widen_the_interval_of_a_quality_and_not_that_of_a_difference():
    own, base = (Quality(each, each - 0.03, each + 0.03, 5, "trained", "final") for each in (0.6, 0.5))
    found = quality_columns(own, base, photographs=(0.04, 0.0))
    assert (found["quality_low"], found["quality_high"]) == pytest.approx((0.6 - 0.05, 0.6 + 0.03))
    alone = quality_columns(own, base)
    assert (alone["quality_low"], alone["quality_high"]) == pytest.approx((0.57, 0.63))
    for name in ("quality_difference_low", "quality_difference_high"):
        assert found[name] == alone[name]
    # by .1 less some .04 it is surely better, whatever the photographs
    assert keeps(found, 0.0) == {"keeps_quality": True, "surely_keeps": True}


def test_what_photographs_do_is_bounded_by_the_baselines_interval(tmp_path):
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "baselines.csv").write_text(
        "task,dataset,quality,quality_low,quality_high\nclassification,fashion_items,0.9,0.89,0.91\n"
        "classification,fashion_objects,0.6,0.55,0.63\n"
    )
    assert photograph_term(tmp_path, "classification", "fashion_objects") == pytest.approx((0.05, 0.03))
    with pytest.raises(BenchmarkInputError, match="no row of detection on fashion_scenes"):
        photograph_term(tmp_path, "detection", "fashion_scenes")
    with pytest.raises(BenchmarkInputError, match="no row of detection on fashion_scenes"):
        photograph_term(tmp_path / "nowhere", "detection", "fashion_scenes")


def test_a_source_is_better_the_more_it_saw():
    kinds = [("trained", "final"), ("trained", "search"), ("predicted", "search")]
    ranks = [Quality(0.5, 0.4, 0.6, 1, *kind).rank for kind in kinds]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 3
