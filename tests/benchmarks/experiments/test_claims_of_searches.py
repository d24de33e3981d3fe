"""Verdicts on spaces, searches and scores, by made-up frames: each rule gives each of its verdicts."""

import math

import pytest

from benchmarks.experiments.claims.claim import ESTIMATOR
from benchmarks.experiments.claims.curation import CURATION, LANDSCAPE
from benchmarks.experiments.claims.figures import Results
from benchmarks.experiments.claims.impact import ISO
from benchmarks.experiments.claims.introduction import CONTEST, COSTS, SCORES, fused_early
from tests.benchmarks.experiments.claims_frames import judged, write


@pytest.mark.parametrize(
    ("taus", "wanted"),
    [((0.6, 0.7, 0.75), "reproduced"), ((0.6, 0.7, 0.85), "partly"), ((0.8, 0.8, 0.9), "not reproduced")],
)
def test_taus_of_macs_are_judged_on_all_accelerators(tmp_path, taus, wanted):
    told = {"method": "macs", "set": "general"}
    rows = [told | {"accelerator": name, "kendall_tau": tau} for name, tau in zip("abc", taus, strict=True)]
    assert judged("MACs do not order", write(tmp_path, ESTIMATOR, rows), [ESTIMATOR])[0] == wanted


@pytest.mark.parametrize(
    ("scores_per_s", "wanted"),
    [((5.0, 4.0), "reproduced"), ((5.0, 0.9), "partly"), ((5.0, 0.3), "not reproduced")],  # of 100 s a training
)
def test_scores_are_cheap_as_a_share_of_a_training(tmp_path, scores_per_s, wanted):
    rows = [
        *(
            {"task": task, "score": "az_nas", "scores_per_s": each}
            for task, each in zip("ab", scores_per_s, strict=True)
        ),
        *({"task": "a", "score": score, "scores_per_s": each} for score, each in (("slow", 0.1), ("macs", 1e5))),
    ]
    write(tmp_path, SCORES, rows)
    costs = [{"task": task, "cpu_s": seconds} for task in "ab" for seconds in (50.0, 150.0)]
    results = write(tmp_path, COSTS, costs)
    found, reason = judged("scores of untrained", results, [SCORES, COSTS])
    assert found == wanted
    assert reason.endswith("to 10%")


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
def test_curated_spaces_are_judged_over_tasks(tmp_path, claim, pairs, wanted):
    results = write(tmp_path, CURATION, cells(claim[1], pairs))
    found = judged(f"searches of the curated space {claim[0]}", results, [CURATION])
    assert found[0] == wanted


@pytest.mark.parametrize("pair", [(math.inf, 150), (0.0, 150), (100, math.inf)])
def test_a_figure_without_a_ratio_is_told_and_not_judged(tmp_path, pair):
    results = write(tmp_path, CURATION, cells(FASTER[1], [(100, 150), pair]))
    found, reason = judged(f"searches of the curated space {FASTER[0]}", results, [CURATION])
    assert found == "not comparable"
    assert "so that it has no ratio" in reason


@pytest.mark.parametrize(
    ("gains", "ratios", "wanted"),
    [
        ((0.02, 0.01, 0.03, -0.001), (1.5, 2.0, 1.2, 1.3), ("partly", "reproduced")),
        ((0.02, 0.01, 0.03, 0.02), (3.0, 2.0, 0.5, 0.9), ("reproduced", "partly")),
        ((-0.02, 0.01, -0.03, 0.02), (0.3, 2.0, 0.5, 0.9), ("not reproduced", "not reproduced")),
    ],
)
def test_networks_at_the_baselines_latency_are_judged_over_tasks(tmp_path, gains, ratios, wanted):
    rows = [
        {
            **{"task": f"t{at}", "model": "Best at the baseline's latency", "seeds": 5},
            **{"quality_difference": gain, "param_bytes_ratio": ratio},
        }
        for at, (gain, ratio) in enumerate(zip(gains, ratios, strict=True))
    ]
    rows.append({"task": "t0", "model": "Baseline", "seeds": 5, "quality_difference": 0.0, "param_bytes_ratio": 1.0})
    results = write(tmp_path, ISO, rows)
    claim = "larger, more accurate models fit with no hit on latency"
    found = [judged(f"{claim} ({what})", results, [ISO])[0] for what in ("more accurate", "larger")]
    assert tuple(found) == wanted
    # what a search chose by predictions is flattered by them
    untrained = write(tmp_path / "untrained", ISO, [*rows[1:], rows[0] | {"seeds": 0}])
    verdict, reason = judged(f"{claim} (more accurate)", untrained, [ISO])
    assert verdict == "not comparable"
    assert reason.startswith(f"1 of {len(gains)} networks of {ISO} are not trained")


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


