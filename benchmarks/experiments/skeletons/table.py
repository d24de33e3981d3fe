"""The skeletons' figures as data: each row a baseline or one change of it, compiled whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from benchmarks.experiments.skeletons.settings import EXPANSIONS, MULTIPLIERS, SWEPT
from hw_model.blocks import Block
from hw_model.cost import count_macs, count_params
from hw_model.vela.accelerators import get_accelerator
from hw_model.vela.chain import whole_cost
from hw_model.vela.measurements import MeasurementCache
from tasks.registry import make_task
from tasks.spaces.lowering import MULTIPLIER
from tasks.spaces.registry import SKELETONS
from tasks.spaces.skeleton import CHANNEL_STEP, space_over, uncurated_space

Blocks = tuple[Block, ...]
Row = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """A task's baseline, or the baseline with one decision changed."""

    decision: str
    """Such as "block_1_2" or the width multiplier; "baseline"."""
    choice: str
    """Such as "fused_ibn_4" or "0.75"; "baseline"."""
    blocks: Blocks


def variants(task: str) -> Iterator[Variant]:
    """The task's baseline, each of its blocks fused alone with each expansion, and each multiplier."""
    skeleton, outputs = SKELETONS[task], make_task(task).output_channels
    multipliers = space_over(skeleton, "multipliers", {MULTIPLIER: (1.0, *MULTIPLIERS)}, outputs, CHANNEL_STEP)
    uncurated = uncurated_space(skeleton, outputs)
    baseline = uncurated.decode(uncurated.encode(skeleton.baseline()))
    yield Variant("baseline", "baseline", baseline)
    places = iter(skeleton.fusions())
    for position, block in enumerate(baseline):
        if block.kind == "ibn":
            decision = next(places)
            for expansion in EXPANSIONS:
                fused = replace(block, kind="fused_ibn", expansion=expansion)
                changed = (*baseline[:position], fused, *baseline[position + 1 :])
                yield Variant(decision, f"fused_ibn_{expansion}", changed)
    for index, multiplier in enumerate(MULTIPLIERS, start=1):
        yield Variant(MULTIPLIER, f"{multiplier:g}", multipliers.decode((index,)))


def skeleton_rows(task: str, accelerator: str, cache: MeasurementCache) -> list[Row]:
    """A row for each of `variants`, the baseline first.

    latency_ms, peak_activation_bytes: of the network compiled whole.  latency_reduction_pct: from the baseline's.
    channels: what each block gives out, the predicting layer left out.
    """
    rows: list[Row] = []
    for variant in variants(task):
        cost = whole_cost(variant.blocks, get_accelerator(accelerator), cache)
        reference = rows[0]["latency_ms"] if rows else cost.latency_ms
        rows.append(
            {
                "task": task,
                "accelerator": accelerator,
                "decision": variant.decision,
                "choice": variant.choice,
                "latency_ms": cost.latency_ms,
                "latency_reduction_pct": 100 * (1 - cost.latency_ms / reference),
                "macs": count_macs(variant.blocks),
                "params": count_params(variant.blocks),
                "peak_activation_bytes": cost.peak_activation_bytes,
                "channels": " ".join(str(block.out_channels) for block in variant.blocks[:-1]),
            }
        )
    return rows


def sweep_rows(accelerator: str, cache: MeasurementCache) -> list[Row]:
    """Latency by the channels between two 3x3 convolutions of 32 channels at 24x24 pixels: accelerator, channels,
    latency_ms, and step_pct, what the next channel adds.
    """
    chains = [(Block("conv", 24, 24, 32, c, 3), Block("conv", 24, 24, c, 32, 3)) for c in SWEPT]
    latency = [each.latency_ms for each in cache.measure(chains, get_accelerator(accelerator))]
    return [
        {"accelerator": accelerator, "channels": c, "latency_ms": here, "step_pct": 100 * (after / here - 1)}
        for c, here, after in zip(SWEPT, latency, latency[1:], strict=False)
    ]


def steps_by_multiple(sweep: Sequence[Row]) -> dict[str, dict[str, float]]:
    """By accelerator, the mean of step_pct after multiples of 16, after those of 8 only, and after other channels:
    {"16", "8", "other"} each.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for row in sweep:
        after = "16" if row["channels"] % 16 == 0 else "8" if row["channels"] % 8 == 0 else "other"
        found.setdefault(row["accelerator"], {"16": [], "8": [], "other": []})[after].append(row["step_pct"])
    return {name: {after: fmean(steps) for after, steps in kinds.items()} for name, kinds in found.items()}


def conditions(rows: Sequence[Row]) -> dict[str, bool]:
    """What a task's skeleton is chosen by, of its rows for all accelerators, {condition: whether it holds}.

    First block: with the best expansion.  Late blocks: those of the encoder's last stage.
    """
    stages = [row["decision"] for row in rows if re.fullmatch(r"block_\d_\d", row["decision"])]
    last = max(stages)[:-1]
    first: dict[str, list[float]] = {}
    late: dict[str, list[float]] = {}
    for row in rows:
        if row["decision"] == "block_1_1":
            first.setdefault(row["accelerator"], []).append(row["latency_reduction_pct"])
        if row["decision"].startswith(last) and row["choice"] == f"fused_ibn_{max(EXPANSIONS)}":
            late.setdefault(row["accelerator"], []).append(row["latency_reduction_pct"])
    baseline = {row["channels"] for row in rows if row["decision"] == "baseline"}
    between = {row["channels"] for row in rows if row["decision"] == MULTIPLIER and 0.75 < float(row["choice"]) < 1}
    return {
        "fusing the first block saves on all accelerators": all(max(saved) > 0 for saved in first.values()),
        f"fusing each late block at expansion {max(EXPANSIONS)} costs on at least two": sum(
            max(saved) < 0 for saved in late.values()
        )
        >= 2,
        "at least two other networks between multipliers .75 and 1": len(between - baseline) >= 2,
    }
