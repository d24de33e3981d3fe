"""The article's tables of classification, segmentation, and networks at the baseline's latency."""

from __future__ import annotations

import math
from pathlib import Path

from benchmarks.experiments.segmentation.settings import Settings
from benchmarks.markdown import KIB, Row, claim, interval, listed, rows, span, table
from benchmarks.tables.parts import build_command
from benchmarks.tables.recipes import FINAL

HEADER = ("model", "accelerator", "latency ms", "less latency", "MMACs", "param KiB", "peak SRAM KiB")


def note(found: list[Row], task: str = "") -> str:
    """How latency and quality of a table's rows came about, and how many networks wait for trainings.

    task: that of rows which name none.
    """
    chosen = [row for row in found if row["model"] != "Baseline"]
    tasks = [row.get("task", row.get("target", task)) for row in chosen if row["seeds"] == 0]
    waiting = [name for name in tasks if name in FINAL]  # the others are of data that no table has
    text = """\
Latency, SRAM and parameters are those of each network compiled whole.  Quality is that of the trained tables, on
validation images, by which recipes and searches went too.  Its interval is over seeds and, as far as that of the
[baseline's quality](baselines.md) bounds it, over the choice of photographs; that of a difference, and whether quality
is kept, is over seeds alone, as both networks see the same images.  "Predicted" quality is what the surrogate of the
trained table expects of a network trained by the recipe of the tables, with a 95% interval that covers what the
surrogate errs by on networks unlike those it was fitted to; the best of many predictions flatters besides."""
    if not waiting:
        return text.partition('  "Predicted"')[0]
    return f"""\
{text}  Each difference is taken against a quality of the baseline from the same source; the
baseline's row shows the source that most rows have.  {len(waiting)} of the
{len(chosen)} networks chosen here have no trainings of their own.  They are trained by {
        listed(build_command(name, "article") for name in dict.fromkeys(waiting))
    } (five seeds), and rows turn to "trained" once that is in the tables."""


def confirmed(found: list[Row], keeps: str) -> str:
    """What became of the networks that were trained anew.  keeps: the column that tells whether quality is kept."""
    trained = [row for row in found if row["seeds"] > 0 and row["model"] != "Baseline"]
    anew = [row for row in trained if row["recipe"] == "final"]
    briefly = f"{len(trained) - len(anew)} rows are of trainings by the recipe search alone, which says less."
    if not anew:
        return briefly if trained else "None of these networks was trained anew."
    kept = [f"{row['model']} on the {row['accelerator']}" for row in anew if row[keeps]]
    return f"""\
Trained anew by the recipe final, {len(kept)} of {len(anew)} rows keep the baseline's quality within the tolerance
({listed(kept) if kept else "none"}); the losses are {
        listed(
            f"{span((-row['quality_difference'] for row in own), digits=3)} for {name}"
            for name, own in by_model(anew).items()
        )
    }. What searches chose, they chose by a surrogate that was fitted to short trainings.
  {briefly if len(anew) < len(trained) else ""}"""


def by_model(found: list[Row]) -> dict[str, list[Row]]:
    """The rows of each model, in order."""
    return {name: [row for row in found if row["model"] == name] for name in dict.fromkeys(r["model"] for r in found)}


def cost_cells(row: Row) -> list[str]:
    """The cells of HEADER."""
    return [
        row["model"],
        row["accelerator"],
        f"{row['latency_ms']:.4f}",
        f"{row['latency_reduction_pct']:.0f}%",
        f"{row['macs'] / 1e6:.1f}",
        f"{row['param_bytes'] / KIB:.0f}",
        f"{row['peak_activation_bytes'] / KIB:.0f}",
    ]


def quality_cells(row: Row) -> list[str]:
    """Quality with its interval, and what stands behind it; its difference from the baseline's."""
    return [interval(row, "quality"), source_of(row), difference(row)]


def source_of(row: Row) -> str:
    """What stands behind a quality."""
    if not row["seeds"]:
        return str(row["quality_source"])
    return f"{row['seeds']} training{'s' if row['seeds'] > 1 else ''}, recipe {row['recipe']}"


def difference(row: Row) -> str:
    """From the baseline's quality, with its interval; `-` for the baseline."""
    return "-" if row["model"] == "Baseline" else f"{interval(row, 'quality_difference')}"


def percent(value: float) -> str:
    """Such as 27%; `-` where there is none."""
    return "-" if math.isnan(value) else f"{value:.0f}%"


def classification(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "classification.csv")
    header = (*HEADER, "less param", "less SRAM", "article", "budget kept", "accuracy", "source", "difference")
    lines = [
        [
            *cost_cells(row),
            percent(row["param_reduction_pct"]),
            percent(row["peak_reduction_pct"]),
            percent(row["article_reduction_pct"]),
            "yes" if row["budget_met"] else "no",
            *quality_cells(row),
        ]
        for row in found
    ]
    of = by_model(found)
    expert, searched = of["Expert"], of["NAS"]
    return f"""\
The article's section 2: a classifier is to fit a budget of memory, whose size the article does not give.  Here it is
what the article's expert saved, 47% less than the baseline's parameters and 47% less than its peak activations, and
the network is to be no slower.  *Expert*: rules alone, depthwise to standard convolutions, channels evened and
aligned.  *NAS*: the best expected accuracy within the budget, in the space curated for the accelerator.  *Expert then
NAS*: the same without depthwise convolutions, as the expert's first rule has it.

{table(header, lines)}
The budget is kept by {_kept(of)}.  Accuracy falls by {
        listed(
            f"{span((-row['quality_difference'] for row in own), digits=3)} with {name}"
            for name, own in of.items()
            if name != "Baseline"
        )
    }, beyond doubt (its 95% interval excludes 0) {
        listed(
            f"on {sum(row['quality_difference_high'] < 0 for row in own)} of {len(own)} accelerators with {name}"
            for name, own in of.items()
            if name != "Baseline"
        )
    }.  {
        claim(
            "The article's recommendation does not keep the quality here; a search that may keep depthwise "
            "convolutions loses less on every accelerator.",
            all(row["quality_difference_high"] < 0 for row in expert)
            and all(
                ours["quality_difference"] > theirs["quality_difference_high"]
                for ours, theirs in zip(searched, expert, strict=True)
            ),
        )
    }

{note(found, "classification")}

SRAM in use is what Vela schedules in each accelerator's default memory mode; on the U65 and U85 there is DRAM behind.
"""


