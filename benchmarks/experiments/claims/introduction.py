"""What the article says of other ways to search, of special-purpose hardware, and of what is won in all."""

from __future__ import annotations

import math
from statistics import median

from benchmarks.experiments.claims.claim import (
    CLASSIFICATION,
    DETECTION,
    ESTIMATOR,
    SAVED,
    SEGMENTATION,
    UNSAID,
    Claim,
)
from benchmarks.experiments.claims.figures import Results, Row, at_equal_quality, column, over, over_tasks
from benchmarks.experiments.claims.rules import Figure
from benchmarks.statistics.medians import median_by_task

SCORES, LEDGER = "zero_shot/zero_shot.csv", "head_to_head/head_to_head_ledger.csv"
CONTEST = "head_to_head/head_to_head.csv"
COSTS = "timings/training_cost.csv"
TRAINABILITY, ITS_PASS = "az_trainability", "az_nas"
"""AZ-NAS's score of that name, and the score that takes the whole pass it is a part of."""
STAND_IN = (
    "trainability is AZ-NAS's, chosen on 27 November 2026 with its figures seen: the suite's own, which was fixed "
    "before any was, needs ZiCo and the neural tangent kernel, hours of a core for these networks"
)
KINDS = "Varieties of neural-architecture search"

SEVERAL_TASKS = {
    DETECTION: ("V1", "V2", "V3", "Full NAS"),
    SEGMENTATION: tuple(f"Model {letter}" for letter in "ABCDE"),
    CLASSIFICATION: ("NAS", "Expert then NAS"),
}
"""Models of the article's tables that a search found, by file; an expert's rules alone are no search."""

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
    what = (
        "per cent of latency saved by fusing the first block, at its best expansion of those with more MACs, "
        "mean over cells; n counts cells"
    )
    return over((max(values) for values in found.values()), "compiled", what)


def gpu_days(results: Results) -> Figure:
    """GPU-days of a multi-shot search of 300 trainings."""
    rows = results.rows(LEDGER, family="multi-shot", budget=300)
    days = [row["seconds"] / 86_400 for row in rows if "NVIDIA" in row["machine"]]
    return over(
        days, "modelled", "GPU-days of 300 trainings, by FLOPs at the tables' own rate, mean over tasks; n counts tasks"
    )


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
    what = (
        "per cent of the median training's CPU seconds that trainability's pass takes, mean over tasks; n counts tasks"
    )
    figure = over(own, "measured", what)
    every = [share for _, share in shares]
    return figure._replace(note=f"of all scores {min(every):.2g} to {max(every):.2g}%" if every else "")


def sooner_without_training(results: Results) -> Figure:
    """Points of regret that the median score of untrained networks saves against the median multi-shot contender where
    the contest has the fewest trainings, of which scores take none; scores that look at no network are another family.
    """
    rows = results.rows(CONTEST)
    if not rows:
        return Figure()
    budget = min(row["budget"] for row in rows)
    cells: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for row in rows:
        if row["budget"] == budget:
            cells.setdefault((row["task"], row["accelerator"]), {}).setdefault(row["family"], []).append(row)
    pairs = [
        (task, of["multi-shot"], of["zero-shot"])
        for (task, _), of in cells.items()
        if {"multi-shot", "zero-shot"} <= set(of)
    ]
    saved = ((task, _regret(trained) - _regret(scored)) for task, trained, scored in pairs)
    what = (
        "points of regret, in per cent of the optimum, that the median score of untrained networks saves against the "
        f"median multi-shot contender of {budget} trainings"
    )
    figure = over_tasks(saved, "predicted", what)
    shares = [100 * _flops(scored) / _flops(trained) for _, trained, scored in pairs]
    spent = f"; scores take {min(shares):.2g} to {max(shares):.2g}% of the FLOPs" if shares else ""
    return figure._replace(note=figure.note + spent)


def _regret(rows: list[Row]) -> float:
    return median(100 * row["regret"] / row["optimum"] for row in rows)


def _flops(rows: list[Row]) -> float:
    return median(row["train_flops"] for row in rows)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "latency falls by as much as 55%",
        "Introduction: In experiments involving several different machine learning tasks",
        55.0,
        "reach",
        at_equal_quality(SEVERAL_TASKS, SAVED, most=True),
        " ".join(SEVERAL_TASKS),
        why='"our NAS strategies", "as much as", in "several tasks": the most of any task\'s network that a search '
        f"found and that keeps its baseline's quality; {UNSAID}",
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
            *(ESTIMATOR, "kendall_tau", "compiled"),
            "Kendall's tau of MACs and latency, mean over accelerators; n counts accelerators",
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
            "FLOPs of a search in trainings of one network, at a spend of passes that was set, mean over searches; n "
            "counts searches",
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
        "zero-shot methods are the fastest to converge",
        f"{KINDS}: Zero-shot methods are the fastest",
        math.nan,
        "above",
        sooner_without_training,
        CONTEST,
        begins=0.0,
        why="that they end soonest is the row above; to have converged is to be near the optimum, so: nearer it than "
        "multi-shot search at the fewest trainings that a contest has, by the median of each family, as nobody knows "
        "beforehand which member wins",
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
            "Kendall's tau of trainability and quality, mean over tasks; n counts tasks",
            score=TRAINABILITY,
        ),
        SCORES,
        begins=0.5,
        why=STAND_IN,
    ),
)
