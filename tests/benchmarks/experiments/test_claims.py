"""Verdicts come from rules alone, rules are as by hand, and the shipped table is what the shipped CSVs give."""

import ast
import math
import typing
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.experiments.claims.claim import DETECTION, ESTIMATOR, Claim
from benchmarks.experiments.claims.figures import Results, at_equal_quality, over, over_cells
from benchmarks.experiments.claims.impact import interaction
from benchmarks.experiments.claims.introduction import fused_early
from benchmarks.experiments.claims.rules import Figure, Verdict, verdict
from benchmarks.experiments.claims.run import CLAIMS, claims_table
from benchmarks.experiments.claims.settings import Settings

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "benchmarks/experiments/claims"


@pytest.mark.parametrize(
    ("rule", "article", "figure", "wanted"),
    [
        ("reach", 50, Figure(50, 45, 60), "reproduced"),
        ("reach", 50, Figure(50, 44, 60), "partly"),
        ("reach", 50, Figure(46, 0, 60), "partly"),
        ("reach", 50, Figure(44, 1, 60), "partly"),
        ("reach", 50, Figure(44, 0, 60), "not reproduced"),
        ("above", 0, Figure(1, 0.5, 2), "reproduced"),
        ("above", 0, Figure(1, -0.5, 2), "partly"),
        ("above", 0, Figure(-1, -2, 2), "not reproduced"),
        ("below", 1, Figure(0.5, 0.2, 0.9), "reproduced"),
        ("below", 1, Figure(0.5, 0.2, 1.1), "partly"),
        ("below", 1, Figure(1.5, 0.2, 2), "not reproduced"),
        ("below", 1, Figure(0.5, math.nan, math.nan), "partly"),
        ("reach", 50, Figure(), "not comparable"),
        ("reach", math.nan, Figure(1, 1, 1), "not comparable"),
    ],
)
def test_rules_judge_as_by_hand(rule, article, figure, wanted):
    assert verdict(rule, article, figure, 0.9)[0] == wanted


def test_a_reason_has_the_figures():
    _, reason = verdict("reach", 50, Figure(46, 0, 60), 0.9)
    assert reason == "ours 46 reaches 0.9 of the article's 50, its lower end 0 does not"


def test_what_something_is_lacking_for_is_not_comparable_and_the_note_is_read_in_any_case():
    found, reason = verdict("reach", 50, Figure(50, 45, 60, lacking="V9 has no trainings", note="predicted 40"), 0.9)
    assert (found, reason) == ("not comparable", "V9 has no trainings; predicted 40")
    found, reason = verdict("above", 0, Figure(1, 0.5, 2, note="in 3 of 3 cells"), 0.9)
    assert (found, reason) == ("reproduced", "the whole interval, 0.5 to 2, is above 0; in 3 of 3 cells")


def test_more_cells_of_the_same_kind_narrow_the_interval_and_no_cell_counts_by_its_scale():
    few, many = (over_cells([1.0, 2.0, 3.0] * times, "", "") for times in (1, 4))
    half = 4.302653 / math.sqrt(3)  # Student's t of two degrees of freedom, standard deviation 1
    assert few[:4] == (2.0, pytest.approx(2 - half), pytest.approx(2 + half), 3)
    assert few.low < 0 < many.low < many.high < few.high
    assert few.note == "above 0 in 3 of 3 cells"
    ratios = over_cells([0.5, 2.0, 1000.0, 0.001], "", "", ratios=True)
    assert ratios.ours == pytest.approx(1.0)
    assert ratios.note == "above 1 in 2 of 4 cells"


def test_no_verdict_is_typed_anywhere_but_in_the_rules():
    verdicts = set(typing.get_args(Verdict))
    typed = {
        path.name: words
        for path in FOLDER.glob("*.py")
        if (words := verdicts & {n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)})
    }
    assert set(typed) == {"rules.py"}
    assert "verdict" not in Claim._fields


def write(folder, name, rows):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / name, index=False)
    return Results(folder)


def saving(model, accelerator, saved, keeps, surely, seeds=5):
    return {
        **{"model": model, "accelerator": accelerator, "latency_reduction_pct": saved},
        **{"keeps_quality": keeps, "surely_keeps": surely, "seeds": seeds},
    }


