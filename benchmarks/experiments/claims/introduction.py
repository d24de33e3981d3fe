"""What the article says of other ways to search, of special-purpose hardware, and of what is won in all."""

from __future__ import annotations

import math

from benchmarks.experiments.claims.claim import CLASSIFICATION, DETECTION, ESTIMATOR, SAVED, SEGMENTATION, Claim
from benchmarks.experiments.claims.figures import Results, at_equal_quality, column, over
from benchmarks.experiments.claims.rules import Figure
from benchmarks.statistics.medians import median_by_task

SCORES, LEDGER = "zero_shot/zero_shot.csv", "head_to_head/head_to_head_ledger.csv"
COSTS = "timings/training_cost.csv"
TRAINABILITY, ITS_PASS = "az_trainability", "az_nas"
"""AZ-NAS's score of that name, and the score that takes the whole pass it is a part of."""
STAND_IN = (
    "trainability is AZ-NAS's, chosen on 27 November 2026 with its figures seen: the suite's own, which was fixed "
    "before any was, needs ZiCo and the neural tangent kernel, hours of a core for these networks"
)
KINDS = "Varieties of neural-architecture search"

SEVERAL_TASKS = {
    DETECTION: ("V1", "V2", "V3", "Fusion only", "Expert", "Full NAS"),
    SEGMENTATION: tuple(f"Model {letter}" for letter in "ABCDE"),
    CLASSIFICATION: ("Expert", "NAS", "Expert then NAS"),
}
"""Models of the article's tables, by file."""

COUNTS = ("macs", "params", "depth")
"""Scores that look at no network."""


def fused_early(results: Results) -> Figure:
    """Per cent of latency saved where the first block is fused, at its best expansion of those with more MACs."""
    file, found = "skeletons/skeletons.csv", dict[tuple[str, str], list[float]]()
    base = {(row["task"], row["accelerator"]): row["macs"] for row in results.rows(file, decision="baseline")}
    for row in results.rows(file, decision="block_1_1"):
        where = row["task"], row["accelerator"]
        if row["macs"] > base[where]:
            found.setdefault(where, []).append(row["latency_reduction_pct"])
    what = "per cent of latency saved by fusing the first block, at its best expansion of those with more MACs"
    return over((max(values) for values in found.values()), "compiled", what)


def gpu_days(results: Results) -> Figure:
    """GPU-days of a multi-shot search of 300 trainings."""
    rows = results.rows(LEDGER, family="multi-shot", budget=300)
    days = [row["seconds"] / 86_400 for row in rows if "NVIDIA" in row["machine"]]
    return over(days, "modelled", "GPU-days of 300 trainings, by FLOPs at the tables' own rate")


def score_share(results: Results) -> Figure:
    """Per cent of the median training's CPU seconds that the pass takes which trainability needs, by task, both without
    their compilation; all scores that look at a network beside.
    """
    seconds = median_by_task(results.rows(COSTS), lambda row: row["cpu_s"])
    shares = [
        (row["score"], 100 / (row["scores_per_s"] * seconds[row["task"]]))
        for row in results.rows(SCORES)
        if row["task"] in seconds and row["score"] not in COUNTS
    ]
    own = (share for score, share in shares if score == ITS_PASS)
    figure = over(
        own, "measured", "per cent of the median training's CPU seconds that trainability's pass takes, by task"
    )
    every = [share for _, share in shares]
    return figure._replace(note=f"of all scores {min(every):.2g} to {max(every):.2g}%" if every else "")


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "latency falls by as much as 55%",
        "Introduction: In experiments involving several different machine learning tasks",
        55.0,
        "reach",
        at_equal_quality(SEVERAL_TASKS, SAVED, most=True),
        " ".join(SEVERAL_TASKS),
        why='"as much as", in "several tasks": the most of any task\'s network that keeps its baseline\'s quality',
    ),
    Claim(
        "more MACs can take less time",
        "Introduction: But this approach doesn't work with neural chips",
        math.nan,
        "above",
        fused_early,
        "skeletons/skeletons.csv",
        begins=0.0,
    ),
    Claim(
        "MACs do not order networks by latency (tau below .8)",
        "Introduction: The standard way to optimize a neural network",
        math.nan,
        "below",
        column(
            *(ESTIMATOR, "kendall_tau", "compiled", "Kendall's tau of MACs and latency, by accelerator"),
            **{"method": "macs", "set": "general"},
        ),
        ESTIMATOR,
        begins=0.8,
        why="of all accelerators whose networks are compiled; that two orders agree from .8 on is ours to say",
    ),
    Claim(
        "multi-shot search takes up to 2,000 GPU-days",
        "Making edge AI sustainable: We mentioned earlier that multishot NAS",
        math.nan,
        "below",
        gpu_days,
        LEDGER,
    ),
    Claim(
        "a supernet's training takes much longer than a network's",
        f"{KINDS}: Single-shot methods are designed to be trained only once",
        math.nan,
        "above",
        column(
            "single_shot/single_shot.csv",
            "cost_in_trainings",
            "trained",
            "FLOPs of a search in trainings of one network, at a spend of passes that was set",
        ),
        "single_shot/single_shot.csv",
    ),
    Claim(
        "scores of untrained networks are very cheap (below 1% of a training)",
        f"{KINDS}: Zero-shot methods are the fastest to converge",
        math.nan,
        "below",
        score_share,
        f"{SCORES} {COSTS}",
        begins=1.0,
        why="the article speaks of trainability's score; very cheap is that a hundred networks are scored in the time "
        f"of one training, of the cheaper recipe; {STAND_IN}",
    ),
    Claim(
        "trainability may not correlate well with accuracy (tau below .5)",
        f"{KINDS}: The downside is that the trainability",
        math.nan,
        "below",
        column(
            SCORES,
            "kendall_tau",
            "trained",
            "Kendall's tau of trainability and quality, by task",
            score=TRAINABILITY,
        ),
        SCORES,
        begins=0.5,
        why=STAND_IN,
    ),
)
