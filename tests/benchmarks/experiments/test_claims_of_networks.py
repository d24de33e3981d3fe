"""Verdicts on what networks save, by made-up frames: each rule gives each of its verdicts."""

import math

import pytest

from benchmarks.experiments.claims.claim import CLASSIFICATION, DETECTION, SEGMENTATION
from benchmarks.experiments.claims.expert import TRANSFER
from benchmarks.experiments.claims.figures import Results, at_equal_quality
from benchmarks.experiments.claims.impact import interaction
from tests.benchmarks.experiments.claims_frames import judged, saving, write


def test_what_is_not_sure_to_keep_the_quality_is_counted_as_nothing_at_the_lower_end(tmp_path):
    rows = [
        saving("V1", "a", 30.0, True, True),
        saving("V1", "b", 20.0, True, False),
        saving("V1", "c", 90.0, False, False, 0),
    ]
    rows.append(saving("V2", "b", 15.0, True, True))
    results = write(tmp_path, "a/a.csv", [*rows[:2], rows[3]])
    assert at_equal_quality({"a/a.csv": ("V1",)}, "saved")(results)[:4] == (25.0, 15.0, 25.0, 2)
    # surely saved on b: V2's 15
    assert at_equal_quality({"a/a.csv": ("V1", "V2")}, "saved")(results)[:4] == (25.0, 22.5, 25.0, 3)
    assert math.isnan(at_equal_quality({"a/b.csv": ("V1",)}, "saved")(results).ours)
    # c might save more, once it is trained
    write(tmp_path, "a/c.csv", rows)
    for most in (True, False):
        figure = at_equal_quality({"a/c.csv": ("V1",)}, "saved", most=most)(results)
        assert math.isnan(figure.ours)
        assert figure.lacking == "no trainings of V1 on c"


def test_it_is_said_where_a_figures_network_and_its_baseline_were_trained_on_different_machines(tmp_path):
    apart = {"trained_on": "CPU", "baseline_trained_on": "GPU"}
    rows = [saving("V1", "a", 30.0, True, True) | apart]
    rows.append(saving("V2", "a", 20.0, True, True) | apart)  # less than the figure
    results = write(tmp_path, "a/a.csv", rows)
    for most in (True, False):
        figure = at_equal_quality({"a/a.csv": ("V1", "V2")}, "saved", most=most)(results)
        assert "V1 on a was trained on CPU, its baseline on GPU" in figure.note.split("; ")
        assert "V2 on a" not in figure.note
    results = write(tmp_path, "a/b.csv", [row | {"trained_on": "GPU"} for row in rows])
    assert "trained on" not in at_equal_quality({"a/b.csv": ("V1",)}, "saved")(results).note


def test_it_is_said_whose_the_most_is_and_what_it_were_if_no_quality_had_to_be_kept(tmp_path):
    rows = [saving("V1", "a", 30.0, True, True), saving("V2", "b", 20.0, True, True)]
    rows.append(saving("V2", "c", 90.0, False, False))
    results = write(tmp_path, "a/a.csv", rows)
    models = {"a/a.csv": ("V1", "V2")}
    anyway = "whether the quality is kept or not"
    most = at_equal_quality(models, "saved", most=True)(results)
    assert most.note == f"ours is that of V1 (a) on a; {anyway} 90"
    assert at_equal_quality(models, "saved")(results).note == f"{anyway} {140 / 3:.3g}"
    write(tmp_path, "b/b.csv", rows[2:])
    assert at_equal_quality({"b/b.csv": ("V2",)}, "saved", most=True)(results).note == f"{anyway} 90"


def test_of_many_networks_the_best_that_surely_keeps_the_quality_does_so_for_all_at_once(tmp_path):
    # by .008 above the tolerance's end, with an interval of .0075 to each side
    edge = {"quality_difference": -0.002, "quality_difference_low": -0.0095}
    rows = [saving("V1", str(place), 30.0, True, True) | edge for place in range(40)]
    for count, low in ((1, 30.0), (40, 0.0)):
        results = write(tmp_path, f"a/{count}.csv", rows[:count])
        assert at_equal_quality({f"a/{count}.csv": ("V1",)}, "saved", most=True)(results)[:2] == (30.0, low)
        assert at_equal_quality({f"a/{count}.csv": ("V1",)}, "saved")(results)[:2] == (30.0, 30.0)


