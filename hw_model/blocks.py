"""The building block that networks are made of: one definition for the cost model and for the trained network."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from hw_model.errors import HardwareInputError, short
from hw_model.kinds import KINDS, kind_names

MAX_SIZE = 4096
"""Height and width of any block's input and output, in pixels."""
MAX_CHANNELS = 8192
MAX_KERNEL = 7
MAX_STRIDE = 3
MAX_EXPANSION = 16
MAX_BLOCKS = 256


@dataclass(frozen=True)
class Block:
    """One block of a chain network, with the shape it meets there."""

    kind: str
    """A name in `hw_model.kinds.KINDS`, which says what each of them is."""
    height: int
    """Of the input, in pixels.  Convolutions and pools pad "same": the output is ceil(size / stride)."""
    width: int
    """Of the input, in pixels."""
    in_channels: int
    """Of the whole block."""
    out_channels: int
    """Of the whole block."""
    kernel: int = 3
    """Height and width of its window, where its kind has one."""
    stride: int = 1
    """Of the window; the factor of an upsample."""
    expansion: int = 1
    """Hidden channels / in_channels, of kinds that expand."""
    residual: bool = False
    """The input is added to the output (needs stride 1 and equal channels)."""
    activation: bool = True
    """ReLU6 after a conv or depthwise; the projection of ibn and fused_ibn is linear always."""

    @property
    def hidden_channels(self) -> int:
        """Channels between expansion and projection."""
        return self.in_channels * self.expansion

    @property
    def out_height(self) -> int:
        """Output height in pixels."""
        return KINDS[self.kind].out_size(self.height, self.stride)

    @property
    def out_width(self) -> int:
        """Output width in pixels."""
        return KINDS[self.kind].out_size(self.width, self.stride)


def check_block(block: Block, position: int = 0) -> None:
    """Raise HardwareInputError, naming the block by its position and the field, unless every field is allowed."""
    where = f"block {position}"
    # a kind may be anything that JSON can hold
    if not isinstance(block.kind, str) or block.kind not in KINDS:
        raise HardwareInputError(f"{where}: unknown kind {short(block.kind)}; allowed: {', '.join(KINDS)}")
    kind = KINDS[block.kind]
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
                f"{where} ({block.kind}): {field} is {short(value)}; allowed: whole numbers 1 to {limit}"
            )
    if max(block.out_height, block.out_width) > MAX_SIZE:
        raise HardwareInputError(
            f"{where} ({block.kind}): gives {block.out_height} x {block.out_width}; allowed: at most {MAX_SIZE} pixels"
        )
    if block.kernel % 2 == 0 and (kind.has_window or not kind.has_kernel):
        raise HardwareInputError(f"{where} ({block.kind}): kernel is {block.kernel}; allowed: odd numbers")
    if block.expansion != 1 and not kind.expands:
        expand = _listed(kind_names(lambda kind: kind.expands), "and")
        raise HardwareInputError(f"{where} ({block.kind}): expansion is {block.expansion}; only {expand} expand")
    if kind.keeps_channels and block.in_channels != block.out_channels:
        raise HardwareInputError(
            f"{where} ({block.kind}): {block.in_channels} channels in and {block.out_channels} out; they must be equal"
        )
    if block.residual and (block.stride != 1 or block.in_channels != block.out_channels or not kind.may_add):
        adding = _listed(kind_names(lambda kind: kind.may_add), "or")
        raise HardwareInputError(f"{where} ({block.kind}): a residual needs a {adding} of stride 1 with equal channels")


def _listed(names: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


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
