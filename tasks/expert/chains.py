"""What the rules share: set the channels of a chain, find the blocks that share a number of channels, name a block."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from hw_model.blocks import Block
from hw_model.kinds import KINDS
from tasks.expert.rule import Architecture


def set_channels(blocks: Architecture, channels: Sequence[int]) -> Architecture:
    """The chain with these output channels of each block; those that keep their channels keep the ones they now get.

    A block whose input and output become of one shape adds them, as the spaces' do; one that could add before and did
    not still does not.
    """
    given, built = blocks[0].in_channels, []
    for block, wanted in zip(blocks, channels, strict=True):
        out = given if KINDS[block.kind].keeps_channels else wanted
        changed = replace(block, in_channels=given, out_channels=out, residual=False)
        residual = _can_add(changed) and (block.residual or not _can_add(block))
        built.append(replace(changed, residual=residual))
        given = out
    return tuple(built)


def _can_add(block: Block) -> bool:
    may_add = KINDS[block.kind].may_add and block.activation
    return may_add and block.stride == 1 and block.in_channels == block.out_channels


def channel_groups(blocks: Architecture) -> list[range]:
    """Runs of neighbouring blocks that give equal channels, the predicting layer, which is the last block, left out."""
    places = range(len(blocks) - 1)
    return [
        range(run[0], run[-1] + 1)
        for run in (list(found) for _, found in itertools.groupby(places, key=lambda place: blocks[place].out_channels))
    ]


def block_name(block: Block) -> str:
    """A block in a word or two, such as "fused_ibn_3 16 to 24"."""
    kind = f"{block.kind}_{block.expansion}" if block.expansion != 1 else block.kind
    return f"{kind} {block.in_channels} to {block.out_channels}"


def channels_change(before: Architecture, after: Architecture) -> str:
    """Channels of the groups of one chain and of the same blocks in another, such as "8-16-24 become 16-16-16"."""
    first = [group[0] for group in channel_groups(before)]
    old, new = ("-".join(str(blocks[place].out_channels) for place in first) for blocks in (before, after))
    return f"{old} become {new}"
