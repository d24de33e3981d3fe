"""The article's first table: baseline, V1, V2 and V3 on three accelerators, and how it differs from the article's."""

from __future__ import annotations

import math
from pathlib import Path

from benchmarks.experiments.claims.fusion import selected
from benchmarks.markdown import Row, interval, listed, rows, span, table
from benchmarks.report.pages.article import HEADER, by_model, confirmed, cost_cells, note, percent, source_of
from benchmarks.report.pages.surrogate import of_whole_tables

MODELS = ("V1", "V2", "V3")


def detection_row(row: Row) -> list[str]:
    """A row of the table as text."""
    optimum = row["table_optimum_latency_ms"]
    return [
        *cost_cells(row),
        percent(row["article_reduction_pct"]),
        f"{row['accumulated_latency_ms']:.3f}",
        "-" if math.isnan(optimum) else f"{optimum:.3f}",
        interval(row, "map"),
        source_of(row),
        "-" if row["model"] == "Baseline" else interval(row, "quality_difference"),
        "yes" if row["keeps_map"] else "no",
        row["architecture"],
    ]


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "detection.csv")
    header = (*HEADER, "article", "estimated ms", "optimum", "mAP (95% interval)", "source", "difference")
    header += ("keeps mAP", "network")
    of = by_model(found)
    return f"""\
A detector of inverted bottlenecks (IBNs) finds clothes in photographs.  V1 searches a width multiplier that scales all
channels (the article calls it a depth multiplier), V2 which IBNs to replace by fused IBNs, V3 both; each seeks the
least latency at which the trained table expects the baseline's mAP@[.5:.95], less a tolerance of .01.  *Fusion only*
and *Expert* are the expert's rules, which look at costs and never at quality; *Full NAS* decides all that the curated
space decides.  "Article" is the article's figure for its own detector on its own accelerator.

{table(header, map(detection_row, found))}
"Estimated" is what searches go by, "optimum" the least estimated latency of any network of the space that keeps the
mAP: the three spaces are enumerated.  The network column gives the width multiplier, then each block: `-` kept, `F3`
fused with expansion 3.

{note(found, "detection")}

## What it says

- V1 saves {_saved(of, "V1")} (article: 14%), V2 {_saved(of, "V2")} (35%), V3 {_saved(of, "V3")} (53%).
- {confirmed(found, "keeps_map")}
- Beyond what V1 and V2 would come to together if neither changed the other's effect, 1 - (1 - V1)(1 - V2), V3 saves
  {_interaction(of["V3"])}; the article's 53% are 9 points more than its own parts' 44%.
  {_all_keep(of)}
- V3's searches (2,000 networks of 39,366 asked for, {of["V3"][0]["searches"]:.0f} seeds) end
  {span((row["gap_pct"] for row in of["V3"]), digits=1, unit="%")} above the optimum on average, V2's
  {span((row["gap_pct"] for row in of["V2"]), digits=1, unit="%")}; the table's row is the search
  that ended in the middle of all.
- V2's networks have {_of_baselines(of, "macs")} of the baseline's MACs, in {_of_baselines(of, "latency_ms")} of its
  latency.  {_blocks(found, folder)}
- {_fusion(folder)}
- Fusing alone, by the expert's rule, saves {_saved(of, "Fusion only")} (article: 50%), a full search
  {_saved(of, "Full NAS")} (53%).  But the rule does not look at mAP, which changes by {_changes(of["Fusion only"])}.
  The expert's whole procedure: {_changes(of["Expert"])}.
{_machines(found, folder)}
## What hangs on the tolerance

Least estimated latency of any network that keeps the mAP so far, in per cent less than the baseline's:

{_levels(folder)}
The mean error of a prediction is {_error(folder):.3f} mAP ([more](surrogate.md)), and more of what searches end with
([winners](optimisers_curse.md)): hold these tolerances against it.

## How this differs from the article

- Data, detector and accelerators are ours and small; the article's are a product's.
- Every search here asks a table; that takes no trainings, and what it finds is as good as the table is.
"""


def _saved(of: dict[str, list[Row]], name: str) -> str:
    return listed(f"{row['latency_reduction_pct']:.0f}% on the {row['accelerator']}" for row in of[name])


def _changes(found: list[Row]) -> str:
    """Differences from the baseline's mAP by where they come from, accelerators named."""
    return listed(
        f"{row['quality_difference']:+.3f} on the {row['accelerator']} ({'trained' if row['seeds'] else 'predicted'})"
        for row in found
    )


