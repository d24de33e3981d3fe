"""What networks may have that none had which an estimator is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hw_model.blocks import MAX_KERNEL, MAX_STRIDE, NETWORK_INPUT, Block, added, read, sources
from hw_model.kinds import KINDS, MOST_PARTS
from hw_model.operators import block_operators


class _Drawn(NamedTuple):
    """The most that hw_model.learned.samples draws."""

    window: int
    """Of convolutions, height and width."""
    stride: int
    """Of convolutions."""
    pool: int
    """Window of a max_pool."""
    adds_to_any: bool
    """Additions to whatever convolution; otherwise to pointwise ones behind another operator, as in an ibn."""


_NETWORKS = _Drawn(window=5, stride=2, pool=2, adds_to_any=False)
_FRAGMENTS = _Drawn(window=MAX_KERNEL, stride=MAX_STRIDE, pool=3, adds_to_any=True)
_STEPS = (2, 2)
"""Of every max_pool and upsample."""


def outside_fit(blocks: Sequence[Block], *, fragments: bool) -> tuple[str, ...]:
    """What no network has that an estimator is fitted to, with the block where it stands.

    fragments: the estimator learned from `hw_model.learned.samples.sample_fragments` too.
    """
    drawn = _FRAGMENTS if fragments else _NETWORKS
    found = []
    # what each is made of: a block that reads anything else than the one before is made of stands on a branch
    line = {NETWORK_INPUT: {NETWORK_INPUT}}
    for position, block in enumerate(blocks):
        taken = read(block, position)
        found += [] if line[position - 1].issuperset(taken) else [f"a branch (block {position})"]
        line[position] = {position}.union(*(line[q] for q in taken))
        for operator in block_operators(block):
            (height, width), (down, across) = operator.window, operator.strides
            even = height % 2 == 0 and operator.kind != "max_pool"
            words = {"avg_pool": "avg_pool", "mul": "a product", "concat": "joined tensors"}.get(operator.kind, "")
            if operator.kind == "dense" and any(blocks[q].kind == "dense" for q in sources(block, position) if q >= 0):
                words = "dense layers in a row"
            elif operator.kind == "max_pool" and (max(height, width) > drawn.pool or (down, across) != _STEPS):
                words = f"a max_pool of {height} x {width} in steps of {down} x {across}"
            elif operator.kind == "resize" and (down, across) != _STEPS:
                words = f"an upsample by {down} x {across}"
            elif not words and (height != width or height > drawn.window or even):
                words = f"a window of {height} x {width}"
            elif not words and (down != across or down > drawn.stride):
                words = f"a stride of {down} x {across}"
            elif operator.kind == "add":
                words = _addition(blocks, position, drawn)
            found += [f"{words} (block {position})"] if words else []
    return tuple(dict.fromkeys(found))


def _addition(blocks: Sequence[Block], position: int, drawn: _Drawn) -> str:
    block, other = blocks[position], added(blocks[position])
    if block.residual and other is not None:
        return "two additions"
    first = position if other is None else other + 1
    spanned = sum(len(KINDS[each.kind].standing(each.expands)) for each in blocks[first : position + 1])
    last = KINDS[block.kind].standing(block.expands)[-1]
    pointwise = not last.window or block.window == (1, 1)
    if last.operator != "conv" or not (drawn.adds_to_any or (pointwise and spanned > 1)):
        return f"an addition to a {block.kind}"
    # residuals that were learned from span the operators of one block
    return f"an addition of block {other}" if spanned > MOST_PARTS else ""
