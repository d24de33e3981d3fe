"""What a chain of blocks costs on an Ethos-U, from compilations of its parts or of the whole.

The compiler overlaps and cascades neighbouring blocks, so the sum of separately compiled blocks is up to 30% off.
Measuring each pair of neighbours and taking off what is counted twice,

    cost(1, ..., n) = cost(1, 2) + cost(2, 3) + ... + cost(n-1, n) - cost(2) - ... - cost(n-1),

is within a few per cent, and the parts repeat from network to network, which whole networks don't.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hw_model.blocks import Block, check_chain, check_network
from hw_model.cost import Cost, count_macs, count_param_bytes, energy_mj
from hw_model.vela.accelerators import EthosU
from hw_model.vela.compiler import Measurement
from hw_model.vela.measurements import MeasurementCache


def chain_parts(blocks: Sequence[Block]) -> tuple[list[tuple[Block, ...]], list[tuple[Block, ...]]]:
    """The parts to add and the parts to take off: pairs of neighbours and inner blocks, or the only block."""
    if len(blocks) == 1:
        return [tuple(blocks)], []
    return list(itertools.pairwise(blocks)), [(block,) for block in blocks[1:-1]]


def chain_cost(blocks: Sequence[Block], accelerator: EthosU, cache: MeasurementCache) -> Cost:
    """Cost accumulated over measured pairs of neighbours minus inner blocks; the peak is the largest of any pair.

    Raises HardwareInputError when a block is not allowed or cannot be compiled.
    """
    check_chain(blocks)
    added_parts, taken_parts = chain_parts(blocks)
    measured = cache.measure([*added_parts, *taken_parts], accelerator)
    added, taken = measured[: len(added_parts)], measured[len(added_parts) :]

    def total(field: str) -> float:
        return sum(getattr(part, field) for part in added) - sum(getattr(part, field) for part in taken)

    macs = count_macs(blocks)
    return Cost(
        latency_ms=total("latency_ms"),
        peak_activation_bytes=max(part.peak_activation_bytes for part in added),
        param_bytes=count_param_bytes(blocks),
        macs=macs,
        energy_mj=energy_mj(macs, total("sram_bytes"), total("dram_bytes") + total("flash_bytes")),
        off_chip_bytes=total("dram_bytes") + total("flash_bytes"),
    )


def whole_cost(blocks: Sequence[Block], accelerator: EthosU, cache: MeasurementCache) -> Cost:
    """Cost of the network compiled as one.

    Raises HardwareInputError when a block is not allowed or cannot be compiled.
    """
    check_network(blocks)
    return measured_cost(blocks, cache.measure([tuple(blocks)], accelerator)[0])


def measured_cost(blocks: Sequence[Block], measurement: Measurement) -> Cost:
    """The measurement of these blocks as a Cost."""
    macs = count_macs(blocks)
    off_chip = measurement.dram_bytes + measurement.flash_bytes
    return Cost(
        latency_ms=measurement.latency_ms,
        peak_activation_bytes=measurement.peak_activation_bytes,
        param_bytes=measurement.param_bytes,
        macs=macs,
        energy_mj=energy_mj(macs, measurement.sram_bytes, off_chip),
        off_chip_bytes=off_chip,
    )
