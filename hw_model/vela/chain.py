"""What a network costs on an Ethos-U, compiled whole.

The compiler overlaps and cascades neighbouring blocks, so the sum of separately compiled blocks is another figure: how
far off says results/estimator/estimator.csv (singles, pairs, threes).
"""

from __future__ import annotations

from collections.abc import Sequence

from hw_model.blocks import Block, check_network
from hw_model.cost import Cost, count_macs, energy_mj
from hw_model.vela.accelerators import EthosU
from hw_model.vela.compiler import Measurement
from hw_model.vela.measurements import MeasurementCache


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
