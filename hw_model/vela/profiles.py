"""A whole network compiled once, and what the compiler says of each operator where it really stands.

One compilation of a network labels some forty operators in their true surroundings, where compiling blocks and pairs
apart would give one number each and miss what lies beyond the pair.  The cycles of the operators add up to the
network's exactly; its peak memory is within some per cent of the largest need of any operator (the rest is how the
allocator fits the buffers together).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw_model.blocks import Block
from hw_model.operators import chain_operators
from hw_model.vela.accelerators import EthosU
from hw_model.vela.compiler import constant_sram_bytes, run_compiler


@dataclass(frozen=True)
class Profile:
    """What the compiler says of a chain of blocks and of each of its operators, in the order of chain_operators.

    cycles: NPU core clock cycles of one inference.  peak_activation_bytes: largest SRAM use, constants apart.
    operator_cycles: of each operator; they add up to cycles.  operator_sram_bytes: SRAM in use while it runs, constants
    apart; 0 for one that the compiler merged into another.
    """

    cycles: int
    peak_activation_bytes: int
    operator_cycles: tuple[int, ...]
    operator_sram_bytes: tuple[int, ...]


def profile_blocks(blocks: Sequence[Block], accelerator: EthosU) -> Profile:
    """Compile a chain of blocks and profile its operators; raises HardwareInputError as compile_blocks does."""
    compiled = run_compiler(blocks, accelerator, operator_table=True)
    report, table = compiled.perf_report, compiled.opt_database.tables["perf"]
    source, cycles, sram = (table.header.index(name) for name in ("source_id", "op_cycles", "staging_usage"))
    count = len(chain_operators(blocks))
    operator_cycles, operator_sram = [0] * count, [0] * count
    for row in table.data:
        # the compiler numbers the file's operators from one, and may split one into several rows
        position = int(row[source]) - 1
        operator_cycles[position] += int(row[cycles])
        operator_sram[position] = max(operator_sram[position], int(row[sram]))
    peak = next(memory.peakUsage for name, memory in report.memories.items() if name.lower() == "sram")
    return Profile(
        cycles=report.totalCycles,
        peak_activation_bytes=peak - constant_sram_bytes(accelerator, report),
        operator_cycles=tuple(operator_cycles),
        operator_sram_bytes=tuple(operator_sram),
    )
