"""What the article says of its results and of what they come to in products."""

from __future__ import annotations

import math
from collections.abc import Iterable

from benchmarks.experiments.claims.claim import CLASSIFICATION, DETECTION, SEGMENTATION, UNSAID, Claim, reach
from benchmarks.experiments.claims.figures import (
    Results,
    Row,
    Source,
    at_equal_quality,
    kept,
    known_by,
    over,
    over_tasks,
    trained_alike,
)
from benchmarks.experiments.claims.fusion import ALONE, SKELETONS, fused_late, more_macs_no_latency
from benchmarks.experiments.claims.rules import Figure

ISO = "iso_latency/iso_latency.csv"
LEVELS = "detection/detection_levels.csv"
RESULTS = "Results and product impact"
ON_THE_WHOLE = (
    "that models can be so is said of networks in general, not of every cell: the mean over tasks, its interval"
)


def interaction(results: Results) -> Figure:
    """Points by which V3 saves more than V1 and V2 would together if their effects were independent: where all three
    are trained and keep the quality.  The lower end is known where all surely keep it.
    """
    measured = (
        "points of per cent that V3 saves beyond 1 - (1 - V1)(1 - V2), where all three keep the quality, mean over "
        "accelerators; n counts accelerators"
    )
    by_cell = _by_accelerator(results.rows(DETECTION))
    if not by_cell:
        return Figure(measured=measured)
    predicted = _predicted_interactions(results)
    note = f"by predictions of equal quality, at the tolerances {predicted}" if predicted else ""
    alike = [rows for rows in by_cell if trained_alike(*rows)]
    if len(alike) < len(by_cell):
        lacking = f"V1, V2 and V3 are trained alike on {len(alike)} of {len(by_cell)} accelerators"
        return Figure(measured=measured, lacking=lacking, note=note)
    able = [rows for rows in alike if all(row["keeps_quality"] for row in rows)]
    if not able:
        counted = [_beyond_independent(kept(row)[0] for row in rows) for rows in by_cell]
        lacking = (
            "on no accelerator do V1, V2 and V3, trained, all keep the quality; with 0 for those that do not it is "
            f"{min(counted):.1f} to {max(counted):.1f} points, which is the quality's doing and no interaction"
        )
        return Figure(measured=measured, lacking=lacking, note=note)
    points = [_beyond_independent(row["latency_reduction_pct"] for row in rows) for rows in able]
    sure = all(row["surely_keeps"] for rows in able for row in rows)
    figure = over(points, "compiled, trained", measured)
    return figure._replace(low=figure.low if sure else math.nan, note=note)


PARTS = ("V1", "V2", "V3")


def _by_accelerator(rows: list[Row]) -> list[list[Row]]:
    """The rows of PARTS for each accelerator that has all of them."""
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(row["accelerator"], {})[row["model"]] = row
    return [[of[part] for part in PARTS] for of in found.values() if set(PARTS) <= set(of)]


def _beyond_independent(reductions: Iterable[float]) -> float:
    """Points by which the last of PARTS saves more than the first two would together, of per cent that each saves."""
    first, second, both = reductions
    return both - 100 * (1 - (1 - first / 100) * (1 - second / 100))


def _predicted_interactions(results: Results) -> str:
    """In words, by tolerance of the predicted quality, the least and the most over accelerators."""
    rows = results.rows(LEVELS)
    found = []
    for tolerance in dict.fromkeys(row["tolerance"] for row in rows):
        cells = _by_accelerator([row for row in rows if row["tolerance"] == tolerance])
        points = [_beyond_independent(row["latency_reduction_pct"] for row in cell) for cell in cells]
        if points:
            found.append(f"{tolerance:g}: {min(points):+.0f} to {max(points):+.0f}")
    return ", ".join(found)


def at_baselines_latency(name: str, measured: str, ratios: bool = False) -> Source:
    """A column of the networks at the baseline's latency, over tasks."""

    def source(results: Results) -> Figure:
        rows = [row for row in results.rows(ISO) if row["model"] != "Baseline"]
        if name.startswith("quality") and (untrained := sum(not row["seeds"] for row in rows)):
            # a search that chose by predictions is flattered by them
            return Figure(measured=measured, lacking=f"{untrained} of {len(rows)} networks of {ISO} are not trained")
        return over_tasks(((row["task"], row[name]) for row in rows), f"compiled, {known_by(rows)}", measured, ratios)

    return source


def users_kwh(results: Results) -> Figure:
    """kWh a year of a million users, by the stated factors."""
    rows = results.rows("sustainability/sustainability.csv", quantity="difference of all users")
    return over(
        (row["value"] for row in rows),
        "modelled",
        "kWh a year of a million users, our detector, stated factors; n counts detectors",
    )