def test_what_is_not_sure_to_keep_the_quality_is_counted_as_nothing_at_the_lower_end(tmp_path):
    rows = [
        saving("V1", "a", 30.0, True, True),
        saving("V1", "b", 20.0, True, False),
        saving("V1", "c", 90.0, False, False, 0),
    ]
    rows.append(saving("V2", "b", 15.0, True, True))
    results = write(tmp_path, "a/a.csv", rows)
    figure = at_equal_quality({"a/a.csv": ("V1",)}, "saved")(results)
    assert figure[:4] == (25.0, 15.0, 25.0, 2)  # no trainings on c
    assert at_equal_quality({"a/a.csv": ("V1",)}, "saved", most=True)(results)[:3] == (30.0, 30.0, 30.0)
    # surely saved on b: V2's 15
    assert at_equal_quality({"a/a.csv": ("V1", "V2")}, "saved")(results)[:4] == (25.0, 22.5, 25.0, 3)
    assert math.isnan(at_equal_quality({"a/b.csv": ("V1",)}, "saved")(results).ours)


@pytest.mark.parametrize(
    ("difference", "low", "wanted"),
    [(-0.01, -0.01, "reproduced"), (-0.01, -0.02, "partly"), (-0.02, -0.03, "not reproduced")],
)
def test_the_most_that_is_saved_may_be_of_any_task_and_must_keep_the_quality(tmp_path, difference, low, wanted):
    write(
        tmp_path,
        "detection/detection.csv",
        [saving("V1", "a", 5.0, False, False), saving("V3", "a", 99.0, True, True, 0)],
    )
    write(tmp_path, "segmentation/segmentation.csv", [saving("Model E", "a", 70.0, False, False)])
    row = {"model": "NAS", "accelerator": "a", "latency_reduction_pct": 50.0, "seeds": 5}
    row |= {"quality_difference": difference, "quality_difference_low": low}
    results = write(tmp_path, "classification/classification.csv", [row])
    files = [f"{task}/{task}.csv" for task in ("detection", "segmentation", "classification")]
    assert judged("latency falls by as much as", results, files)[0] == wanted


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([saving("Fusion only", "a", 49.0, True, True, 0)], "not comparable"),
        (
            [saving("Fusion only", "a", 10.0, False, False, 0), saving("Fusion only", "b", 49.0, True, True)],
            "reproduced",
        ),
        ([saving("Fusion only", "a", 49.0, True, False), saving("Fusion only", "b", 9.0, True, True)], "partly"),
        ([saving("Fusion only", "a", 49.0, False, False)], "not reproduced"),
    ],
)
def test_fusion_alone_has_a_verdict_once_it_is_trained(tmp_path, rows, wanted):
    found, reason = judged("fusion alone", write(tmp_path, DETECTION, rows), [DETECTION])
    assert found == wanted
    assert wanted != "not comparable" or reason == "no trainings of Fusion only"


