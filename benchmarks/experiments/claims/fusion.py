"""What the article says of where blocks are fused, and what that comes to here."""

from __future__ import annotations

import math
import re

from benchmarks.experiments.claims.claim import DETECTION
from benchmarks.experiments.claims.figures import Results, Row, over
from benchmarks.experiments.claims.rules import Figure

SKELETONS, ALONE = "skeletons/skeletons.csv", "detection/detection_fusion.csv"
OF_BASELINE = "fused_ibn_6"
"""Fused as it is: the blocks of every baseline have this expansion."""


def selected(tables: list[Row], alone: list[Row]) -> dict[str, list[Row]]:
    """By accelerator, of the rows of ALONE those of blocks that its V2 fuses, at V2's expansions.

    tables: rows of DETECTION, whose architecture is a multiplier and then each block, `-` kept or `F` and an expansion.
    """
    found = {}
    for row in tables:
        if row["model"] == "V2":
            own = [each for each in alone if each["accelerator"] == row["accelerator"]]
            blocks = dict.fromkeys(each["decision"] for each in own)
            signs = re.findall(r"-|F\d+", row["architecture"].partition(" ")[2])
            fused = {name: f"fused_ibn_{sign[1:]}" for name, sign in zip(blocks, signs, strict=True) if sign != "-"}
            found[row["accelerator"]] = [each for each in own if fused.get(each["decision"]) == each["choice"]]
    return found


def more_macs_no_latency(results: Results) -> Figure:
    """Share of the blocks fused by V2 that, fused alone, have more MACs and no more latency, over accelerators."""
    tables, alone = results.rows(DETECTION), results.rows(ALONE)
    measured = (
        "share of the blocks fused by V2 that, fused alone in the baseline, have more MACs and no more latency, mean "
        "over accelerators; n counts accelerators"
    )
    if not alone:
        return Figure(measured=measured)
    of = {name: blocks for name, blocks in selected(tables, alone).items() if blocks}
    dearer = {name: [row for row in blocks if row["macs_ratio"] > 1] for name, blocks in of.items()}
    both = {name: sum(row["latency_reduction_pct"] >= 0 for row in rows) for name, rows in dearer.items()}
    base = {row["accelerator"]: row["macs"] for row in tables if row["model"] == "Baseline"}
    whole = [100 * (row["macs"] / base[row["accelerator"]] - 1) for row in tables if row["model"] == "V2"]
    each = ", ".join(
        f"{both[name]} of {len(blocks)} on {name}, where {len(dearer[name])} have more MACs"
        for name, blocks in of.items()
    )
    figure = over((both[name] / len(blocks) for name, blocks in of.items()), "compiled", measured)
    return figure._replace(note=f"{each}; V2's whole networks have {min(whole):.0f} to {max(whole):.0f}% more MACs")


def fused_late(results: Results) -> Figure:
    """Per cent of latency saved where a block of the last stage is fused at the baseline's expansion, the best one."""
    rows = [row for row in results.rows(SKELETONS) if str(row["decision"]).startswith("block_")]
    found: dict[str, dict[tuple[str, str], float]] = {"": {}, OF_BASELINE: {}}
    for row in rows:
        if in_last_stage(row, [other for other in rows if other["task"] == row["task"]]):
            cell, saved = (row["task"], row["accelerator"]), row["latency_reduction_pct"]
            for choice, best in found.items():
                if row["choice"].startswith(choice):
                    best[cell] = max(best.get(cell, -math.inf), saved)
    what = (
        "per cent of latency saved by fusing a block of the last stage at the baseline's expansion, the best of its "
        "blocks, mean over cells; n counts cells"
    )
    own, any_of = (over(found[choice].values(), "compiled", what) for choice in (OF_BASELINE, ""))
    if not found[""]:
        return own
    chosen = selected(results.rows(DETECTION), alone := results.rows(ALONE))
    late = sum(any(in_last_stage(row, alone) for row in blocks) for blocks in chosen.values())
    note = (
        f"at the best of all expansions it saves {any_of.ours:.3g} ({any_of.low:.3g} to {any_of.high:.3g}), and the "
        f"search itself fused a block of the last stage in {late} of {len(chosen)} V2s"
    )
    return own._replace(note=note)


def in_last_stage(row: Row, rows: list[Row]) -> bool:
    """Whether a row's block is of the last stage of these rows' encoder: `block_STAGE_PLACE`, `block_up_PLACE`."""
    last = max(str(other["decision"]) for other in rows if "_up_" not in other["decision"])
    return str(row["decision"]).startswith(last[:-1])
