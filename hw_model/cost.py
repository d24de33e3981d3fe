"""Cost: the one answer that measuring, estimating and modelling all give; and what can simply be counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hw_model.blocks import Block
from hw_model.operators import chain_operators

# Energy of an int8 multiply (0.2 pJ) and a 32-bit add (0.1 pJ), of a megabyte SRAM (100 pJ for 8 bytes) and of DRAM
# (1.3 nJ for 8 bytes, the low end), at 45 nm and 0.9 V: M. Horowitz, "Computing's energy problem (and what we can do
# about it)", ISSCC 2014, figure 1.1.9.  Flash is counted as DRAM: the paper has no figure for it.
PICOJOULES_PER_MAC = 0.3
PICOJOULES_PER_SRAM_BYTE = 12.5
PICOJOULES_PER_DRAM_BYTE = 162.5


class Cost(NamedTuple):
    """Cost of one inference; a pytree, so fields may as well be arrays of a batch of networks."""

    latency_ms: Any
    """Milliseconds."""
    peak_activation_bytes: Any
    """Largest SRAM use at any moment, weights that live there for good apart.  Where DRAM lies behind the SRAM this is
    how full the schedule makes it, up to what there is, and not what the network needs."""
    param_bytes: Any
    """Int8 weights and int32 biases."""
    macs: Any
    """Multiply-accumulates."""
    energy_mj: Any
    """Millijoules of the arithmetic and of the traffic of SRAM and of what lies behind it, as scheduled; without
    leakage and without the host.  Of the same meaning whether compiled or estimated."""
    off_chip_bytes: Any
    """Bytes of one inference read from and written to DRAM and flash behind the SRAM; 0 where all is in SRAM."""


class Estimate(NamedTuple):
    """What a model says of a workload [..., L]."""

    cost: Cost
    """Of each network, [...]."""
    latency_std_ms: Any
    """Standard deviation of the latency's error, [...]; NaN for a model that cannot tell."""
    peak_std_bytes: Any
    """Likewise of the peak's."""
    outside_share: Any
    """Of the latency, the share of operators larger, wider or otherwise beyond all that the model was fitted to,
    [...]; 0 for a model that was not fitted."""
    block_latency_ms: Any
    """Of each block in its surroundings, [..., L], blocks first, then zeros."""
    block_sram_bytes: Any
    """Likewise."""


def count_macs(blocks: Sequence[Block]) -> int:
    """Multiply-accumulates of the convolutions; additions and pooling count none."""
    return sum(operator.macs for operator in chain_operators(blocks))


def count_params(blocks: Sequence[Block]) -> int:
    """Number of weights and biases."""
    return sum(operator.weights + operator.biases for operator in chain_operators(blocks))


def count_param_bytes(blocks: Sequence[Block]) -> int:
    """Bytes of the parameters as deployed: int8 weights, int32 biases."""
    return sum(operator.weights + 4 * operator.biases for operator in chain_operators(blocks))


def energy_mj(macs: Any, sram_bytes: Any, dram_bytes: Any) -> Any:
    """Millijoules of that much arithmetic and traffic; numbers or arrays."""
    picojoules = (
        macs * PICOJOULES_PER_MAC + sram_bytes * PICOJOULES_PER_SRAM_BYTE + dram_bytes * PICOJOULES_PER_DRAM_BYTE
    )
    return picojoules * 1e-9