def _kept(of: dict[str, list[Row]]) -> str:
    return listed(
        f"{name} on {sum(row['budget_met'] for row in found)} of {len(found)} accelerators"
        for name, found in of.items()
        if name != "Baseline"
    )


def segmentation(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "segmentation.csv")
    header = (*HEADER, "article", "mIoU", "source", "difference", "keeps mIoU")
    lines = [
        [
            *cost_cells(row),
            percent(row["article_reduction_pct"]),
            *quality_cells(row),
            "yes" if row["keeps_quality"] else "no",
        ]
        for row in found
    ]
    fastest = [row for row in found if row["model"] == "Model E"]
    return f"""\
The article's section 3: evolution over channels, fusion, and the sizes of input and output gives networks of a Pareto
set.  The letters are ours, given by a rule, as the article does not say how its own were: only its range, 27 to 51%,
can be compared.  E is the fastest whose expected mIoU is within {Settings().tolerance:g} of the baseline's, A the one
of highest expected mIoU within the baseline's latency, and B to D the best within latencies evenly between.

{table(header, lines)}
E saves {
        listed(
            f"{row['latency_reduction_pct']:.0f}% of the latency on the {row['accelerator']}"
            f"{'' if row['keeps_quality'] else ' (not keeping the mIoU)'}"
            for row in fastest
        )
    }; the article's E 51%.  The baseline was drawn as one for a CPU, and how far it can be cut depends on that drawing.

Images are resized to a smaller input side, and the output, coarser by its stride, is enlarged bilinearly to the masks'
size before each pixel takes its largest channel.  Neither is part of the network: latency, MACs and memory leave it
out, though sides and stride are searched.  Enlarging costs a host about as much from any stride.

{confirmed(found, "keeps_quality")}

{note(found, "segmentation")}

[The whole front](../../results/segmentation/segmentation_front.csv), by the estimator.
"""


def iso_latency(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "iso_latency.csv")
    header = ("task", *HEADER, "quality", "source", "difference", "MACs, parameters / baseline's")
    lines = [
        [
            row["task"],
            *cost_cells(row),
            *quality_cells(row),
            f"{row['macs_ratio']:.2f}, {row['param_bytes_ratio']:.2f}",
        ]
        for row in found
    ]
    best = [row for row in found if row["model"] != "Baseline"]
    sure = [row for row in best if row["quality_difference_low"] > 0]
    larger = [row for row in best if row["param_bytes_ratio"] > 1]
    return f"""\
The article's section 4: larger, more accurate models at the latency of the old ones.  For each task and accelerator the
network of highest expected quality that compiled whole is no slower than the baseline, of
[the best of each space](truth.md):

{table(header, lines)}
{len(larger)} of {len(best)} have more parameters than the baseline, {
        sum(row["macs_ratio"] > 1 for row in best)
    } more MACs, and {len(sure)} a higher quality beyond the interval.

{note(found)}
"""


def _losses(values: list[float]) -> str:
    """Their span, with a digit more where an end would print as zero."""
    return span(values, digits=2 if all(abs(end) >= 0.005 for end in (min(values), max(values))) else 3)


def transfer(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "transfer.csv")
    header = ("target", *HEADER, "networks asked", "quality", "source", "difference from its baseline")
    lines = [
        [
            row["target"],
            *cost_cells(row),
            "-" if math.isnan(row["trainings"]) else f"{row['trainings']:,.0f}",
            *(("not known", "-", "-") if math.isnan(row["quality"]) else quality_cells(row)),
        ]
        for row in found
    ]
    lost, adapted = (
        listed(
            f"{_losses([-row['quality_difference'] for row in own])} on {target}"
            for target in dict.fromkeys(row["target"] for row in found)
            if (own := [row for row in found if row["model"] == model and row["target"] == target])
            and not any(math.isnan(row["quality_difference"]) for row in own)
        )
        for model in ("As it is", "Expert-adapted")
    )
    return f"""\
The detector's network V3 of each accelerator put to other tasks: its encoder's choices in the target's baseline as they
are, adapted by the expert's rules for least latency, and beside them what a search of the target's own space finds at
its baseline's latency.

{table(header, lines)}
Quality lost by the networks as they are: {lost}; adapted by the expert: {adapted}.  On PhotoObjects a network
costs the same, quality is on test images, and nothing is searched anew: there is no trained table of that data.
{_floor(folder, {row["target"] for row in found})}

{note(found)}
"""


def _floor(folder: Path, targets: set[str]) -> str:
    """What takes no network on other data, where that is known."""
    known = [
        f"{row['quality']:.3f} on {target}"
        for row in rows(folder.parent / "controls" / "controls.csv")
        if (target := f"{row['task']} on {row['dataset']}") in targets
    ]
    return f"Without a network, the same answer for every image, one has {listed(known)}." if known else ""