def test_the_best_of_few_trainings_each_is_as_sure_as_students_distribution_has_it(tmp_path):
    # of two networks, and 4 degrees of freedom: 3.495 / 2.776 = 1.259 times the half interval; of many seeds 1.144
    edge = {"quality_difference": -0.002, "quality_difference_low": -0.0087}
    for seeds, of_baseline, low in ((1_000, 1_000, 30.0), (5, 1_000, 0.0), (1_000, 5, 0.0), (2, 2, 30.0)):
        rows = [saving(model, "a", 30.0, True, True, seeds) | edge for model in ("V1", "V2")]
        results = write(
            tmp_path, f"a/{seeds}_{of_baseline}.csv", [row | {"baseline_seeds": of_baseline} for row in rows]
        )
        models = {f"a/{seeds}_{of_baseline}.csv": ("V1", "V2")}
        # whether the most of any or each accelerator's most is asked for
        assert at_equal_quality(models, "saved", most=True)(results)[:2] == (30.0, low)
        assert at_equal_quality(models, "saved")(results)[:2] == (30.0, low)


def test_a_network_that_is_not_trained_counts_where_it_might_change_the_figure(tmp_path):
    models = {"a/a.csv": ("V1", "V3")}
    rows = [saving("V1", "a", 30.0, True, True), saving("V1", "b", 20.0, True, True)]
    # of the most, one that saves less than another on any accelerator cannot
    results = write(tmp_path, "a/a.csv", [*rows, saving("V3", "b", 29.0, False, False, 0)])
    assert at_equal_quality(models, "saved", most=True)(results)[:3] == (30.0, 30.0, 30.0)
    # of the mean, one can that might be its accelerator's best
    assert at_equal_quality(models, "saved")(results).lacking == "no trainings of V3 on b"
    results = write(tmp_path, "a/b.csv", [*rows, saving("V3", "b", 19.0, False, False, 0)])
    assert at_equal_quality({"a/b.csv": ("V1", "V3")}, "saved")(results)[:3] == (25.0, 25.0, 25.0)
    # on the accelerator whose other network is trained
    results = write(tmp_path, "a/c.csv", [rows[1], saving("V3", "b", 60.0, False, False, 0)])
    assert at_equal_quality({"a/c.csv": ("V1", "V3")}, "saved", most=True)(results).lacking == "no trainings of V3 on b"


@pytest.mark.parametrize(
    ("difference", "low", "wanted"),
    [(-0.01, -0.01, "reproduced"), (-0.01, -0.02, "partly"), (-0.02, -0.03, "not reproduced")],
)
def test_the_most_that_is_saved_may_be_of_any_task_and_must_keep_the_quality(tmp_path, difference, low, wanted):
    write(tmp_path, DETECTION, [saving("V1", "a", 5.0, False, False)])
    write(tmp_path, SEGMENTATION, [saving("Model E", "a", 70.0, False, False)])
    row = {"model": "NAS", "accelerator": "a", "latency_reduction_pct": 50.0, "seeds": 5}
    row |= {"quality_difference": difference, "quality_difference_low": low}
    results = write(tmp_path, CLASSIFICATION, [row])
    files = [f"{task}/{task}.csv" for task in ("detection", "segmentation", "classification")]
    assert judged("latency falls by as much as", results, files)[0] == wanted


def test_what_an_experts_rules_save_alone_is_nothing_that_a_search_saved(tmp_path):
    rows = [saving(name, "a", 70.0, True, True) for name in ("Expert", "Fusion only")]
    write(tmp_path, DETECTION, [*rows, saving("V2", "b", 40.0, True, True)])
    results = write(tmp_path, CLASSIFICATION, [saving("Expert", "a", 80.0, True, True)])
    files = [f"{task}/{task}.csv" for task in ("detection", "segmentation", "classification")]
    reason = judged("latency falls by as much as", results, files)[1]
    assert reason.startswith("ours 40 does not reach")
    assert "ours is that of V2 (detection) on b" in reason


