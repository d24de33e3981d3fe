"""What has been read of a .tflite file: the blocks so far, and which of them each tensor is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hw_model.blocks import MAX_KERNEL, MAX_STRIDE, NETWORK_INPUT, Block, GraphBlock
from hw_model.kinds import KINDS

Taken = tuple[int, ...]
"""Positions of the blocks whose outputs, joined along the channels, a tensor is."""


class NotKnownError(Exception):
    """No block stands for this operator; why, where that is not plain from its name."""


@dataclass
class Reading:
    """What has been read so far."""

    graph: Any
    """The schema's."""
    buffers: Callable[[int], Any]
    """What a tensor's buffer holds, 0 for nothing."""
    blocks: list[Block] = field(default_factory=list)
    """In the order of the operators."""
    at: dict[int, Taken] = field(default_factory=dict)
    """Of each tensor."""
    padded: dict[int, int] = field(default_factory=dict)
    """Tensors that are another one padded."""
    uses: Counter[int] = field(default_factory=Counter)
    """How many operators take each tensor."""
    unknown: list[str] = field(default_factory=list)
    """Operators that no block stands for."""

    def shape(self, tensor: int) -> tuple[int, int, int]:
        """Height, width and channels; what has fewer axes is one pixel.  Raises NotKnownError for other axes."""
        shape = [int(size) for size in self.graph.Tensors(tensor).ShapeAsNumpy()]
        if shape[0] != 1 or len(shape) not in (2, 4):
            raise NotKnownError(f" of shape {'x'.join(map(str, shape))}")
        return (1, 1, shape[1]) if len(shape) == 2 else (shape[1], shape[2], shape[3])

    def joined(self, taken: Taken) -> tuple[int, int, int]:
        """Height, width and channels of what these give, joined along the channels."""
        given = [self._given(place) for place in taken]
        return *given[0][:2], sum(channels for _, _, channels in given)

    def _given(self, place: int) -> tuple[int, int, int]:
        if place == NETWORK_INPUT:
            return self.shape(self.graph.Inputs(0))
        block = self.blocks[place]
        return block.out_height, block.out_width, block.out_channels

    def taken(self, tensor: int) -> Taken:
        """What a tensor is.  Raises NotKnownError where it has not the shape in which the blocks give it.

        The network's input by itself may have any: it is what the block says that takes it.
        """
        taken = self.at[tensor]
        if taken != (NETWORK_INPUT,) and self.shape(tensor) != self.joined(taken):
            raise NotKnownError(" of a reshaped tensor")
        return taken

    def append(self, output: int, block: Block, taken: Taken, **more: Any) -> None:
        """Let the tensor `output` be this block's, said as plainly as it can be; more: fields of a GraphBlock.

        Raises NotKnownError where the block gives another shape.
        """
        position, kind = len(self.blocks), KINDS[block.kind]
        takes = () if taken == (position - 1,) else taken
        fields = {name: value for name, value in {**more, "takes": takes}.items() if value not in (0, ())}
        large = block.kernel > MAX_KERNEL or block.stride > MAX_STRIDE
        even = block.kernel % 2 == 0 and kind.has_window
        if fields or large or even or (kind.only_costed and kind.has_kernel):
            block = GraphBlock(**vars(block), **fields)
        if (block.out_height, block.out_width, block.out_channels) != self.shape(output):
            raise NotKnownError(" of other sizes")
        self.blocks.append(block)
        self.at[output] = (position,)


class Site(NamedTuple):
    """One operator."""

    options: Callable[[type], Any]
    """Its options as a class of them."""
    moving: list[int]
    """Tensors that it takes, constants apart."""
    inputs: list[int]
    """All tensors that it takes."""
    output: int
    """The tensor that it gives."""
