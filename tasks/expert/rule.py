"""What a rule of the expert is: a pure function from an architecture and a place in it to what could stand there."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hw_model.blocks import Block

Architecture = tuple[Block, ...]


class Rewrite(NamedTuple):
    """An architecture that a rule proposes.  change: what is different, for people to read."""

    change: str
    blocks: Architecture


class Rule(NamedTuple):
    """propose(blocks, place, parallelism): rewrites at that block, in the rule's own order; none where it has none.

    A rule for the whole network proposes at place 0.  Of a chain, every rewrite is a chain that
    hw_model.blocks.check_chain accepts, with the input and the predicting layer of the one before.  parallelism: output
    channels that the accelerator computes at a time.  reason: why it may help.
    """

    name: str
    reason: str
    propose: Callable[[Architecture, int, int], tuple[Rewrite, ...]]
