"""What is said of searches that come to nothing, and of winners that are no better than the baseline."""

import math

import pytest

from benchmarks.search.verdict import no_better_than_baseline, why_nothing
from nas_algos.evaluator import Evaluation
from nas_algos.ledger import Spend
from nas_algos.loop import Candidate, Found


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
            "none of 2 proposals is within latency_ms <= 0.1 and param_bytes <= 3; the least seen was 0.08 and 2",
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


def row(quality, within_bound=True):
    return {"quality": quality, "within_bound": within_bound}


def test_winners_that_are_no_better_than_the_baseline_are_said_to_be():
    line = no_better_than_baseline([row(0.31), row(0.35), row(math.nan)], row(0.36, False), "map")
    assert line.endswith("better than the baseline: map 0.31 to 0.35, the baseline's 0.36 (over the bound)")
    assert no_better_than_baseline([row(0.31), row(0.37)], row(0.36), "map") == ""
    assert no_better_than_baseline([], row(0.36), "map") == ""
    assert no_better_than_baseline([row(0.31)], row(math.nan), "map") == ""
