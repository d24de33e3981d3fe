"""The building block that networks are made of: one definition for the cost model and for the trained network."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from hw_model.errors import HardwareInputError

BLOCK_KINDS = ("conv", "depthwise", "ibn", "fused_ibn", "max_pool", "global_pool", "upsample")
MAX_SIZE = 4096
MAX_CHANNELS = 8192
MAX_KERNEL = 7
MAX_STRIDE = 3
MAX_EXPANSION = 16
MAX_BLOCKS = 256


@dataclass(frozen=True)
class Block:
    """One block of a chain network, with the shape it meets there.

    kind: "conv" (k x k convolution; the stem, a pointwise layer, a classifier after a global_pool and the
    output layers of heads are all this), "depthwise" (k x k, one filter a channel), "ibn" (1x1 expansion,
    k x k depthwise, 1x1 projection; MobileNetV2, arXiv:1801.04381), "fused_ibn" (k x k expansion, 1x1
    projection; MobileDets, arXiv:2004.14525), "max_pool" (k x k), "global_pool" (mean over the picture) or
    "upsample" (nearest neighbour, by the factor `stride`).
    height, width: input size in pixels.  Convolutions and pools pad "same": the output is ceil(size / stride).
    in_channels, out_channels: of the whole block.  expansion: hidden channels / in_channels (ibn and fused_ibn).
    residual: input added to the output (needs stride 1 and equal channels).
    activation: relu6 after a conv or depthwise; the projection of ibn and fused_ibn is linear always.
    """

    kind: str
    height: int
    width: int
    in_channels: int
    out_channels: int
    kernel: int = 3
    stride: int = 1
    expansion: int = 1
    residual: bool = False
    activation: bool = True

    @property
    def hidden_channels(self) -> int:
        """Channels between expansion and projection."""
        return self.in_channels * self.expansion

    @property
    def out_height(self) -> int:
        """Output height in pixels."""
        return self._out(self.height)

    @property
    def out_width(self) -> int:
        """Output width in pixels."""
        return self._out(self.width)

    def _out(self, size: int) -> int:
        if self.kind == "global_pool":
            return 1
        if self.kind == "upsample":
            return size * self.stride
        return -(-size // self.stride)


def check_block(block: Block, position: int = 0) -> None:
    """Raise HardwareInputError, naming the block by its position and the field, unless every field is allowed."""
    where = f"block {position}"
    if block.kind not in BLOCK_KINDS:
        raise HardwareInputError(f"{where}: unknown kind {block.kind!r}; allowed: {', '.join(BLOCK_KINDS)}")
    limits = {
        "height": MAX_SIZE,
        "width": MAX_SIZE,
        "in_channels": MAX_CHANNELS,
        "out_channels": MAX_CHANNELS,
        "kernel": MAX_KERNEL,
        "stride": MAX_STRIDE,
        "expansion": MAX_EXPANSION,
    }
    for field, limit in limits.items():
        value = getattr(block, field)
        # bool is an int to Python, and True as a size is a mistake
        if type(value) is not int or not 1 <= value <= limit:
            raise HardwareInputError(
                f"{where} ({block.kind}): {field} is {value!r}; allowed: whole numbers 1 to {limit}"
            )
    if block.kernel % 2 == 0 and block.kind != "max_pool":
        raise HardwareInputError(f"{where} ({block.kind}): kernel is {block.kernel}; allowed: odd numbers")
    if block.expansion != 1 and block.kind not in ("ibn", "fused_ibn"):
        raise HardwareInputError(
            f"{where} ({block.kind}): expansion is {block.expansion}; only ibn and fused_ibn expand"
        )
    if block.kind in ("depthwise", "max_pool", "global_pool", "upsample") and block.in_channels != block.out_channels:
        raise HardwareInputError(
            f"{where} ({block.kind}): {block.in_channels} channels in and {block.out_channels} out; they must be equal"
        )
    if block.residual and (
        block.stride != 1 or block.in_channels != block.out_channels or block.kind not in ("conv", "ibn", "fused_ibn")
    ):
        raise HardwareInputError(
            f"{where} ({block.kind}): a residual needs a conv, ibn or fused_ibn of stride 1 with equal channels"
        )


def check_chain(blocks: Sequence[Block]) -> None:
    """Raise HardwareInputError unless the blocks are allowed and each takes what the one before it gives."""
    if not 1 <= len(blocks) <= MAX_BLOCKS:
        raise HardwareInputError(f"network has {len(blocks)} blocks; allowed: 1 to {MAX_BLOCKS}")
    for position, block in enumerate(blocks):
        check_block(block, position)
    for position, (before, block) in enumerate(itertools.pairwise(blocks), start=1):
        gives = (before.out_height, before.out_width, before.out_channels)
        takes = (block.height, block.width, block.in_channels)
        if gives != takes:
            raise HardwareInputError(
                f"block {position} ({block.kind}): takes {'x'.join(map(str, takes))} (height x width x channels) but "
                f"block {position - 1} gives {'x'.join(map(str, gives))}"
            )
