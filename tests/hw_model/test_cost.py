"""MACs and parameters against numbers worked out by hand."""

import pytest

from hw_model.blocks import Block
from hw_model.cost import count_macs, count_param_bytes, count_params, energy_mj


@pytest.mark.parametrize(
    ("block", "macs", "weights", "biases"),
    [
        # 3x3 conv, 3 to 16 channels, to 48x48: 9*3*16 = 432 weights
        (Block("conv", 96, 96, 3, 16, 3, 2), 432 * 48 * 48, 432, 16),
        # 16 -> 96 expand (1536) on 24x24, 5x5 depthwise (2400) and 96 -> 24 project (2304) on 12x12
        (Block("ibn", 24, 24, 16, 24, 5, 2, 6), 1536 * 576 + (2400 + 2304) * 144, 6240, 96 + 96 + 24),
        # without expansion convolution: depthwise 9*16 = 144, project 16*16 = 256
        (Block("ibn", 24, 24, 16, 16, 3, 1, 1, residual=True), 400 * 576, 400, 32),
        # 3x3 expansion 8 -> 32: 2304; project 32 -> 8: 256; both at 10x10
        (Block("fused_ibn", 10, 10, 8, 8, 3, 1, 4, residual=True), 2560 * 100, 2560, 40),
        # odd sizes round up: 7x5 at stride 2 is 4x3
        (Block("depthwise", 7, 5, 6, 6, 3, 2), 54 * 12, 54, 6),
        (Block("global_pool", 7, 7, 64, 64), 0, 0, 0),
        (Block("upsample", 7, 7, 64, 64, stride=2), 0, 0, 0),
        (Block("max_pool", 8, 8, 64, 64, 2, 2), 0, 0, 0),
    ],
)
def test_macs_and_parameters_are_what_they_are_by_hand(block, macs, weights, biases):
    assert count_macs([block]) == macs
    assert count_params([block]) == weights + biases
    assert count_param_bytes([block]) == weights + 4 * biases


def test_energy_adds_up_arithmetic_and_traffic():
    # 10^9 MACs at 0.3 pJ are 0.3 mJ; 10^6 bytes at 12.5 pJ 0.0125 mJ; 10^6 bytes of DRAM at 162.5 pJ 0.1625 mJ
    assert energy_mj(1e9, 1e6, 1e6) == pytest.approx(0.3 + 0.0125 + 0.1625)