def held(model, accelerator, saved, quality, seeds=5, recipe="final"):
    """A row of detection.csv whose quality is known to .006."""
    return {
        **{"model": model, "accelerator": accelerator, "latency_ms": 100 - saved, "latency_reduction_pct": saved},
        **{"map": quality, "map_low": quality - 0.006, "map_high": quality + 0.006},
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


CLASSIFICATION = "classification/classification.csv"


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


SEGMENTATION = "segmentation/segmentation.csv"


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


@pytest.mark.parametrize(
    ("taus", "wanted"),
    [((0.6, 0.7, 0.75), "reproduced"), ((0.6, 0.7, 0.85), "partly"), ((0.8, 0.8, 0.9), "not reproduced")],
)
def test_taus_of_macs_are_judged_on_the_accelerators_of_the_tables_and_told_of_all(tmp_path, taus, wanted):
    names = ("ethos-u55-256", "ethos-u65-512", "ethos-u85-1024", "ethos-u55-32")
    told = {"method": "macs", "set": "general"}
    rows = [told | {"accelerator": name, "kendall_tau": tau} for name, tau in zip(names, (*taus, 0.95), strict=True)]
    found, reason = judged("MACs do not order", write(tmp_path, "estimator/estimator.csv", rows), [ESTIMATOR])
    assert found == wanted
    assert reason.endswith("; 0.950 on ethos-u55-32, which no table is of")


@pytest.mark.parametrize(
    ("scores_per_s", "wanted"),
    [((5.0, 4.0), "reproduced"), ((5.0, 0.9), "partly"), ((5.0, 0.3), "not reproduced")],  # of 100 s a training
)
def test_scores_are_cheap_as_a_share_of_a_training(tmp_path, scores_per_s, wanted):
    rows = [
        *(
            {"task": task, "score": "az_trainability", "scores_per_s": each}
            for task, each in zip("ab", scores_per_s, strict=True)
        ),
        *({"task": "a", "score": score, "scores_per_s": each} for score, each in (("slow", 0.1), ("macs", 1e5))),
    ]
    write(tmp_path, "zero_shot/zero_shot.csv", rows)
    recipes = [
        {"task": task, "recipe": recipe, "core_seconds": seconds}
        for task in "ab"
        for recipe, seconds in (("search", 100.0), ("final", 0.0))
    ]
    results = write(tmp_path, "tables/recipes.csv", recipes)
    found, reason = judged("scores of untrained", results, ["zero_shot/zero_shot.csv", "tables/recipes.csv"])
    assert found == wanted
    assert reason.endswith("to 10%")


TRANSFER = "transfer/transfer.csv"


def moved(model, latency, quality, source="trained", trainings=0):
    """A row of transfer.csv whose quality is known to .03, of a baseline of 10 ms and a quality of .8."""
    return {
        **{"target": "classification", "model": model, "accelerator": "a", "latency_ms": latency},
        **{"latency_reduction_pct": 10 * (10 - latency), "quality": quality, "quality_difference": quality - 0.8},
        **{"quality_low": quality - 0.03, "quality_high": quality + 0.03, "seeds": 5, "recipe": "final"},
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
        "beside the full-size baseline it saves 50 to 50% of the latency, and its quality differs by -0.100 to -0.100"
    )


def cells(name, pairs):
    """Rows of curation.csv of as many tasks: a column of the curated and of the uncurated space."""
    return [
        {"task": f"t{cell}", "accelerator": "a", "space": space, name: pair[at]}
        for cell, pair in enumerate(pairs)
        for at, space in enumerate(("curated", "uncurated"))
    ]


FASTER = ("converge faster", "expected_evaluations")
STEADIER = ("are more stable", "spread")
SURER = ("are more reliable", "success_rate")


@pytest.mark.parametrize(
    ("claim", "pairs", "wanted"),
    [
        # one cell is worse, and all of a hundred times the figures of the others
        (FASTER, [(100, 150), (100, 160), (100, 140), (100, 170), (100, 155), (11_000, 10_000)], "reproduced"),
        # one cell of thousands does not carry the mean
        (FASTER, [(100, 90), (100, 110), (100, 95), (300, 3_000)], "partly"),
        (FASTER, [(100, 80), (100, 85), (100, 90), (2_000, 2_100)], "not reproduced"),
        (STEADIER, [(0.01, 0.012), (0.02, 0.023), (0.1, 0.13)], "reproduced"),
        (STEADIER, [(0.01, 0.012), (0.02, 0.019), (0.1, 0.13)], "partly"),
        (STEADIER, [(0.01, 0.009), (0.02, 0.019), (0.1, 0.1)], "not reproduced"),
        (SURER, [(0.3, 0.2), (0.4, 0.28), (0.9, 0.8)], "reproduced"),
        (SURER, [(0.3, 0.2), (0.4, 0.45), (0.9, 0.8)], "partly"),
        (SURER, [(0.3, 0.4), (0.4, 0.45), (0.9, 0.9)], "not reproduced"),
    ],
)
def test_curated_spaces_are_judged_over_cells(tmp_path, claim, pairs, wanted):
    results = write(tmp_path, "curation/curation.csv", cells(claim[1], pairs))
    found = judged(f"searches of the curated space {claim[0]}", results, ["curation/curation.csv"])
    assert found[0] == wanted


@pytest.mark.parametrize(
    ("gains", "ratios", "wanted"),
    [
        ((0.02, 0.01, 0.03, -0.001), (1.5, 2.0, 1.2, 1.3), ("partly", "reproduced")),
        ((0.02, 0.01, 0.03, 0.02), (3.0, 2.0, 0.5, 0.9), ("reproduced", "partly")),
        ((-0.02, 0.01, -0.03, 0.02), (0.3, 2.0, 0.5, 0.9), ("not reproduced", "not reproduced")),
    ],
)
def test_networks_at_the_baselines_latency_are_judged_over_cells(tmp_path, gains, ratios, wanted):
    rows = [
        {"model": "Best at the baseline's latency", "seeds": 5, "quality_difference": gain, "param_bytes_ratio": ratio}
        for gain, ratio in zip(gains, ratios, strict=True)
    ]
    rows.append({"model": "Baseline", "seeds": 5, "quality_difference": 0.0, "param_bytes_ratio": 1.0})
    results = write(tmp_path, "iso_latency/iso_latency.csv", rows)
    claim = "larger, more accurate models fit with no hit on latency"
    found = [
        judged(f"{claim} ({what})", results, ["iso_latency/iso_latency.csv"])[0] for what in ("more accurate", "larger")
    ]
    assert tuple(found) == wanted


def window(latency, step=1):
    """Rows of a landscape of 16 x 16 channels, every step-th curated; latency of both channels."""
    sizes = range(1, 17)
    return [
        {
            **{"channels_2": i, "channels_3": j, "macs": 10 * i + j, "latency_ms": latency(i, j)},
            "curated": i % step == 0 and j % step == 0,
        }
        for i in sizes
        for j in sizes
    ]


def judged(claim_begins, results, named):
    """The verdict of the one claim whose name begins so, by made-up frames."""
    (claim,) = [each for each in CLAIMS if each.name.startswith(claim_begins)]
    assert claim.why
    assert claim.files.split() == named
    mark = claim.article if claim.rule == "reach" else claim.begins
    return verdict(claim.rule, mark, claim.source(results), 0.9)


@pytest.mark.parametrize(
    ("latency", "wanted"),
    [
        (lambda i, j: 100 + (i + j) * (1 if (i + j) % 2 else 0.5), "reproduced"),
        # falls on one of 32 lines, which no interval tells from none
        (lambda i, j: 100 + i + j - 5 * (i == 1 and j > 8), "partly"),
        (lambda i, j: 100 + i + j, "not reproduced"),
        # falls by less than what counts
        (lambda i, j: 100 - 0.01 * (i + j), "not reproduced"),
    ],
)
def test_a_landscape_is_rocky_where_the_compilers_latency_falls_along_lines_on_which_macs_rise(
    tmp_path, latency, wanted
):
    results = write(tmp_path, "landscape/landscape.csv", window(latency))
    assert judged("accelerator-aware cost goes up", results, ["landscape/landscape.csv"])[0] == wanted


@pytest.mark.parametrize(
    ("latency", "wanted"),
    [
        (lambda i, j: 100 + (i + j) * (1 if i % 2 == j % 2 else 0.5), "reproduced"),
        (lambda i, j: 100 + i + j - 5 * (i in (1, 3) and j > 8), "partly"),
        (lambda i, j: 100 - i - j, "not reproduced"),
    ],
)
def test_a_curated_space_is_more_monotone_where_fewer_of_its_lines_fall(tmp_path, latency, wanted):
    results = write(tmp_path, "landscape/landscape.csv", window(latency, 4))
    found, reason = judged("the curated space is more monotone", results, ["landscape/landscape.csv"])
    assert found == wanted
    if wanted == "not reproduced":
        assert reason == "ours 0 is not above 0; of single steps 480 of 480 (100.0%) against 24 of 24 (100.0%)"


def test_without_a_landscape_nothing_is_said_of_it(tmp_path):
    assert judged("the curated space is more monotone", Results(tmp_path), ["landscape/landscape.csv"]) == (
        "not comparable",
        "nothing here answers it",
    )


def test_only_fused_blocks_with_more_macs_count_as_more_macs_in_less_time(tmp_path):
    first = {"task": "t", "accelerator": "a"}
    rows = [
        first | {"decision": "baseline", "choice": "baseline", "macs": 100, "latency_reduction_pct": 0.0},
        first | {"decision": "block_1_1", "choice": "fused_ibn_3", "macs": 90, "latency_reduction_pct": 30.0},
        first | {"decision": "block_1_1", "choice": "fused_ibn_4", "macs": 110, "latency_reduction_pct": 20.0},
        first | {"decision": "block_1_1", "choice": "fused_ibn_6", "macs": 150, "latency_reduction_pct": 5.0},
    ]
    assert fused_early(write(tmp_path, "skeletons/skeletons.csv", rows))[:4] == (20.0, 20.0, 20.0, 1)


def test_a_claim_has_a_size_of_the_articles_or_a_direction_that_begins_somewhere_or_is_not_comparable():
    for claim in CLAIMS:
        if claim.rule == "reach":
            assert math.isnan(claim.begins), claim.name
        else:
            assert math.isnan(claim.article), claim.name


def test_a_mean_leaves_out_what_is_not_a_number():
    assert over([1.0, math.nan, 3.0], "", "")[:4] == (2.0, 1.0, 3.0, 2)


def test_the_shipped_table_is_what_the_shipped_csvs_give():
    shipped = pd.read_csv(ROOT / "results/claims/claims.csv")
    made = claims_table(Results(ROOT / "results"), Settings())
    assert shipped["verdict"].tolist() == made["verdict"].tolist()
    assert shipped["ours"].tolist() == pytest.approx(made["ours"].tolist(), rel=1e-4, nan_ok=True)
    assert shipped["reason"].tolist() == made["reason"].tolist()
    assert len(shipped) >= 20


def test_every_claim_has_its_place_in_the_article_and_files_that_are_there():
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        assert ":" in claim.place
        names = claim.files.split()
        assert not names or any((ROOT / "results" / name).exists() for name in names), claim.name
