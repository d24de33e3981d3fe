"""Arm's Ethos-U compiler as the instrument: what a chain of blocks costs when it is really compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from ethosu import regor

from hw_model.blocks import Block
from hw_model.cost import count_param_bytes
from hw_model.errors import HardwareInputError
from hw_model.operators import OperatorReport, chain_operators
from hw_model.vela.accelerators import EthosU
from hw_model.vela.refusals import compile_network
from hw_model.vela.system import constants_in_sram
from hw_model.vela.tflite_writer import NORMAL_STEPS

_OFF_CHIP = ("Dram", "OffChipFlash", "OnChipFlash")
_USES = ("Lut", "FeatureMap", "Weights", "Scales")


@dataclass(frozen=True)
class Measurement:
    """What the compiler says of a chain of blocks."""

    cycles: int
    """NPU core clock cycles of one inference."""
    latency_ms: float
    """The same in milliseconds at the accelerator's clock."""
    peak_activation_bytes: int
    """Largest SRAM use for activations (and staged weights) at any moment; weights that live in SRAM for good, as
    in "-sram-only", are not counted."""
    param_bytes: int
    """Int8 weights and int32 biases, before compression."""
    compressed_weight_bytes: int
    """Weights as the compiler stores them."""
    macs: int
    """As the compiler counts them, pooling and means included."""
    sram_bytes: int
    """Traffic of one inference, reads and writes."""
    dram_bytes: int
    """Likewise."""
    flash_bytes: int
    """Likewise."""


def compile_blocks(blocks: Sequence[Block], accelerator: EthosU) -> Measurement:
    """Compile a chain of blocks for the accelerator.

    Raises HardwareInputError when a block is not allowed, and RefusedBlockError for one that the compiler refuses or
    leaves to the host CPU.
    """
    compiled = compile_network(blocks, accelerator, NORMAL_STEPS, operator_table=False)
    return _measurement(blocks, accelerator, compiled.perf_report)


def compile_operators(
    blocks: Sequence[Block], accelerator: EthosU, steps: np.ndarray = NORMAL_STEPS
) -> tuple[Measurement, OperatorReport]:
    """The same, with what the compiler says of each operator; raises as compile_blocks.

    steps: int8[256], what weights are drawn from.
    """
    compiled = compile_network(blocks, accelerator, steps, operator_table=True)
    measurement = _measurement(blocks, accelerator, compiled.perf_report)
    count = len(chain_operators(blocks))
    cycles, sram, sram_traffic, off_chip, weights = ([0] * count for _ in range(5))
    for row in operator_rows(compiled.opt_database.tables):
        position = row.source - 1
        cycles[position] += row.cycles
        sram[position] = max(sram[position], row.sram_bytes)
        sram_traffic[position] += row.sram_traffic_bytes
        off_chip[position] += row.off_chip_bytes
        weights[position] += row.weight_bytes
    return measurement, OperatorReport(
        cycles=measurement.cycles,
        peak_activation_bytes=measurement.peak_activation_bytes,
        operator_cycles=tuple(cycles),
        operator_sram_bytes=tuple(sram),
        operator_sram_traffic_bytes=tuple(sram_traffic),
        operator_off_chip_bytes=tuple(off_chip),
        operator_weight_bytes=tuple(weights),
    )


class OperatorRow(NamedTuple):
    """A row of the compiler's table of what it scheduled."""

    source: int
    """Number of the file's operator that it comes from, from one; one operator may have several rows."""
    operator: str
    """The compiler's name of its type."""
    cycles: int
    """As scheduled."""
    sram_bytes: int
    """SRAM in use while it runs."""
    sram_traffic_bytes: int
    """Reads and writes."""
    off_chip_bytes: int
    """Likewise of DRAM and flash."""
    macs: int
    """Multiply-accumulates."""
    weight_bytes: int
    """Of its weights as stored, made up by the compiler or not."""


def operator_rows(tables: Mapping[str, Any]) -> list[OperatorRow]:
    """What the compiler's database says of each operator that it scheduled."""
    table, details = tables["perf"], tables["perf_debug"]
    names = ("source_id", "operator", "op_cycles", "staging_usage", "mac_count")
    source, operator, cycles, sram, macs = (table.header.index(name) for name in names)
    weights = details.header.index("weight_total_bytes")
    sram_traffic, off_chip = (_traffic_columns(details.header, memories) for memories in (("Sram",), _OFF_CHIP))
    return [
        OperatorRow(
            int(row[source]),
            row[operator],
            int(row[cycles]),
            int(row[sram]),
            sum(int(detail[column] or 0) for column in sram_traffic),
            sum(int(detail[column] or 0) for column in off_chip),
            int(row[macs]),
            int(detail[weights] or 0),
        )
        # both tables have the same rows, and the second says more of them
        for row, detail in zip(table.data, details.data, strict=True)
    ]


def _traffic_columns(header: Sequence[str], memories: Sequence[str]) -> list[int]:
    """Places of the columns that hold bytes read from or written to those memories."""
    names = [f"{memory}{use}_{way}" for memory in memories for use in _USES for way in ("read", "write")]
    return [place for place, name in enumerate(header) if name in names]


class Memories(NamedTuple):
    """What a compiled network does to the memories."""

    peak_sram_bytes: int
    """Largest use, weights that are in SRAM for good apart."""
    sram_bytes: int
    """Traffic of one inference, reads and writes."""
    dram_bytes: int
    """Likewise."""
    flash_bytes: int
    """Likewise."""


def report_memories(report: regor.PerfReport, accelerator: EthosU) -> Memories:
    """The memories' part of the compiler's report.  Raises HardwareInputError for a system without SRAM."""
    memories = {name.lower(): memory for name, memory in report.memories.items()}
    if any(memory.peakUsage for memory in memories.values()) and "sram" not in memories:  # else all stays on the host
        system = f"{accelerator.memory_mode} of {accelerator.system_config}"
        raise HardwareInputError(f"memory mode {system} uses no Sram; allowed: memory modes with an area in Sram")
    traffic = {
        name: sum(access.bytesRead + access.bytesWritten for access in memory.accesses.values())
        for name, memory in memories.items()
    }
    constants = report.readOnlyPeakUsage if constants_in_sram(accelerator) else 0
    return Memories(
        memories["sram"].peakUsage - constants if "sram" in memories else 0,
        traffic.get("sram", 0),
        traffic.get("dram", 0),
        traffic.get("offchipflash", 0) + traffic.get("onchipflash", 0),
    )


def _measurement(blocks: Sequence[Block], accelerator: EthosU, report: regor.PerfReport) -> Measurement:
    memories = report_memories(report, accelerator)
    return Measurement(
        cycles=report.totalCycles,
        latency_ms=report.totalCycles / accelerator.clock_hz * 1e3,
        peak_activation_bytes=memories.peak_sram_bytes,
        param_bytes=count_param_bytes(blocks),
        compressed_weight_bytes=report.encodedWeights,
        macs=report.macCount,
        sram_bytes=memories.sram_bytes,
        dram_bytes=memories.dram_bytes,
        flash_bytes=memories.flash_bytes,
    )
