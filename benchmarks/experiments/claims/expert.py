"""What the article says of an expert in the loop."""

from __future__ import annotations

import math

from benchmarks.experiments.claims.claim import DETECTION, SAVED, UNSAID, Claim, reach
from benchmarks.experiments.claims.figures import (
    TOLERANCE,
    Results,
    Row,
    Source,
    at_equal_quality,
    known_by,
    over,
    trained_alike,
)
from benchmarks.experiments.claims.rules import Figure

DIFFERENCES = "head_to_head/head_to_head_differences.csv"
CONTEST = "head_to_head/head_to_head.csv"
TRANSFER = "transfer/transfer.csv"
ALIKE = 0.1
"""By which share of it two latencies may differ and still be about the same."""
EXPERT = "Productizing NAS with expert-in-the-loop"


def saves_more(one: str, other: str) -> Source:
    """Points of per cent of latency that a model of detection saves more than another, held against each other: 0 where
    neither is faster at a quality that is as good.  Mean over accelerators, all of which are to be trained; the ends
    are the least and the most of them at the ends of the qualities' difference.
    """

    def source(results: Results) -> Figure:
        measured = (
            f"points of per cent of latency that {one} saves more than {other} at a quality as good, or less than 0, "
            "mean over accelerators; n counts accelerators"
        )
        others = {row["accelerator"]: row for row in results.rows(DETECTION, model=other)}
        rows = results.rows(DETECTION, model=one)
        pairs = [(row, others[row["accelerator"]]) for row in rows if row["accelerator"] in others]
        trained = [pair for pair in pairs if trained_alike(*pair)]
        if not pairs:
            return Figure(measured=measured)
        if len(trained) < len(pairs):
            where = f"{len(trained)} of {len(pairs)} accelerators" if trained else "no accelerator"
            return Figure(measured=measured, lacking=f"{one} and {other} are trained alike on {where}")
        found = [_faster(*pair) for pair in trained]
        figure = over((ours for ours, _, _ in found), "compiled, trained", measured)
        faster, better = (
            sum(sign * row[name] > sign * base[name] for row, base in trained)
            for name, sign in (("latency_ms", -1), ("map", 1))
        )
        return figure._replace(
            low=min(low for _, low, _ in found),
            high=max(high for _, _, high in found),
            note=f"{one} is faster on {faster} and has a higher mAP on {better} of {len(trained)} accelerators",
        )

    return source


def _faster(row: Row, base: Row) -> tuple[float, ...]:
    """Points that a row saves more than another, 0 where the faster one's quality is not as good; by the difference of
    their qualities, its lower and its upper end."""
    points = row["latency_reduction_pct"] - base["latency_reduction_pct"]
    gain, half = row["map"] - base["map"], _half(row, base)
    side = math.copysign(1.0, points)
    return tuple(points if side * each >= -TOLERANCE else 0.0 for each in (gain, gain - half, gain + half))


def fusion_alone(results: Results) -> Figure:
    """What fusion alone saves at most, and beside it what the expert's whole procedure does."""
    own, other = (
        at_equal_quality({DETECTION: (name,)}, SAVED, most=True)(results) for name in ("Fusion only", "Expert")
    )
    beside = f"{other.ours:.3g} ({other.low:.3g} to {other.high:.3g})"
    told = (other.lacking or "nothing here answers it") if math.isnan(other.ours) else beside
    return own._replace(note="; ".join(filter(None, (own.note, f"by the other reading, Expert's, {told}"))))


def against_random(other: str, budget: int) -> Source:
    """Regret that a contender saves against another, mean over cells with its interval, of so many searches in each."""

    def source(results: Results) -> Figure:
        counts = [row["seeds"] for row in results.rows(CONTEST, budget=budget, algorithm=other)]
        for row in results.rows(DIFFERENCES, budget=budget, algorithm=other):
            if row["other"] == "baseline_genetic":
                return Figure(
                    *(row["difference"], row["low"], row["high"], min(counts, default=0)),
                    *(
                        "predicted",
                        "points of regret, in per cent of the optimum, saved by starting from the baseline, no "
                        f"expert, {budget} trainings, mean over cells; n counts the searches of each",
                    ),
                )
        return Figure()

    return source


