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
from hw_model.errors import HardwareInputError
from hw_model.operators import chain_operators
from hw_model.vela.accelerators import EthosU
from hw_model.vela.tflite_writer import write_tflite

COMPILER_VERSION = version("ethos-u-vela")


@dataclass(frozen=True)
class Measurement:
    """What the compiler says of a chain of blocks.

    cycles: NPU core clock cycles of one inference.  latency_ms: the same in milliseconds at the accelerator's clock.
    peak_activation_bytes: largest SRAM use for activations (and staged weights) at any moment; weights that live in
    SRAM ("-sram-only") are not counted.  param_bytes: int8 weights and int32 biases, before compression.
    compressed_weight_bytes: weights as the compiler stores them.  macs: as the compiler counts
    them, pooling and means included.
    sram_bytes, dram_bytes, flash_bytes: traffic of one inference, reads and writes.
    """

    cycles: int
    latency_ms: float
    peak_activation_bytes: int
    param_bytes: int
    compressed_weight_bytes: int
    macs: int
    sram_bytes: int
    dram_bytes: int
    flash_bytes: int


def compile_blocks(blocks: Sequence[Block], accelerator: EthosU) -> Measurement:
    """Compile a chain of blocks for the accelerator.

    Raises HardwareInputError when a block is not allowed, or when the compiler leaves an operator to the host CPU.
    """
    report = run_compiler(blocks, accelerator).perf_report
    memories = {name.lower(): memory for name, memory in report.memories.items()}
    traffic = {
        name: sum(access.bytesRead + access.bytesWritten for access in memory.accesses.values())
        for name, memory in memories.items()
    }
    operators = chain_operators(blocks)
    return Measurement(
        cycles=report.totalCycles,
        latency_ms=report.totalCycles / accelerator.clock_hz * 1e3,
        peak_activation_bytes=memories["sram"].peakUsage - constant_sram_bytes(accelerator, report),
        param_bytes=sum(operator.weights + 4 * operator.biases for operator in operators),
        compressed_weight_bytes=report.encodedWeights,
        macs=report.macCount,
        sram_bytes=traffic["sram"],
        dram_bytes=traffic.get("dram", 0),
        flash_bytes=traffic.get("offchipflash", 0) + traffic.get("onchipflash", 0),
    )


def run_compiler(
    blocks: Sequence[Block], accelerator: EthosU, *, operator_table: bool = False
) -> regor.CompiledTFLiteModel:
    """Compile and give the compiler's own answer, with its table of operators if asked; raises as compile_blocks."""
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


def constant_sram_bytes(accelerator: EthosU, report: regor.PerfReport) -> int:
    """SRAM that holds weights for good."""
    return report.readOnlyPeakUsage if accelerator.memory_mode == "Sram_Only" else 0


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
