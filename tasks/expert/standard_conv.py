"""Rule: depthwise to standard convolution.

A depthwise convolution reads one channel for each output, so an accelerator that multiplies many input channels at a
time leaves most of its multipliers idle; and an inverted bottleneck's wide middle has to be kept in memory.
"""

from __future__ import annotations

from dataclasses import replace

from hw_model.blocks import Block
from tasks.expert.chains import block_name, expanded, predicting
from tasks.expert.rule import Architecture, Rewrite, Rule


def propose(blocks: Architecture, place: int, parallelism: int) -> tuple[Rewrite, ...]:
    """One standard convolution of the same kernel, stride and output in the place of an inverted bottleneck.

    A depthwise block and the 1x1 convolution after it become one convolution; a depthwise block alone becomes one too.
    """
    del parallelism
    block = blocks[place]
    if block.kind == "ibn":
        new = replace(expanded(block, "conv", 1), activation=True)
        return (Rewrite(f"{block_name(block)} becomes {block_name(new)}", _put(blocks, place, place + 1, new)),)
    if block.kind != "depthwise":
        return ()
    after = blocks[place + 1] if place + 1 < len(blocks) else None
    if after is not None and after.kind == "conv" and after.kernel == 1 and after.stride == 1 and after.activation:
        # the convolution after it may have added its input, which is the depthwise block's output and is gone now
        new = replace(block, kind="conv", out_channels=after.out_channels, activation=True)
        return (Rewrite(f"depthwise and 1x1 become {block_name(new)}", _put(blocks, place, place + 2, new)),)
    # a conv without activation would be trained with a bias and no normalisation, as what predicts is
    new = replace(block, kind="conv", activation=block.activation or place not in predicting(blocks))
    return (Rewrite(f"{block_name(block)} becomes {block_name(new)}", _put(blocks, place, place + 1, new)),)


def _put(blocks: Architecture, start: int, stop: int, new: Block) -> Architecture:
    return (*blocks[:start], new, *blocks[stop:])


STANDARD_CONV = Rule(
    "depthwise_to_conv",
    "a depthwise convolution leaves the input-channel multipliers idle, and its wide middle fills the memory",
    propose,
)