def transferred(target: str) -> Source:
    """Quality that the detector's network has more than the best that a search of the target's own space finds at about
    its latency, of quality known alike; the ends of the widest intervals.
    """

    def source(results: Results) -> Figure:
        measured = (
            f"quality of V3's encoder on {target} less that of its own search at about the same latency, mean over "
            "accelerators; n counts accelerators"
        )
        rows = results.rows(TRANSFER, target=target)
        moved = [row for row in rows if row["model"] == "As it is"]
        pairs = [(row, own) for row in moved if (own := _own_search(row, rows)) is not None]
        if not moved:
            return Figure(measured=measured)
        saved, against = (
            over((row[name] for row in moved), "", "") for name in ("latency_reduction_pct", "quality_difference")
        )
        note = (
            f"beside the full-size baseline it saves {saved.low:.0f} to {saved.high:.0f}% of the latency, and its "
            f"{known_by(moved)} quality differs by {against.low:.3f} to {against.high:.3f}"
        )
        if len(pairs) < len(moved):
            lacking = (
                f"on {len(moved) - len(pairs)} of {len(moved)} accelerators {TRANSFER} lacks a network that a search "
                f"of {target} finds within {100 * ALIKE:g}% of the transferred one's latency, its quality known alike"
            )
            return Figure(measured=measured, lacking=lacking, note=note)
        gains = [_gain(*pair) for pair in pairs]
        figure = over((value for value, _ in gains), f"compiled, {known_by(row for row, _ in pairs)}", measured)
        ends = [value + side * half for value, half in gains for side in (-1, 1)]
        return figure._replace(low=min(ends), high=max(ends), note=note)

    return source


def _gain(row: Row, own: Row) -> tuple[float, float]:
    """Quality that a row has more than another, and half of its interval."""
    return row["quality"] - own["quality"], _half(row, own)


def _half(*rows: Row) -> float:
    """Half of the interval of the difference of rows' qualities on the same images, by the seeds alone: by those of
    their differences from the baseline, taken as independent, which counts the baseline's seeds twice.
    """
    return math.hypot(*((row["quality_difference_high"] - row["quality_difference_low"]) / 2 for row in rows))


def _own_search(row: Row, rows: list[Row]) -> Row | None:
    """Of rows of the same target, the best one on the accelerator that took trainings to find and is about as fast."""
    alike = ("accelerator", "quality_source", "recipe")
    found = [
        own
        for own in rows
        if own["trainings"] > 0
        and all(own[name] == row[name] for name in alike)
        and abs(own["latency_ms"] / row["latency_ms"] - 1) <= ALIKE
    ]
    return max(found, key=lambda own: own["quality"], default=None)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "fusing blocks contributes more than channels",
        f"{EXPERT}: In particular, fusing convolution layers in inverted bottleneck",
        math.nan,
        "above",
        saves_more("V2", "V1"),
        DETECTION,
        begins=0.0,
        why="which of the two contributes more is a question between them, not of either and the baseline",
    ),
    Claim(
        "fusion alone saves up to 50%",
        f"{EXPERT}: With just these modifications",
        50.0,
        "reach",
        fusion_alone,
        DETECTION,
        why='"just these modifications" may be fusion, which the sentence before is of, or all of the one before that, '
        "fusion, fewer channels and their alignment, as our Expert has them, which replaces depthwise convolutions "
        "too; "
        'the article names no expert here; "up to": the most of any accelerator; '
        f"{UNSAID}",
    ),
    reach(
        "a fully converged search saves 53%",
        f"{EXPERT}: whereas a fully converged NAS model",
        53.0,
        DETECTION,
        "Full NAS",
        why=UNSAID,
    ),
    Claim(
        "the full search is better than fusion alone",
        f"{EXPERT}: whereas a fully converged NAS model would yield a slightly better",
        math.nan,
        "above",
        saves_more("Full NAS", "Fusion only"),
        DETECTION,
        begins=0.0,
        why="better is faster at a quality as good, of networks trained alike",
    ),
    Claim(
        "where time is tight, an expert in the loop is faster than a search from scratch",
        "Future work: in situations where time is tight",
        math.nan,
        "above",
        against_random("genetic", 10),
        f"{DIFFERENCES} {CONTEST}",
    ),
    Claim(
        "a detector's network is not easy to transfer to classification (quality beside its own search's)",
        f"{EXPERT}: NAS results for a detector model, for instance",
        math.nan,
        "below",
        transferred("classification"),
        TRANSFER,
        begins=0.0,
        why="a network half as large is worse than a full-size baseline wherever it comes from: what the transfer "
        "costs is seen beside what the task's own search finds at that latency",
    ),
)
