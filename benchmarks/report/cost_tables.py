"""What `accelnas cost` prints: its JSON, and tables for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.runtime.console import WIDE
from hw_model.network_file import Network

if TYPE_CHECKING:
    from rich.table import Table

    from hw_model.predict import Prediction
    from hw_model.vela.tflite_file import FileCost

_MOST_SHOWN = 4
_TRUTH = {False: "the compiler", True: "what was timed on this machine"}


def as_json(network: Network, predictions: list[Prediction]) -> dict[str, Any]:
    """The documented, stable form of the answer.

    {"format": 1, "network": name, "results": [{"accelerator", "method" (estimator, compiler, analytic or blocks),
    "latency_ms", "latency_std_ms" (null where unknown), "peak_activation_bytes" (SRAM in use at most), "peak_std_bytes"
    (likewise), "param_bytes", "macs", "energy_mj" and "off_chip_bytes" (likewise), "extrapolated",
    "outside_fit" (a list of texts), "weights", "weight_compression",
    "blocks": [{"block" (position from 0), "kind", "latency_ms", "sram_bytes", "param_bytes", "macs"}]}]}
    """
    results = []
    for prediction in predictions:
        blocks = [{"block": position, **vars(part)} for position, part in enumerate(prediction.blocks)]
        results.append(
            {
                "accelerator": prediction.accelerator,
                "method": prediction.method,
                **{name: value if math.isfinite(value) else None for name, value in prediction.cost._asdict().items()},
                "latency_std_ms": prediction.latency_std_ms,
                "peak_std_bytes": prediction.peak_std_bytes,
                "extrapolated": prediction.extrapolated,
                "outside_fit": [*prediction.outside_fit],
                "weights": prediction.weights,
                "weight_compression": prediction.weight_compression,
                "blocks": blocks,
            }
        )
    return {"format": 1, "network": network.name, "results": results}


def remarks(prediction: Prediction) -> list[str]:
    """Lines of what the figures rest on."""
    lines = []
    has_compiler = prediction.accelerator.startswith("ethos-")  # a board's clock may stand behind the name
    if prediction.extrapolated:
        shown = [*prediction.outside_fit[:_MOST_SHOWN]]
        more = len(prediction.outside_fit) - len(shown)
        what = ", ".join([*shown, *([f"and {more} more"] if more else [])])
        what = (
            f"nothing that the model was fitted to had {what}"
            if what
            else "operators here are larger or wider than any that the model was fitted to"
        )
        compiler = " --compile asks the compiler." if has_compiler else ""
        lines.append(f"Warning: extrapolated: {what}; its figures and ± are guesses.{compiler}")
    timed = prediction.accelerator.startswith("device-")
    if prediction.latency_std_ms is not None:
        lines.append(f"± is one standard deviation of the estimate's error against {_TRUTH[timed]}.")
    if prediction.method == "blocks":
        lines.append("The blocks' latencies added up; SRAM is the largest that live int8 tensors take at once.")
        return lines
    if timed:
        lines.append(
            "In float32, one image at a time; SRAM is the largest that live tensors take at once; traffic and energy "
            "are not known."
        )
        return lines
    if has_compiler and not math.isfinite(prediction.cost.energy_mj):
        lines.append(
            "No energy or traffic behind the SRAM: this estimator was fitted to networks whose traffic was not kept. "
            "--compile gives them."
        )
    stored = prediction.weight_compression
    share = "" if stored is None else f"; stored in {100 * stored:.0f}% of their bytes"
    lines.append(f"Weights: {prediction.weights}{share}.")
    return lines


def prediction_table(network: Network, prediction: Prediction, width: int) -> tuple[str, Table]:
    """The totals in words, and a row a block; what a block takes stands there where it is wide enough."""
    from rich.table import Table

    cost = prediction.cost
    spread = "" if not prediction.latency_std_ms else f" ± {prediction.latency_std_ms:.3g}"
    peak_spread = "" if not prediction.peak_std_bytes else f" ± {prediction.peak_std_bytes / 1024:.0f}"
    title = (
        f"{network.name} on {prediction.accelerator} ({prediction.method}): {cost.latency_ms:.4g}{spread} ms, "
        f"{cost.peak_activation_bytes / 1024:.0f}{peak_spread} KiB of SRAM in use, {cost.param_bytes / 1024:.0f} KiB "
        f"parameters, {cost.macs / 1e6:.4g} M MACs"
    )
    if math.isfinite(cost.energy_mj):
        title += f", {cost.off_chip_bytes / 1024:.0f} KiB to and from behind the SRAM, {cost.energy_mj:.3g} mJ"
    table = Table()
    wide = width >= WIDE
    for name in ("block", "kind", *(["input"] if wide else []), "output", "ms", "SRAM KiB", "param KiB", "M MACs"):
        table.add_column(name, no_wrap=True, justify="left" if name == "kind" else "right")
    for position, (block, part) in enumerate(zip(network.blocks, prediction.blocks, strict=True)):
        table.add_row(
            str(position),
            block.kind,
            *([f"{block.height}x{block.width}x{block.in_channels}"] if wide else []),
            f"{block.out_height}x{block.out_width}x{block.out_channels}",
            f"{part.latency_ms:.3g}",
            f"{part.sram_bytes / 1024:.0f}",
            f"{part.param_bytes / 1024:.1f}",
            f"{part.macs / 1e6:.3g}",
        )
    return title, table


def dearest(parts: Sequence[tuple[str, float]], latency_ms: float) -> str:
    """A line on (what, ms) of each part: which takes most of the time, "" where none takes any."""
    if not latency_ms:
        return ""
    place, (what, most) = max(enumerate(parts), key=lambda each: each[1][1])
    return f"{what} {place} takes most of the time: {most:.3g} of {latency_ms:.4g} ms ({most / latency_ms:.0%})."


def fastest(answers: Sequence[tuple[str, float]]) -> str:
    """A line on (accelerator, ms) of each answer: which is fastest, "" for one alone."""
    name, least = min(answers, key=lambda each: each[1])
    if len(answers) < 2:
        return ""
    most = max(each for _, each in answers)
    slowest = f"{most / least:.3g} times as long" if least else f"{most:.4g} ms"
    return f"Fastest: {name}, {least:.4g} ms; the slowest takes {slowest}."


def file_as_json(name: str, found: list[FileCost]) -> dict[str, Any]:
    """The same form as `as_json`, of a .tflite file.

    "weight_bytes" instead of "param_bytes", "cpu_operators": {type: count}, and "operators" instead of "blocks":
    [{"operator" (position from 0), "kind", "output" [height, width, channels], "on_cpu", "latency_ms", "sram_bytes",
    "off_chip_bytes", "macs"}].
    """
    results = []
    for each in found:
        operators = [
            {
                "operator": position,
                "kind": part.operator,
                "output": [part.output_height, part.output_width, part.output_channels],
                "on_cpu": part.on_cpu,
                "latency_ms": part.latency_ms,
                "sram_bytes": part.sram_bytes,
                "off_chip_bytes": part.off_chip_bytes,
                "macs": part.macs,
            }
            for position, part in enumerate(each.operators)
        ]
        results.append(
            {
                "accelerator": each.accelerator,
                "method": "compiler",
                "latency_ms": each.latency_ms,
                "latency_std_ms": None,
                "peak_activation_bytes": each.peak_activation_bytes,
                "peak_std_bytes": None,
                "weight_bytes": each.weight_bytes,
                "macs": each.macs,
                "energy_mj": each.energy_mj,
                "off_chip_bytes": each.off_chip_bytes,
                "extrapolated": False,
                "outside_fit": [],
                "weights": "the file's own",
                "weight_compression": each.weight_compression,
                "cpu_operators": dict(each.on_cpu),
                "operators": operators,
            }
        )
    return {"format": 1, "network": name, "results": results}


def file_remarks(cost: FileCost) -> list[str]:
    """Lines of what a file's figures rest on."""
    lines = []
    if cost.weight_compression is not None:
        lines.append(f"Weights are the file's own; the compiler stores them in {100 * cost.weight_compression:.0f}%.")
    if cost.on_cpu:
        named = ", ".join(f"{count} x {operator}" for operator, count in sorted(cost.on_cpu.items()))
        lines.append(
            f"Warning: {sum(cost.on_cpu.values())} of {len(cost.operators)} operators stay on the host CPU, whose time "
            f"is not in these figures: {named}."
        )
    return lines or ["It has no weights."]