def _machines(found: list[Row], folder: Path) -> str:
    """Which rows other machines trained than most, what they are held against, and how far apart machines end."""
    base = {str(row["trained_on"]) for row in found if row["model"] == "Baseline"}
    others = [row for row in found if row["seeds"] and row["recipe"] == "final" and row["trained_on"] not in base]
    if not others:
        return ""
    agreement = next(row for row in rows(folder.parent / "tables" / "agreement.csv") if row["task"] == "detection")
    apart = agreement["difference"]
    named = listed(
        f"{row['model']} of the {row['accelerator']} on {row['trained_on']} (held against the baseline on "
        f"{row['baseline_trained_on']})"
        for row in others
    )
    return f"""\
- Trained on other machines than the baseline's row ({listed(sorted(base))}): {named}.  An accelerator's trainings
  by the recipe search end {abs(apart):.4f} mAP {"below" if apart < 0 else "above"} a CPU's on average
  ({agreement["difference_low"]:.4f} to {agreement["difference_high"]:.4f}; [compared](tables.md)): so differences are
  of trainings of the same kind where the baseline has such.
"""


def _interaction(found: list[Row]) -> str:
    return listed(
        f"{row['latency_reduction_pct'] - row['independent_reduction_pct']:+.0f} points on the {row['accelerator']}"
        for row in found
    )


def _all_keep(of: dict[str, list[Row]]) -> str:
    """Where all three keep the mAP, without which the difference is not the article's."""
    where = [
        row["accelerator"]
        for row in of["V3"]
        if all(own["keeps_map"] for name in MODELS for own in of[name] if own["accelerator"] == row["accelerator"])
    ]
    if not where:
        return (
            "The article's V1, V2 and V3 all keep the mAP; on none of our accelerators do all three, so that "
            "these points cannot be compared with the article's."
        )
    if len(where) < len(of["V3"]):
        there = f"All three keep the mAP, as the article's do, on the {listed(where)}"
        return f"{there}: elsewhere these points cannot be compared with the article's."
    return "All three keep the mAP, as the article's do."


def _of_baselines(of: dict[str, list[Row]], name: str) -> str:
    """V2's share of what the baseline has, in per cent over accelerators."""
    return span((100 * row[name] / base[name] for row, base in zip(of["V2"], of["Baseline"], strict=True)), unit="%")


def _blocks(found: list[Row], folder: Path) -> str:
    """Of V2's fused blocks, how many have fewer MACs."""
    told = []
    for name, blocks in selected(found, rows(folder / "detection_fusion.csv")).items():
        fewer = sum(row["macs_ratio"] < 1 for row in blocks)
        told.append(f"{fewer} of {len(blocks)} on the {name}")
    return f"""\
Of the blocks that V2 fuses {listed(told)} have fewer MACs when fused alone; the article says that they increased in the
layers where fusion was selected."""


def _fusion(folder: Path) -> str:
    alone = rows(folder / "detection_fusion.csv")
    return f"""\
Fused alone, the first block saves {_alone(alone, "block_1_1", 3)} with expansion 3 and {_alone(alone, "block_1_1", 6)}
with the baseline's 6; the last stage's two {_alone(alone, "block_4", 3)} and {_alone(alone, "block_4", 6)} ([each block
alone](../../results/detection/detection_fusion.csv))."""


def _alone(found: list[Row], block: str, expansion: int) -> str:
    """What is saved where blocks whose names begin so are fused, each alone."""
    choice = f"fused_ibn_{expansion}"
    own = [row for row in found if row["decision"].startswith(block) and row["choice"] == choice]
    return span((row["latency_reduction_pct"] for row in own), unit="%")


def _error(folder: Path) -> float:
    """The surrogate's mean error where whole cells are held out, as what a search meets."""
    return of_whole_tables(rows(folder.parent / "surrogate" / "surrogate.csv"), "cell")["detection"]["mae"]


def _levels(folder: Path) -> str:
    found = rows(folder / "detection_levels.csv")
    tolerances = list(dict.fromkeys(row["tolerance"] for row in found))
    saved = {(row["model"], row["accelerator"], row["tolerance"]): row["latency_reduction_pct"] for row in found}
    lines = [
        [model, accelerator, *(f"{saved[model, accelerator, tolerance]:.0f}%" for tolerance in tolerances)]
        for accelerator in dict.fromkeys(row["accelerator"] for row in found)
        for model in MODELS
    ]
    return table(("model", "accelerator", *(f"mAP less {tolerance:g}" for tolerance in tolerances)), lines)
