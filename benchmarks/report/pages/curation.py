"""Does curation help a search, and why?"""

from __future__ import annotations

import math
from pathlib import Path

from benchmarks.report.markdown import Row, claim, interval, listed, rows, span, table

HEADER = ("accelerator", "space", "latency / best (95% interval)", "their spread", "searches within 5%")
HEADER += ("evaluations a success takes", "median to 20%", "monotone moves", "minima in channels", "local minima")
TRAINED = ("accelerator", "space", "searches", "within 5%", "trainings until then, median")
TRAINED += ("quality seen by the search", "quality trained again (95% interval)")


def page(folder: Path) -> str:
    """The page's Markdown."""
    found, trained = rows(folder / "curation.csv"), rows(folder / "curation_trained.csv")
    of: dict[str, dict[str, Row]] = {}
    for row in found:
        of.setdefault(row["space"], {})[row["accelerator"]] = row
    fast = {
        row["accelerator"]: row["evaluations_to_5pct"] for row in found if math.isfinite(row["evaluations_to_5pct"])
    }
    qualities = listed(f"{row['test_quality']:.3f} in {row['space']}" for row in trained)
    overlap = max(row["test_low"] for row in trained) < min(row["test_high"] for row in trained)
    return f"""\
{found[0]["seeds"]} searches in each space by the same strategy (`{found[0]["algorithm"]}`) with the same spend, costs
only, for the least latency with no less MACs and parameters than the baseline has.  There are two controls.  A "random
subset" has as few choices as the curated space, drawn at random from the uncurated one, in {_draws(of)} draws.
"Shifted" is the curated space with one channel less throughout, so that alignment alone is lost:

{table(HEADER, map(curation_row, found))}
![anytime curves](../../results/curation/curation.png)

Latency / best: where searches end, after {found[0]["evaluations"]:,} evaluations each, over the best that any search
found in any space, so that a further space or strategy can change every row; they hardly improve after 300.
Evaluations a success takes: all that were spent over the number of searches that came within 5% (COCO's expected
running time, ERT). Median to 20%: evaluations until half of the searches are within 20%; to 5% it is finite in
{listed(f"{name}'s curated space only ({value:.0f})" for name, value in fast.items())}.  Monotone: steps up in the
channels of one layer along which latency rises.  Minima in channels: sampled networks that no step of one in channels
or width multiplier betters; local minima: that no change of any one decision betters, so that hardly any network is a
trap.

- {_nearest(of)}
- Alignment is one cause: with one channel less throughout ("shifted") they end {_gap(of, "shifted", "curated")} higher,
  {claim("with intervals that do not meet on any", _apart(of, "shifted", "curated") == len(of["curated"]))}.
- Which few sizes there are is another: random subsets of equal size end another
  {_gap(of, "random-subset", "shifted")} above those.
- The size of the space is not the cause: random subsets end
  {claim("no better than the uncurated space", _below(of, "random-subset", "uncurated") == 0)}, and worse on
  {_apart(of, "random-subset", "uncurated")} of {len(of["curated"])}.

Latencies on the Ethos-U are the estimator's, which is good for whole networks and not for steps of one channel
([how far](landscape.md)): do not read the monotone moves and the minima in channels of uncurated spaces there as the
compiler's.

## With trainings

The same strategy, {trained[0]["seeds"]} searches in each space, {trained[0]["trainings"] // trained[0]["seeds"]}
trainings each, for the best mAP within the baseline's latency (`accelnas reproduce curation_trained`):

{table(TRAINED, map(_trained_row, trained))}
Winners trained again are at {qualities},
{claim("with intervals that overlap throughout", overlap)}: no difference is shown.  Within 5%: of the best that any of
these searches saw.
"""


def curation_row(row: Row) -> list[str]:
    """A row of the table as text."""
    return [
        row["accelerator"],
        row["space"],
        interval(row, "final"),
        f"{row['spread']:.3f}",
        f"{row['success_rate']:.0%} ({row['success_low']:.0%} to {row['success_high']:.0%})",
        _expected(row),
        f"{row['evaluations_to_20pct']:.0f}",
        f"{row['monotone_share']:.0%}",
        f"{row['channel_minima_share']:.1%}",
        f"{row['local_minima_share']:.2%}",
    ]


def _trained_row(row: Row) -> list[str]:
    return [
        row["accelerator"],
        row["space"],
        str(row["seeds"]),
        f"{row['success_rate']:.0%}",
        f"{row['evaluations_to_5pct']:g}" if math.isfinite(row["evaluations_to_5pct"]) else "never",
        f"{row['metric']} {interval(row, 'quality')}",
        interval(row, "test_quality", "test_low", "test_high"),
    ]


def _expected(row: Row) -> str:
    value, low, high = (
        "inf" if math.isinf(row[name]) else f"{row[name] / 1000:.3g}k"
        for name in ("expected_evaluations", "expected_low", "expected_high")
    )
    return f"{value} ({low} to {high})" if low != "inf" else "inf"


def _draws(of: dict[str, dict[str, Row]]) -> str:
    return span(row["draws"] for row in of["random-subset"].values())


def _nearest(of: dict[str, dict[str, Row]]) -> str:
    """Where curated searches end, and on which accelerators that differs from both other spaces."""
    curated = of["curated"]
    first = all(curated[name]["final"] == min(found[name]["final"] for found in of.values()) for name in curated)
    unclear = [
        name
        for name in curated
        if curated[name]["final_high"] >= min(of[other][name]["final_low"] for other in ("auto-curated", "uncurated"))
    ]
    return claim(
        f"The curated space's searches end nearest the best on all {len(curated)} accelerators, at "
        f"{span((row['final'] for row in curated.values()), 3)} times it on average",
        first,
    ) + (
        f"; on {listed(unclear)} their interval meets those of the auto-curated or uncurated space." if unclear else "."
    )


def _gap(of: dict[str, dict[str, Row]], higher: str, lower: str) -> str:
    return span((of[higher][name]["final"] - of[lower][name]["final"] for name in of[lower]), 2)


def _apart(of: dict[str, dict[str, Row]], higher: str, lower: str) -> int:
    return sum(of[higher][name]["final_low"] > of[lower][name]["final_high"] for name in of[lower])


def _below(of: dict[str, dict[str, Row]], one: str, other: str) -> int:
    return sum(of[one][name]["final_high"] < of[other][name]["final_low"] for name in of[one])