@pytest.mark.parametrize(
    ("latency", "wanted"),
    [
        (lambda i, j: 100 + (i + j) * (1 if (i + j) % 2 else 0.5), "reproduced"),
        (lambda i, j: 100 + i + j - 5 * (i == 1 and j > 8), "reproduced"),  # on one of 32 lines, all of which are there
        (lambda i, j: 100 + i + j, "not reproduced"),
        # falls by less than what counts
        (lambda i, j: 100 - 0.01 * (i + j), "not reproduced"),
    ],
)
def test_a_landscape_is_rocky_where_the_compilers_latency_falls_along_lines_on_which_macs_rise(
    tmp_path, latency, wanted
):
    results = write(tmp_path, LANDSCAPE, window(latency))
    found, reason = judged("accelerator-aware cost goes up", results, [LANDSCAPE])
    assert found == wanted
    assert "of 32 against 0 of 32 lines, all of one grid; " in reason
    assert "interval" not in reason


@pytest.mark.parametrize(
    ("latency", "wanted"),
    [
        # few channels are dear, but for those of which four are computed at once
        (lambda i, j: 100 + i + j + 60 * ((i % 4 > 0 or j % 4 > 0) and min(i, j) < 5), "reproduced"),
        # falls on one of the other grids alone
        (lambda i, j: 100 + i + j - 20 * (i == 5 and j > 8), "partly"),
        # falls at every second step, so that no grid of every fourth channel sees it: thinning is not curation
        (lambda i, j: 100 + (i + j) * (1 if i % 2 == j % 2 else 0.5), "not reproduced"),
        (lambda i, j: 100 - i - j, "not reproduced"),
    ],
)
def test_a_curated_space_is_more_monotone_where_fewer_of_its_lines_fall_than_of_others_as_coarse(
    tmp_path, latency, wanted
):
    results = write(tmp_path, LANDSCAPE, window(latency, 4))
    found, reason = judged("the curated space is more monotone", results, [LANDSCAPE])
    assert found == wanted
    assert " of 3 such grids beside them, " in reason


def test_without_a_landscape_nothing_is_said_of_it(tmp_path):
    assert judged("the curated space is more monotone", Results(tmp_path), [LANDSCAPE]) == (
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


@pytest.mark.parametrize(
    ("regrets", "wanted"),
    [
        # of tasks: (multi-shot contenders, scores of untrained networks)
        ([((4, 5, 9), (3, 2, 9)), ((4, 5, 9), (2, 2, 2)), ((4, 5, 9), (2.5, 2, 9))], "reproduced"),
        ([((4, 5, 9), (3, 2, 9)), ((4, 5, 9), (6, 7, 1)), ((4, 5, 9), (2, 2, 2))], "partly"),
        ([((4, 5, 9), (8, 1, 9)), ((4, 5, 9), (6, 7, 1)), ((4, 5, 9), (5, 5, 5))], "not reproduced"),
    ],
)
def test_zero_shot_converges_sooner_where_its_median_is_nearer_the_optimum_at_the_fewest_trainings(
    tmp_path, regrets, wanted
):
    rows = [
        {
            **{"task": f"t{task}", "accelerator": "a", "budget": budget, "family": family, "optimum": 0.5},
            **{"regret": regret if budget == 10 else 0.0 if family == "multi-shot" else 9.0, "train_flops": flops},
        }
        for task, (searched, scored) in enumerate(regrets)
        for budget in (300, 10)
        for family, each, flops in (
            ("multi-shot", searched, 200.0),
            ("zero-shot", scored, 1.0),
            ("count", (0.0, 0.0, 0.0), 0.0),  # looks at no network
        )
        for regret in each
    ]
    found, reason = judged("zero-shot methods are the fastest", write(tmp_path, CONTEST, rows), [CONTEST])
    assert found == wanted
    assert reason.endswith("of 3 cells; scores take 0.5 to 0.5% of the FLOPs")