def held(model, accelerator, saved, quality, seeds=5, recipe="final"):
    """A row of detection.csv whose difference in quality from the baseline is known to .006."""
    return {
        **{"model": model, "accelerator": accelerator, "latency_ms": 100 - saved, "latency_reduction_pct": saved},
        **{"map": quality, "quality_difference_low": -0.006, "quality_difference_high": 0.006},
        **{"seeds": seeds, "recipe": recipe},
    }


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        # neither keeps the baseline's quality, which is not the question
        ([("V2", "a", 21, 0.64), ("V1", "a", 14, 0.64), ("V2", "b", 40, 0.66), ("V1", "b", 6, 0.64)], "reproduced"),
        ([("V2", "a", 21, 0.632), ("V1", "a", 14, 0.64), ("V2", "b", 40, 0.66), ("V1", "b", 6, 0.64)], "partly"),
        # faster and worse
        ([("V2", "a", 50, 0.5), ("V1", "a", 14, 0.64)], "not reproduced"),
        # slower and no better, beside faster and no worse
        (
            [("V2", "a", 10, 0.64), ("V1", "a", 40, 0.64), ("V2", "b", 40, 0.66), ("V1", "b", 30, 0.64)],
            "not reproduced",
        ),
        ([("V2", "a", 21, 0.4, 0), ("V1", "a", 14, 0.64)], "not comparable"),
        ([("V2", "a", 21, 0.4, 5, "search"), ("V1", "a", 14, 0.64)], "not comparable"),
    ],
)
def test_fusion_and_channels_are_held_against_each_other(tmp_path, rows, wanted):
    results = write(tmp_path, DETECTION, [held(*row) for row in rows])
    assert judged("fusing blocks contributes more", results, [DETECTION])[0] == wanted


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([("Full NAS", "a", 50, 0.64), ("Fusion only", "a", 40, 0.64)], "reproduced"),
        ([("Full NAS", "a", 50, 0.632), ("Fusion only", "a", 40, 0.64)], "partly"),
        ([("Full NAS", "a", 70, 0.55), ("Fusion only", "a", 40, 0.64)], "not reproduced"),
        ([("Full NAS", "a", 70, 0.55), ("Fusion only", "a", 40, 0.4, 0)], "not comparable"),
    ],
)
def test_the_full_search_and_fusion_alone_have_a_verdict_once_both_are_trained(tmp_path, rows, wanted):
    found, reason = judged("the full search", write(tmp_path, DETECTION, [held(*row) for row in rows]), [DETECTION])
    assert found == wanted
    if wanted == "not comparable":
        assert reason == "Full NAS and Fusion only are trained alike on no accelerator"
    if wanted == "not reproduced":
        assert reason.endswith("Full NAS is faster on 1 and has a higher mAP on 0 of 1 accelerators")


@pytest.mark.parametrize(
    ("v3", "wanted"),
    [
        ((70.0, True, True), "reproduced"),  # against 1 - .8 * .5 = 60
        ((70.0, True, False), "partly"),
        ((60.0, True, True), "not reproduced"),
        ((70.0, False, False), "not comparable"),
        ((70.0, True, True, 0), "not comparable"),
    ],
)
def test_parts_and_both_together_are_compared_where_all_keep_the_quality(tmp_path, v3, wanted):
    rows = [saving("V1", "a", 20.0, True, True), saving("V2", "a", 50.0, True, True), saving("V3", "a", *v3)]
    # on b one part does not keep it
    rows += [saving("V1", "b", 20.0, False, False), *(saving(name, "b", 50.0, True, True) for name in ("V2", "V3"))]
    write(tmp_path, DETECTION, [row | {"recipe": "final"} for row in rows])
    levels = [
        {"model": model, "accelerator": "a", "tolerance": 0.01, "latency_reduction_pct": saved}
        for model, saved in (("V1", 20.0), ("V2", 50.0), ("V3", 75.0))
    ]
    results = write(tmp_path, "detection/detection_levels.csv", levels)
    found, reason = judged("both together save more", results, [DETECTION, "detection/detection_levels.csv"])
    assert found == wanted
    assert reason.endswith("by predictions of equal quality, at the tolerances 0.01: +15 to +15")


def test_where_a_model_fails_the_quality_its_interaction_is_told_but_not_judged(tmp_path):
    rows = [saving("V1", "a", 20.0, True, True), saving("V2", "a", 50.0, True, True)]
    rows.append(saving("V3", "a", 70.0, False, False))
    figure = interaction(write(tmp_path, DETECTION, [row | {"recipe": "final"} for row in rows]))
    assert "with 0 for those that do not it is -60.0 to -60.0 points" in figure.lacking
    assert math.isnan(figure.ours)
    assert interaction(Results(tmp_path / "none")).lacking == ""


