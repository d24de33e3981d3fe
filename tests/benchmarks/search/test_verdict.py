"""What is said of searches that come to nothing, and of winners that are no better than the baseline."""

import io
import math

import numpy as np
import pytest
from rich.console import Console

from benchmarks.search.shown import search_table
from benchmarks.search.verdict import against_random, exclusion, no_better_than_baseline, verdict, why_nothing
from nas_algos.evaluator import Evaluation
from nas_algos.ledger import Spend
from nas_algos.trajectory import Candidate, Found


def found(*candidates):
    return Found(None, tuple(candidates), Spend())


def candidate(latency, params=1.0, quality=None, error=None):
    evaluations = () if quality is None else (Evaluation(quality, Spend(), error),)
    return Candidate(
        0, (0,), {"latency_ms": latency, "param_bytes": params}, "evaluated", quality, (), 1.0, evaluations
    )


@pytest.mark.parametrize(
    ("seen", "bounds", "line"),
    [
        (
            [found(candidate(0.08), candidate(0.046)), found(candidate(0.05))],
            {"latency_ms": 1e-9},
            "none of 3 proposals is within latency_ms <= 1e-09; the least seen was 0.046",
        ),
        (
            [found(candidate(0.08, 5), candidate(0.3, 2))],
            {"latency_ms": 0.1, "param_bytes": 3},
            "none of 2 proposals is within latency_ms <= 0.1 and param_bytes <= 3; each alone can be kept, no network "
            "keeps all; the least latency_ms among those within param_bytes <= 3 was 0.3",
        ),
        (
            [found(candidate(0.08, 5), candidate(0.3, 4))],
            {"latency_ms": 0.1, "param_bytes": 3},
            "none of 2 proposals is within latency_ms <= 0.1 and param_bytes <= 3; the least seen was 0.08 and 4",
        ),
        ([found()], {"latency_ms": 1}, "none of 0 proposals is within latency_ms <= 1; the least seen was nothing"),
        (
            [found(candidate(0.5, quality=math.nan, error="loss is NaN"), candidate(0.5))],
            {"latency_ms": 1},
            "1 of 1 evaluations within the bounds came to no map and none to one that counts: loss is NaN",
        ),
        (
            [found(candidate(0.5, quality=0.25), candidate(0.5, quality=0.125))],
            {"latency_ms": 1},
            "none of 2 proposals within the bounds can be given out; the best map seen was 0.25",
        ),
    ],
)
def test_a_search_that_found_nothing_says_why_with_the_least_and_the_best_seen(seen, bounds, line):
    assert why_nothing(seen, bounds, "map") == line


def test_of_three_bounds_one_is_told_that_goes_beyond_what_the_others_leave():
    bounds = {"a": 1.0, "b": 1.0, "c": 1.0}
    said = "each alone can be kept, no network keeps all"
    costs = {"a": np.array([1.0, 1.0, 2.0]), "b": np.array([1.0, 3.0, 1.0]), "c": np.array([4.0, 1.0, 2.0])}
    assert exclusion(costs, bounds) == f"{said}; the least b among those within a <= 1 and c <= 1 was 3"
    apart = {name: np.where(np.arange(3) == place, 1.0, 2.0) for place, name in enumerate("abc")}
    assert exclusion(apart, bounds) == said


def test_it_says_once_why_searches_ended_before_their_budget_was_spent():
    early = [found(candidate(0.5))._replace(ended="all 64 genotypes were looked at")] * 2
    assert why_nothing([*early, found(candidate(0.5))], {"latency_ms": 0.1}, "map") == (
        "none of 3 proposals is within latency_ms <= 0.1; the least seen was 0.5; all 64 genotypes were looked at"
    )


def row(quality, within_bound=True, spread=math.nan, latency_ms=0.5):
    known = {"network": "seed 0", "latency_ms": latency_ms, "within_bound": within_bound}
    return known | {"quality": quality, "quality_low": quality - spread, "quality_high": quality + spread}


def test_winners_that_are_no_better_than_the_baseline_are_said_to_be():
    line = no_better_than_baseline([row(0.31), row(0.35), row(math.nan)], row(0.36, False), "map")
    assert line.endswith("better than the baseline: map 0.31 to 0.35, the baseline's 0.36 (over the bound)")
    assert no_better_than_baseline([row(0.31), row(0.37)], row(0.36), "map") == ""
    assert no_better_than_baseline([], row(0.36), "map") == ""
    assert no_better_than_baseline([row(0.31)], row(math.nan), "map") == ""


@pytest.mark.parametrize(
    ("rows", "baseline", "said"),
    [
        (
            [row(0.40, spread=0.01), row(0.37, spread=0.01)],
            row(0.36, spread=0.01, latency_ms=1.0),
            "seed 0 is better than the baseline: map 0.4, +0.04 (the 95% intervals lie apart); 0.5 ms, the baseline's "
            "1 ms (-50%)",
        ),
        ([row(0.40, spread=0.05)], row(0.36, spread=0.01), "+0.04 (the 95% intervals overlap)"),
        ([row(0.40)], row(0.36), "+0.04 (one training each says little)"),
        ([row(0.40, False)], row(0.36), "seed 0, over the bounds, is better than the baseline"),
        ([row(0.40, False), row(0.30)], row(0.36), "within the bounds but no better than the baseline: map 0.3, -0.06"),
        (
            [row(0.50, spread=0.01), row(0.70, False, spread=0.01)],
            row(0.60, spread=0.01),
            "no better than the baseline: map 0.5, -0.1 (the 95% intervals lie apart)",
        ),
        ([row(0.30)], row(0.36), "no network that was found is better than the baseline: map 0.3 to 0.3"),
        ([row(math.nan)], row(0.36), "no training of a winner came to a finite map"),
        ([row(0.3)], row(math.nan), "seed 0 has a map of 0.3, the baseline none"),
    ],
)
def test_a_search_ends_with_how_its_best_network_compares_with_the_baseline(rows, baseline, said):
    line = verdict(rows, baseline, "map")
    assert said in line
    assert "nan" not in line


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        (
            {"a": (0.5, 0.9)},
            "none is better than random search beyond chance (Welch's test with Holm's adjustment, p < 0.05)",
        ),
        ({"a": (3.0, 0.01)}, "none is better than random search beyond chance; worse: a (Welch"),
        ({}, "nothing was compared with random search"),
        ({"a": (3.0, 0.01), "b": (0.5, 0.01), "c": (0.1, 0.04)}, "better than random search: c, b; worse: a (Welch"),
    ],
)
def test_who_is_significantly_worse_than_random_search_is_named_whether_or_not_somebody_is_better(losses, said):
    assert against_random({"random": (1.0, math.nan)} | losses, 1.0).startswith(said)


def test_the_table_of_a_search_fits_into_80_columns_has_units_and_no_nan():
    cost = {"peak_activation_bytes": 281_000.0, "param_bytes": 1_900_000.0, "macs": 9e7, "energy_mj": 0.9}
    more = cost | {"off_chip_bytes": 4e6, "seen_by_search": math.nan, "trainings": 1000, "seeds": 3}
    rows = [row(0.4875, spread=0.0625) | more, row(0.4875) | more | {"network": "most param_bytes"}]
    for width in (80, 140):
        written = io.StringIO()
        Console(file=written, width=width).print(search_table(rows, "accuracy", width))
        text = written.getvalue()
        assert max(map(len, text.splitlines())) <= width
        assert ("M MACs" in text) == (width == 140)
        assert "0.487 (0.425-0.550)" in text
        assert "…" not in text
        assert "nan" not in text
