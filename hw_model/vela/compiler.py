"""Arm's Ethos-U compiler as the instrument: what a chain of blocks costs when it is really compiled.

The compiler core is called in process (about a millisecond a block), with the settings that Vela's command line
would hand it.  That entry is not public, so the package is pinned, the totals are tested against the command line,
and `measure_with_command_line` is there if the entry ever goes.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import importlib.resources
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ethosu import regor

from hw_model.blocks import Block
from hw_model.cost import count_param_bytes
from hw_model.errors import HardwareInputError
from hw_model.operators import OperatorReport, chain_operators
from hw_model.vela.accelerators import EthosU
from hw_model.vela.tflite_writer import write_tflite

COMPILER_VERSION = version("ethos-u-vela")


@dataclass(frozen=True)
class Measurement:
    """What the compiler says of a chain of blocks."""

    cycles: int
    """NPU core clock cycles of one inference."""
    latency_ms: float
    """The same in milliseconds at the accelerator's clock."""
    peak_activation_bytes: int
    """Largest SRAM use for activations (and staged weights) at any moment; weights that live in SRAM ("-sram-only")
    are not counted."""
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

    Raises HardwareInputError when a block is not allowed, or when the compiler leaves an operator to the host CPU.
    """
    return _measurement(blocks, accelerator, _compile(blocks, accelerator).perf_report)


def compile_operators(blocks: Sequence[Block], accelerator: EthosU) -> tuple[Measurement, OperatorReport]:
    """The same, with what the compiler says of each operator; raises as compile_blocks."""
    compiled = _compile(blocks, accelerator, operator_table=True)
    measurement = _measurement(blocks, accelerator, compiled.perf_report)
    table = compiled.opt_database.tables["perf"]
    source, cycles, sram = (table.header.index(name) for name in ("source_id", "op_cycles", "staging_usage"))
    count = len(chain_operators(blocks))
    operator_cycles, operator_sram = [0] * count, [0] * count
    for row in table.data:
        # the compiler numbers the file's operators from one, and may split one into several rows
        position = int(row[source]) - 1
        operator_cycles[position] += int(row[cycles])
        operator_sram[position] = max(operator_sram[position], int(row[sram]))
    return measurement, OperatorReport(
        cycles=measurement.cycles,
        peak_activation_bytes=measurement.peak_activation_bytes,
        operator_cycles=tuple(operator_cycles),
        operator_sram_bytes=tuple(operator_sram),
    )


def _measurement(blocks: Sequence[Block], accelerator: EthosU, report: regor.PerfReport) -> Measurement:
    memories = {name.lower(): memory for name, memory in report.memories.items()}
    traffic = {
        name: sum(access.bytesRead + access.bytesWritten for access in memory.accesses.values())
        for name, memory in memories.items()
    }
    # weights that are in SRAM for good
    constants = report.readOnlyPeakUsage if accelerator.memory_mode == "Sram_Only" else 0
    return Measurement(
        cycles=report.totalCycles,
        latency_ms=report.totalCycles / accelerator.clock_hz * 1e3,
        peak_activation_bytes=memories["sram"].peakUsage - constants,
        param_bytes=count_param_bytes(blocks),
        compressed_weight_bytes=report.encodedWeights,
        macs=report.macCount,
        sram_bytes=traffic["sram"],
        dram_bytes=traffic.get("dram", 0),
        flash_bytes=traffic.get("offchipflash", 0) + traffic.get("onchipflash", 0),
    )


def _compile(
    blocks: Sequence[Block], accelerator: EthosU, *, operator_table: bool = False
) -> regor.CompiledTFLiteModel:
    model = write_tflite(blocks)
    settings, options = _system_settings(accelerator), _options(accelerator, operator_table=operator_table)
    try:
        compiled = regor.compile(accelerator.family, model, "TFLITE", settings, options=options)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise HardwareInputError(f"{accelerator.name} cannot compile this network: {reason}") from error
    left_out = compiled.perf_report.cpuOps
    if left_out:
        raise HardwareInputError(f"{accelerator.name} leaves {left_out} operators of this network to the host CPU")
    return compiled


def measure_with_command_line(blocks: Sequence[Block], accelerator: EthosU) -> dict[str, float]:
    """The summary that Vela's public command line writes for the same blocks: its columns that are numbers."""
    from ethosu.vela import vela  # slow to import, and needed only here

    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()):
        path = Path(directory) / "network.tflite"
        path.write_bytes(write_tflite(blocks))
        arguments = ["--accelerator-config", accelerator.config, "--output-dir", directory]
        arguments += ["--config", "Arm/vela.ini", "--system-config", accelerator.system_config]
        vela.main([str(path), *arguments, "--memory-mode", accelerator.memory_mode])
        with next(Path(directory).glob("*_summary_*.csv")).open() as file:
            row = next(csv.DictReader(file))
    numbers = {}
    for name, value in row.items():
        with contextlib.suppress(ValueError):
            numbers[name] = float(value)
    return numbers


@functools.cache
def _system_settings(accelerator: EthosU) -> str:
    ini = importlib.resources.files("ethosu").joinpath("config_files/Arm/vela.ini").read_text()
    macs_per_core = accelerator.macs_per_cycle // accelerator.cores
    return (
        f"[architecture]\nmacs={macs_per_core}\ncores={accelerator.cores}\n"
        f"[vela]\nsystem_config_name={accelerator.system_config}\nmemory_mode_name={accelerator.memory_mode}\n{ini}"
    )


def _options(accelerator: EthosU, *, operator_table: bool) -> str:
    return (
        f"\n[compiler]\nenable_db={str(operator_table).lower()}\noutput_format=TFLite\ncop_format=COP1\n"
        f"\n[scheduler]\noptimize=Performance\narena_size_limit={accelerator.arena_cache_bytes}\ndisable_feature=\n"
        "cpu_tensor_alignment=16\ntensor_allocator=HillClimb\n\n[graph]\nsoftmax_int16_neg_exp_range=10.0\n"
    )
