"""What `hw_model.network_text.summary` says of a network, read again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from hw_model.blocks import Block
from hw_model.kinds import KINDS
from tasks.expert.chains import set_channels

_BLOCK = re.compile(
    r"(?P<kind>[a-z_]+?)(?:_(?P<expansion>\d+))?(?: (?P<channels>\d+))?(?: k(?P<kernel>\d+))?(?: (?P<stride>[/x]\d+))?"
)


class Told(NamedTuple):
    """A block as a summary tells it."""

    kind: str
    """conv, ibn, fused_ibn, ..."""
    words: str
    """All that is said of it."""
    channels: int
    """Given out; those of the block before where it keeps them."""
    expansion: int
    """1 where it has none."""
    kernel: int
    """3 where nothing is said."""
    stride: str
    """Such as /2 or x2; empty for 1."""


def blocks_of(summary: str) -> tuple[str, list[Told]]:
    """The input's shape, and the blocks.  Raises ValueError for a text that is no summary."""
    shape, _, rest = summary.partition(": ")
    found_blocks, channels = list[Told](), int(shape.rpartition("x")[2])
    for words in rest.split(", "):
        found = _BLOCK.fullmatch(words)
        if not found:
            raise ValueError(f"{words!r} is no block of a summary")
        channels = int(found["channels"] or channels)
        sizes = int(found["expansion"] or 1), int(found["kernel"] or 3)
        found_blocks.append(Told(found["kind"], words, channels, *sizes, found["stride"] or ""))
    return shape, found_blocks


def rewritten(start: tuple[Block, ...], told: Sequence[Told]) -> tuple[Block, ...]:
    """The network with first blocks of these kinds, channels, expansions and kernels; strides and all else stay."""
    changed = [
        replace(
            block,
            kind=each.kind,
            expansion=each.expansion,
            kernel=each.kernel if KINDS[each.kind].has_kernel else block.kernel,
        )
        for block, each in zip(start, told, strict=False)
    ]
    rest = start[len(told) :]
    return set_channels((*changed, *rest), [each.channels for each in told] + [block.out_channels for block in rest])
