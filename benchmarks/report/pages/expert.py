"""What an expert's rewrite rules save on each task's baseline, by the compiler."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.markdown import Row, listed, rows, span, table
from hw_model.vela.accelerators import ETHOS_U


def page(folder: Path) -> str:
    """The page's Markdown."""
    pairs = _pairs(rows(folder / "expert.csv"))
    header = ("task", "accelerator", "lowered", "MMACs", "params", "compiled, share of the baseline's", "less")
    lines = [
        [
            end["task"],
            end["accelerator"],
            end["objective"],
            f"{start['macs'] / 1e6:.1f} to {end['macs'] / 1e6:.1f}",
            f"{start['params']:,} to {end['params']:,}",
            f"{end['compiled_share']:.2f}",
            f"{1 - end['compiled_share']:.0%}",
        ]
        for start, end in pairs
    ]
    filled = _filled(end["accelerator"] for _, end in pairs)
    kept = {
        objective: min(end["macs"] / start["macs"] for start, end in pairs if end["objective"] == objective)
        for objective in ("latency", "memory")
    }
    memory = {
        task: own
        for task in dict.fromkeys(end["task"] for _, end in pairs)
        if (own := [pair for pair in pairs if pair[1]["task"] == task and pair[1]["objective"] == "memory"])
    }
    return f"""\
`accelnas expert --task detection --accelerator ethos-u85-1024` rewrites a task's baseline as an expert would, without
training anything: fuse IBNs where the cost model says it pays, depthwise to standard convolution, even out channels,
align them to the parallelism factor, scale them all by a width multiplier.  It prints each step with its reason and
what it saved, and writes a network that `accelnas cost` and `accelnas train` take; `--train 3` trains start and end.

What the rules save on each task, by the compiler ("memory": the sum of parameters and peak activations):

{table(header, lines)}
The article's expert saved 47% of the parameters and 47% of the peak activations of a classifier.  For memory these
rules, which lower the sum, save {listed(f"{_parts(own)} on {task}" for task, own in memory.items())}, by the estimator.
{filled}No rewritten network was trained for this table: it says nothing about quality.  For latency the rules kept at
least {kept["latency"]:.0%} of the baseline's MACs, for memory at least {kept["memory"]:.0%}
([every step tried](../../results/expert/expert.csv)).
"""


def _filled(accelerators: Iterable[str]) -> str:
    """That peak activations are no measure of need on those of them whose SRAM the compiler fills."""
    found = [name for name in dict.fromkeys(accelerators) if name in ETHOS_U and ETHOS_U[name].fills_sram]
    if not found:
        return ""
    return f"""\
On the {listed(found)} the compiler fills the SRAM, as DRAM lies behind it and that is faster: peak activations
there are no measure of what a network needs ([why](../reference/cost.md)), nor is what is saved of them.
"""


def _parts(pairs: list[tuple[Row, Row]]) -> str:
    """What is saved of parameters and of peak activations, each, in words."""
    return " and ".join(
        f"{span((100 * (1 - end[name] / start[name]) for start, end in pairs), unit='%')} of the {words}"
        for name, words in (("param_bytes", "parameters"), ("peak_activation_bytes", "peak activations"))
    )


def _pairs(steps: list[Row]) -> list[tuple[Row, Row]]:
    """The first and the last row of each network."""
    starts = [row for row in steps if row["rule"] == "start"]
    return list(zip(starts, (row for row in steps if row["rule"] == "end"), strict=True))
