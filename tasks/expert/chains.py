"""What the rules share: set the channels of a network, find blocks that share a number of channels, name a block."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from hw_model.blocks import NETWORK_INPUT, Block, GraphBlock, outputs, sources
from hw_model.kinds import KINDS
from tasks.expert.rule import Architecture


def predicting(blocks: Architecture) -> set[int]:
    """Positions of the blocks whose channels are the network's outputs': those that no other takes, and behind one that
    keeps its channels, such as a mean, what it takes.
    """
    found: set[int] = set()
    left = outputs(blocks)
    while left:
        place = left.pop()
        if place != NETWORK_INPUT and place not in found:
            found.add(place)
            left += sources(blocks[place], place) if KINDS[blocks[place].kind].keeps_channels else ()
    return found


def set_channels(blocks: Architecture, channels: Sequence[int]) -> Architecture:
    """The network with these output channels of each block; those that keep their channels keep the ones they now get,
    and the `predicting` ones give what they gave.

    A block whose input and output become of one shape adds them, as the spaces' do; one that could add before and did
    not still does not, nor one with other neighbours than a chain's.  Channels given by number between a block's parts
    grow and shrink with its input.
    """
    given, last = {NETWORK_INPUT: blocks[0].in_channels}, predicting(blocks)
    built: list[Block] = []
    for position, (block, wanted) in enumerate(zip(blocks, channels, strict=True)):
        taken = sum(given[place] for place in sources(block, position))
        wanted = block.out_channels if position in last else wanted
        out = taken if KINDS[block.kind].keeps_channels else wanted
        changed = replace(block, in_channels=taken, out_channels=out, residual=False)
        residual = _can_add(changed) and (block.residual or not (_can_add(block) or isinstance(block, GraphBlock)))
        changed = replace(changed, residual=residual)
        if isinstance(changed, GraphBlock) and changed.hidden:
            changed = replace(changed, hidden=max(1, round(changed.hidden * taken / block.in_channels)))
        built.append(changed)
        given[position] = out
    return tuple(built)


def _can_add(block: Block) -> bool:
    may_add = KINDS[block.kind].may_add and block.activation
    return may_add and block.strides == (1, 1) and block.in_channels == block.out_channels


def expanded(block: Block, kind: str, expansion: int) -> Block:
    """The block as another kind, of that expansion, however its hidden channels were given."""
    if isinstance(block, GraphBlock) and block.hidden:
        return replace(block, kind=kind, hidden=expansion * block.in_channels if expansion > 1 else 0)
    return replace(block, kind=kind, expansion=expansion)


def channel_groups(blocks: Architecture) -> list[range]:
    """Runs of neighbouring blocks that give equal channels, the `predicting` ones left out."""
    last = predicting(blocks)
    runs = itertools.groupby(range(len(blocks)), key=lambda place: (blocks[place].out_channels, place in last))
    groups = [list(found) for (_, left_out), found in runs if not left_out]
    return [range(run[0], run[-1] + 1) for run in groups]


def block_name(block: Block) -> str:
    """A block in a word or two, such as "fused_ibn_3 16 to 24"."""
    kind = f"{block.kind}_{block.expansion}" if block.expansion != 1 else block.kind
    return f"{kind} {block.in_channels} to {block.out_channels}"


def channels_change(before: Architecture, after: Architecture) -> str:
    """Channels of the groups of one chain and of the same blocks in another, such as "8-16-24 become 16-16-16"."""
    first = [group[0] for group in channel_groups(before)]
    old, new = ("-".join(str(blocks[place].out_channels) for place in first) for blocks in (before, after))
    return f"{old} become {new}"