def nothing(results: Results) -> Figure:
    """No part of this project answers."""
    return Figure()


CLAIMS: tuple[Claim, ...] = (
    reach("V1, multipliers alone, saves 14%", f"{RESULTS} 1: table, V1", 14.0, DETECTION, "V1"),
    reach("V2, fusion alone, saves 35%", f"{RESULTS} 1: table, V2", 35.0, DETECTION, "V2"),
    reach("V3, both, saves 53%", f"{RESULTS} 1: Our V3 model improved the latency", 53.0, DETECTION, "V3"),
    Claim(
        "both together save more than their parts",
        f"{RESULTS} 1: table, V1 to V3 (53% against 44% of independent parts)",
        8.9,
        "reach",
        interaction,
        f"{DETECTION} {LEVELS}",
        why="the article's three models all keep the mAP, so theirs is an interaction; that a model does not is none "
        "and has its own row; predictions, which are kinder to V3 than its trainings, are shown and do not judge",
    ),
    Claim(
        "fusing late, larger layers hurts (at the baseline's expansion)",
        f"{RESULTS} 1: The later layers are larger",
        math.nan,
        "below",
        fused_late,
        f"{SKELETONS} {DETECTION} {ALONE}",
        begins=0.0,
        why="a layer that is replaced is fused as it is, at the expansion it has; searches may lower that, and what is "
        "saved then is told beside",
    ),
    Claim(
        "where fusion was selected, MACs increase but latency does not (in most of those layers)",
        f"{RESULTS} 1: For the layers where fusion was selected, the FLOPs",
        math.nan,
        "above",
        more_macs_no_latency,
        f"{DETECTION} {ALONE}",
        begins=0.5,
        why="said of layers, not of the network: of each block that a V2 fuses, alone in the baseline, both at once; "
        "that most of them are enough is ours to say, and kind, as the article makes no exception",
    ),
    Claim(
        "the expert's changes cut model size by 47%",
        f"{RESULTS} 2: With these changes, model developers (model size)",
        47.0,
        "reach",
        at_equal_quality({CLASSIFICATION: ("Expert",)}, "per cent fewer parameters", "param_reduction_pct"),
        CLASSIFICATION,
        why=UNSAID,
    ),
    Claim(
        "the expert's changes cut intermediate memory by 47%",
        f"{RESULTS} 2: With these changes, model developers (intermediate memory)",
        47.0,
        "reach",
        at_equal_quality({CLASSIFICATION: ("Expert",)}, "per cent less peak activations", "peak_reduction_pct"),
        CLASSIFICATION,
        why=UNSAID,
    ),
    Claim(
        "the model fits the budget after search and expert (share of accelerators)",
        f"{RESULTS} 2: fit the model within the required budget",
        math.nan,
        "above",
        at_equal_quality({CLASSIFICATION: ("Expert then NAS",)}, "whether the budget is met", "budget_met"),
        CLASSIFICATION,
        begins=0.5,
        why="the search rejects what does not fit, so that it fits says nothing by itself: it is to keep the quality; "
        f"{UNSAID}",
    ),
    *(
        reach(
            f"segmentation: a candidate saves what the article's {which} does, {pct:g}%",
            f"{RESULTS} 3: figure, model {letter}",
            pct,
            SEGMENTATION,
            *(f"Model {each}" for each in "ABCDE"),
            why="the article does not say how its letters were given, so of ours the one counts that saves most at "
            f"equal mIoU, beside either end of the article's range; {UNSAID}",
        )
        for letter, which, pct in (("A", "least", 27.0), ("E", "best", 51.0))
    ),
    Claim(
        "larger, more accurate models fit with no hit on latency (more accurate)",
        f"{RESULTS} 4: In our NAS work, we discovered that even larger",
        math.nan,
        "above",
        at_baselines_latency("quality_difference", "quality gained at the baseline's latency"),
        ISO,
        begins=0.0,
        why=ON_THE_WHOLE,
    ),
    Claim(
        "larger, more accurate models fit with no hit on latency (larger)",
        f"{RESULTS} 4: In our NAS work, we discovered that even larger models",
        math.nan,
        "above",
        at_baselines_latency("param_bytes_ratio", "parameters over the baseline's at its latency", ratios=True),
        ISO,
        begins=1.0,
        why=ON_THE_WHOLE,
    ),
    Claim(
        "speech is recognised on the device",
        f"{RESULTS} 4: For example, the Amazon Neural Engine has enabled Alexa",
        math.nan,
        "reach",
        nothing,
        "",
    ),
    Claim(
        "the difference to a CPU is millions of kWh a year for a million users",
        "Making edge AI sustainable: For a million average users",
        math.nan,
        "reach",
        users_kwh,
        "sustainability/sustainability.csv",
    ),
)