def file_table(name: str, cost: FileCost, width: int) -> tuple[str, Table]:
    """The totals in words, and a row an operator; traffic stands there where it is wide enough."""
    from rich.table import Table

    title = (
        f"{name} on {cost.accelerator} (compiler): {cost.latency_ms:.4g} ms, "
        f"{cost.peak_activation_bytes / 1024:.0f} KiB of SRAM in use, {cost.weight_bytes / 1024:.0f} KiB of weights, "
        f"{cost.off_chip_bytes / 1024:.0f} KiB to and from behind the SRAM, {cost.macs / 1e6:.4g} M MACs, "
        f"{cost.energy_mj:.3g} mJ"
    )
    table = Table()
    wide = width >= WIDE
    traffic = ["off-chip KiB"] if wide else []
    for column in ("operator", "kind", "output", "on", "ms", "SRAM KiB", *traffic, "M MACs"):
        table.add_column(column, no_wrap=True, justify="left" if column in ("kind", "on") else "right")
    for position, part in enumerate(cost.operators):
        table.add_row(
            str(position),
            part.operator,
            f"{part.output_height}x{part.output_width}x{part.output_channels}",
            "CPU" if part.on_cpu else "NPU",
            f"{part.latency_ms:.3g}",
            f"{part.sram_bytes / 1024:.0f}",
            *([f"{part.off_chip_bytes / 1024:.1f}"] if wide else []),
            f"{part.macs / 1e6:.3g}",
        )
    return title, table
