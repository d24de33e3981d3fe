"""What the tasks' skeletons were chosen by: single changes of their baselines, compiled whole."""

from __future__ import annotations

from pathlib import Path

from benchmarks.experiments.detection.settings import Settings
from benchmarks.experiments.skeletons.table import conditions, steps_by_multiple
from benchmarks.markdown import KIB, Row, claim, listed, rows, table
from tasks.spaces.lowering import MULTIPLIER

CONDITIONS = """\
On all three tasks fusing the first block at its best expansion saves on all three accelerators, fusing each block of
the last stage at the baseline's expansion costs on at least two of them, and at least two networks lie between width
multipliers of .75 and 1."""
FACTORS = """\
On ethos-u55-256 latency steps up after every multiple of 8, on the other two after multiples of 16 only: their factors
are 8, 16 and 16."""


def page(folder: Path) -> str:
    """The page's Markdown."""
    found = rows(folder / "skeletons.csv")
    tasks = {
        task: [row for row in found if row["task"] == task] for task in dict.fromkeys(row["task"] for row in found)
    }
    steps = steps_by_multiple(rows(folder / "channel_sweep.csv"))
    factors = all(
        (kinds["8"] > 5) == (name == "ethos-u55-256") and kinds["16"] > 5 > kinds["other"]
        for name, kinds in steps.items()
    )
    start = [
        [
            row["task"],
            row["accelerator"],
            f"{row['latency_ms']:.4f}",
            f"{row['macs'] / 1e6:.1f}",
            f"{row['params'] / 1e3:.0f}",
            f"{row['peak_activation_bytes'] / KIB:.0f}",
        ]
        for row in found
        if row["decision"] == "baseline"
    ]
    swept = [[name, *(f"{step:+.0f}%" for step in kinds.values())] for name, kinds in steps.items()]
    return f"""\
The baselines that searches start from, compiled whole by Vela, and what single changes do to their latency.  Nothing
here is trained.

{table(("task", "accelerator", "latency ms", "MMACs", "thousand params", "peak SRAM KiB"), start)}
{claim(CONDITIONS, all(all(conditions(of).values()) for of in tasks.values()))}

## One block fused

Change of latency in per cent at expansion 3 / 4 / 6 of the fused block; the baseline's has expansion 6.

{"".join(_fused(task, of) for task, of in tasks.items())}\
## All channels times a width multiplier

In steps of 8 channels; where they bring two multipliers to the same channels, the rows are alike.

{"".join(_scaled(task, of) for task, of in tasks.items())}\
{_slack(folder.parent / "detection")}
## The parallelism factor, seen from outside

What one more output channel adds to the latency of a 3x3 convolution, from 8 to 80 channels, on average:

{table(("accelerator", "after multiples of 16", "after multiples of 8 only", "after others"), swept)}
{claim(FACTORS, factors)}
"""


def _slack(folder: Path) -> str:
    """What the detector's baseline may lose in width, by V1's search: as trained, and as the table expects."""
    tolerance = Settings().tolerance
    trained = {
        row["architecture"].split()[0]: row
        for row in rows(folder / "detection.csv")
        if row["model"] == "V1" and row["seeds"] > 0 and row["recipe"] == "final"
    }
    told = [
        f"{name} loses {-row['quality_difference']:.3f} mAP ({-row['quality_difference_high']:.3f} to "
        f"{-row['quality_difference_low']:.3f}), {'within' if row['keeps_map'] else 'beyond'} that tolerance"
        for name, row in trained.items()
    ]
    kept = any(row["keeps_map"] for row in trained.values())
    losses = listed(told) + ("" if kept else ", so none is known to")
    expected = next(
        row["architectures"] - 1  # without the baseline itself
        for row in rows(folder / "detection_levels.csv")
        if (row["model"], row["tolerance"]) == ("V1", tolerance)
    )
    return f"""\
What slack detection's baseline has, by [V1](detection.md): the trained table expected {expected} multipliers below 1 to
keep the mAP less a tolerance of {tolerance:g}; trained by the recipe final, {losses}.
"""


def _fused(task: str, found: list[Row]) -> str:
    fused = [row for row in found if row["decision"].startswith("block")]
    change = {(row["decision"], row["accelerator"], row["choice"]): -row["latency_reduction_pct"] for row in fused}
    places, accelerators, choices = (tuple(dict.fromkeys(key[column] for key in change)) for column in range(3))
    lines = []
    for place in places:
        cells = [" / ".join(f"{change[place, name, each]:+.0f}" for each in choices) for name in accelerators]
        lines.append([place, *cells])
    return f"{table((task, *accelerators), lines)}\n"


def _scaled(task: str, found: list[Row]) -> str:
    scaled = [row for row in found if row["decision"] == MULTIPLIER]
    accelerators = tuple(dict.fromkeys(row["accelerator"] for row in scaled))
    change = {(row["choice"], row["accelerator"]): -row["latency_reduction_pct"] for row in scaled}
    lines = [
        [row["choice"], row["channels"], f"{row['macs'] / 1e6:.1f}"]
        + [f"{change[row['choice'], name]:+.0f}%" for name in accelerators]
        for row in scaled
        if row["accelerator"] == accelerators[0]
    ]
    return f"{table((task, 'channels', 'MMACs', *accelerators), lines)}\n"
