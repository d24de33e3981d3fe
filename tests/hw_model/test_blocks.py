from dataclasses import replace

import pytest

from hw_model.blocks import Block, check_block, check_chain
from hw_model.errors import HardwareInputError

GOOD = Block("ibn", 24, 24, 16, 16, 3, 1, 4, residual=True)
UPSAMPLE = {"kind": "upsample", "kernel": 1, "stride": 3, "expansion": 1, "residual": False}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "attention"}, "unknown kind 'attention'; allowed: conv"),
        ({"height": -3}, "height is -3; allowed: whole numbers 1 to"),
        ({"width": 0}, "width is 0"),
        ({"in_channels": float("nan")}, "in_channels is nan"),
        ({"out_channels": 10**9}, "out_channels is 1000000000"),
        ({"kernel": 4}, "kernel is 4; allowed: odd numbers"),
        ({"stride": True}, "stride is True"),
        ({"residual": "no"}, "residual is 'no'; allowed: true, false"),
        ({"activation": 0}, "activation is 0; allowed: true, false"),
        ({"kind": "conv"}, "only ibn and fused_ibn expand"),
        ({"stride": 2}, "a residual needs"),
        ({"out_channels": 24}, "a residual needs"),
        ({"kind": "depthwise", "expansion": 1, "out_channels": 24, "residual": False}, "must be equal"),
        (UPSAMPLE | {"height": 1366}, "gives 4098 x 72; allowed: at most 4096 pixels"),
    ],
)
def test_a_block_that_is_not_allowed_is_named_with_its_field(change, message):
    with pytest.raises(HardwareInputError) as error:
        check_block(replace(GOOD, **change), position=7)
    assert "block 7" in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_chain_whose_blocks_do_not_fit_names_the_second():
    with pytest.raises(HardwareInputError, match=r"block 1 \(ibn\): takes 24x24x16 .* block 0 gives 12x12x16"):
        check_chain([replace(GOOD, stride=2, residual=False), GOOD])


@pytest.mark.parametrize("length", [0, 10_000])
def test_an_empty_and_an_endless_chain_are_refused(length):
    with pytest.raises(HardwareInputError, match=f"network has {length} blocks; allowed: 1 to 256"):
        check_chain([GOOD] * length)
