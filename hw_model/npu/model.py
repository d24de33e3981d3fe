"""A parametric neural accelerator, for chips that do not exist yet: tile-rounded arithmetic under memory rooflines.

The arithmetic unit computes `rows x columns` pixels of `output_lanes` channels at a time and reads `input_lanes`
channels for each; what does not fill the lanes is wasted, which makes the landscape rocky.  A depthwise operator fills
the output lanes only.  A pool is counted as the traffic that it is, and as one pass over its outputs: its window has no
taps here.  Beside the unit run the SRAM and the memory behind it; an operator takes as long as the slowest of the
three.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from hw_model.cost import (
    PICOJOULES_PER_DRAM_BYTE,
    PICOJOULES_PER_MAC,
    PICOJOULES_PER_SRAM_BYTE,
    Cost,
    Estimate,
)
from hw_model.operator_arrays import OperatorArrays, operator_arrays
from hw_model.rounding import round_up
from hw_model.workload import Workload, close_gaps

_DEPTHWISE = 1


class Npu(NamedTuple):
    """The parameters of an accelerator; a pytree of numbers, so they may be traced, batched and differentiated too."""

    input_lanes: Any
    """Channels read at a time; the parallelism factor P of generic engines is both lanes."""
    output_lanes: Any
    """Channels written at a time."""
    rows: Any = 1.0
    """Rows of pixels computed at a time."""
    columns: Any = 1.0
    """Columns of pixels computed at a time."""
    clock_hz: Any = 1e9
    """Of the core."""
    convolution_rate: Any = 1.0
    """Share of the lanes' peak that convolutions reach on whole tiles, at most 1."""
    depthwise_rate: Any = 1.0
    """Share that depthwise convolutions reach, at most 1."""
    sram_bytes: Any = 2.0**20
    """Size of the SRAM."""
    sram_bytes_per_cycle: Any = 64.0
    """Bandwidth of the SRAM."""
    memory_bytes_per_cycle: Any = 8.0
    """Bandwidth of what lies behind it."""
    setup_cycles: Any = 100.0
    """Of every operator."""
    channel_alignment: Any = 16.0
    """Channels that inputs and outputs are padded to in SRAM; what is held for a residual is padded to 16."""
    weights_in_memory: Any = 1.0
    """1 if parameters are read from behind the SRAM, 0 if they live in it."""
    picojoules_per_mac: Any = PICOJOULES_PER_MAC
    """Energy; see hw_model.cost for the sources."""
    picojoules_per_sram_byte: Any = PICOJOULES_PER_SRAM_BYTE
    """Likewise."""
    picojoules_per_memory_byte: Any = PICOJOULES_PER_DRAM_BYTE
    """Likewise."""

    @property
    def macs_per_cycle(self) -> Any:
        """Peak rate of the lanes."""
        return self.input_lanes * self.output_lanes * self.rows * self.columns


def npu_estimate(npu: Npu, work: Workload | OperatorArrays) -> Estimate:
    """Cost of a workload [..., L], or of its operators, on the accelerator; pure, so jit, vmap and grad apply to both
    arguments."""
    operators = work if isinstance(work, OperatorArrays) else operator_arrays(close_gaps(work))
    cycles = operator_cycles(npu, operators)
    live = operator_sram_bytes(npu, operators)
    ms_per_cycle = 1e3 / npu.clock_hz
    latency_ms = cycles.sum((-1, -2)) * ms_per_cycle
    parameters, macs = operators.param_bytes.sum((-1, -2)), operators.macs.sum((-1, -2))
    sram, memory = (traffic.sum((-1, -2)) for traffic in _traffic(npu, operators))
    picojoules = (
        macs * npu.picojoules_per_mac + sram * npu.picojoules_per_sram_byte + memory * npu.picojoules_per_memory_byte
    )
    cost = Cost(latency_ms, live.max((-1, -2)), parameters, macs, picojoules * 1e-9, memory)
    unknown = jnp.full_like(latency_ms, jnp.nan)
    block_latency_ms = cycles.sum(-1) * ms_per_cycle
    return Estimate(cost, unknown, unknown, jnp.zeros_like(latency_ms), block_latency_ms, live.max(-1))


def operator_cycles(npu: Npu, operators: OperatorArrays) -> Array:
    """Cycles of each operator [..., L, 3]; never below its MACs over macs_per_cycle."""
    pixels = round_up(operators.height, npu.rows) * round_up(operators.width, npu.columns)
    outputs = pixels * round_up(operators.out_channels, npu.output_lanes)
    window = operators.taps
    convolution = outputs * window * round_up(operators.in_channels, npu.input_lanes)
    # one input channel for each output, so all but one of the input lanes stand idle
    depthwise = outputs * window * npu.input_lanes
    arithmetic = jnp.where(
        operators.kind == _DEPTHWISE,
        depthwise / npu.depthwise_rate,
        jnp.where(operators.weights > 0, convolution / npu.convolution_rate, outputs * npu.input_lanes),
    )
    sram, memory = _traffic(npu, operators)
    slowest = jnp.maximum(arithmetic / npu.macs_per_cycle, sram / npu.sram_bytes_per_cycle)
    slowest = jnp.maximum(slowest, memory / npu.memory_bytes_per_cycle)
    return jnp.where(operators.mask, slowest + npu.setup_cycles, 0.0)


def operator_sram_bytes(npu: Npu, operators: OperatorArrays) -> Array:
    """SRAM for an operator's input, output and what is held for a residual [..., L, 3], at most what there is."""
    return jnp.minimum(_live_bytes(npu, operators), npu.sram_bytes)


def _feature_maps(npu: Npu, operators: OperatorArrays) -> tuple[Array, Array]:
    inputs = operators.in_height * operators.in_width * round_up(operators.in_channels, npu.channel_alignment)
    outputs = operators.height * operators.width * round_up(operators.out_channels, npu.channel_alignment)
    return inputs, outputs


def _live_bytes(npu: Npu, operators: OperatorArrays) -> Array:
    inputs, _ = _feature_maps(npu, operators)
    kept = operators.held_bytes + operators.waiting_bytes
    return jnp.where(operators.mask, inputs + _results(npu, operators) + kept, 0.0)


def _results(npu: Npu, operators: OperatorArrays) -> Array:
    """Bytes of the outputs, but of a product those of the whole picture that an output of one pixel scales."""
    return operators.result_pixels * round_up(operators.out_channels, npu.channel_alignment)


def _traffic(npu: Npu, operators: OperatorArrays) -> tuple[Array, Array]:
    """Bytes through the SRAM and to or from what lies behind it [..., L, 3]."""
    inputs, outputs = _feature_maps(npu, operators)
    adding = 2.0 * _results(npu, operators) * operators.adds
    sram = inputs + outputs + adding + operators.param_bytes
    spilled = jnp.maximum(_live_bytes(npu, operators) - npu.sram_bytes, 0.0)
    memory = operators.param_bytes * npu.weights_in_memory + spilled
    return jnp.where(operators.mask, sram, 0.0), jnp.where(operators.mask, memory, 0.0)


NPUS: dict[str, Npu] = {
    f"npu-p{lanes}": Npu(float(lanes), float(lanes), sram_bytes_per_cycle=4.0 * lanes, channel_alignment=float(lanes))
    for lanes in (16, 32, 64)
}
"""Generic neural engines with a parallelism factor P: P x P MACs a cycle at 1 GHz, a megabyte of SRAM that moves 4 P
bytes a cycle, and 8 GB/s behind it."""
