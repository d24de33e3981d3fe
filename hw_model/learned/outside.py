"""What networks may have that none had which estimators are fitted to."""

from __future__ import annotations

from collections.abc import Sequence

from hw_model.blocks import MAX_KERNEL, MAX_STRIDE, Block, added, sources
from hw_model.kinds import KINDS, MOST_PARTS
from hw_model.operators import block_operators

_LARGEST_POOL = 3
_STEPS = (2, 2)
"""What hw_model.learned.samples draws of max_pool and upsample: windows of 2 and 3, strides and factors of 2."""


def outside_fit(blocks: Sequence[Block]) -> tuple[str, ...]:
    """What no network has that estimators are fitted to, with the block where it stands."""
    found = []
    for position, block in enumerate(blocks):
        for operator in block_operators(block):
            (height, width), (down, across) = operator.window, operator.strides
            words = {"avg_pool": "avg_pool", "mul": "a product", "concat": "joined tensors"}.get(operator.kind, "")
            if operator.kind == "dense" and any(blocks[q].kind == "dense" for q in sources(block, position) if q >= 0):
                words = "dense layers in a row"
            elif operator.kind == "max_pool" and (max(height, width) > _LARGEST_POOL or (down, across) != _STEPS):
                words = f"a max_pool of {height} x {width} in steps of {down} x {across}"
            elif operator.kind == "resize" and (down, across) != _STEPS:
                words = f"an upsample by {down} x {across}"
            elif not words and (height != width or height > MAX_KERNEL):
                words = f"a window of {height} x {width}"
            elif not words and (down != across or down > MAX_STRIDE):
                words = f"a stride of {down} x {across}"
            elif not words and operator.kind == "add" and (other := added(block)) is not None:
                # residuals that were learned from span the operators of one block
                spanned = sum(len(KINDS[each.kind].standing(each.expands)) for each in blocks[other + 1 : position + 1])
                words = f"an addition of block {other}" if spanned > MOST_PARTS else ""
            found += [f"{words} (block {position})"] if words else []
    return tuple(dict.fromkeys(found))