def test_an_interaction_waits_until_all_accelerators_are_trained_alike(tmp_path):
    rows = [saving(name, "a", saved, True, True) for name, saved in (("V1", 20.0), ("V2", 50.0), ("V3", 75.0))]
    others = [row | {"accelerator": "b", "seeds": 0 if row["model"] == "V3" else row["seeds"]} for row in rows]
    figure = interaction(write(tmp_path, DETECTION, [row | {"recipe": "final"} for row in rows + others]))
    assert figure.lacking == "V1, V2 and V3 are trained alike on 1 of 2 accelerators"


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([(True, -0.004, -0.009), (True, 0.01, 0.0)], "reproduced"),
        ([(True, -0.004, -0.02), (True, 0.01, 0.0)], "partly"),
        ([(True, -0.07, -0.1), (True, -0.05, -0.1)], "not reproduced"),  # fits, at a loss
        ([(False, 0.0, 0.0), (False, 0.0, 0.0)], "not reproduced"),
        ([(True, 0.0, 0.0, 0)], "not comparable"),
    ],
)
def test_a_network_fits_the_budget_only_if_it_keeps_the_quality(tmp_path, rows, wanted):
    names = ("budget_met", "quality_difference", "quality_difference_low", "seeds")
    told = {"model": "Expert then NAS", "seeds": 5}
    frame = [told | {"accelerator": at} | dict(zip(names, row, strict=False)) for at, row in enumerate(rows)]
    results = write(tmp_path, CLASSIFICATION, frame)
    assert judged("the model fits the budget", results, [CLASSIFICATION])[0] == wanted


@pytest.mark.parametrize(
    ("rows", "least", "best"),
    [
        # whatever the letter is
        ([("Model A", "a", 60.0, True, True), ("Model E", "a", 20.0, True, True)], "reproduced", "reproduced"),
        ([("Model A", "a", 26.0, True, True), ("Model E", "a", 60.0, True, False)], "reproduced", "partly"),
        ([("Model B", "a", 10.0, True, True), ("Model E", "a", 60.0, False, False)], "partly", "partly"),
        ([("Model A", "a", 30.0, False, False), ("Model E", "a", 60.0, False, False)], *["not reproduced"] * 2),
        ([("Model A", "a", 30.0, True, True, 0)], "not comparable", "not comparable"),
    ],
)
def test_of_segmentations_candidates_the_one_counts_that_saves_most_at_equal_quality(tmp_path, rows, least, best):
    results = write(tmp_path, SEGMENTATION, [saving(*row) for row in rows])
    for which, wanted in (("least", least), ("best", best)):
        name = f"segmentation: a candidate saves what the article's {which}"
        assert judged(name, results, [SEGMENTATION])[0] == wanted


def moved(model, latency, quality, source="trained", trainings=0):
    """A row of transfer.csv whose difference in quality from a baseline of 10 ms and .8 is known to .03."""
    return {
        **{"target": "classification", "model": model, "accelerator": "a", "latency_ms": latency},
        **{"latency_reduction_pct": 10 * (10 - latency), "quality": quality, "quality_difference": quality - 0.8},
        **{"quality_difference_low": quality - 0.83, "quality_difference_high": quality - 0.77},
        **{"seeds": 5, "recipe": "final"},
        **{"quality_source": source, "trainings": trainings},
    }


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        (moved("Searched anew", 5.4, 0.76, trainings=100), "reproduced"),
        (moved("Searched anew", 4.6, 0.72, trainings=100), "partly"),
        (moved("Searched anew", 5.0, 0.69, trainings=100), "not reproduced"),
        (moved("Searched anew", 9.9, 0.82, trainings=100), "not comparable"),
        (moved("Searched anew", 5.0, 0.76, "predicted", trainings=100), "not comparable"),
        (moved("Expert-adapted", 5.0, 0.76), "not comparable"),
    ],
)
def test_a_transferred_network_is_held_against_one_of_the_targets_own_search_at_its_latency(tmp_path, own, wanted):
    results = write(tmp_path, TRANSFER, [moved("Baseline", 10.0, 0.8), moved("As it is", 5.0, 0.7), own])
    found, reason = judged("a detector's network is not easy to transfer", results, [TRANSFER])
    assert found == wanted
    assert reason.endswith(
        "beside the full-size baseline it saves 50 to 50% of the latency, and its trained quality "
        "differs by -0.100 to -0.100"
    )


def test_of_a_transferred_network_that_is_not_trained_it_is_said_that_its_quality_is_predicted(tmp_path):
    results = write(tmp_path, TRANSFER, [moved("As it is", 5.0, 0.7, "predicted") | {"seeds": 0}])
    reason = judged("a detector's network is not easy to transfer", results, [TRANSFER])[1]
    assert reason.endswith("its predicted quality differs by -0.100 to -0.100")


def test_models_that_some_accelerators_lack_trainings_of_are_not_held_against_each_other(tmp_path):
    rows = [held("Full NAS", "a", 70, 0.55), held("Fusion only", "a", 40, 0.64)]
    rows += [held("Full NAS", "b", 70, 0.64), held("Fusion only", "b", 40, 0.64, 0)]
    found, reason = judged("the full search", write(tmp_path, DETECTION, rows), [DETECTION])
    assert (found, reason) == ("not comparable", "Full NAS and Fusion only are trained alike on 1 of 2 accelerators")
