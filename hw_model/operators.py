"""A block as the elementary operators it is made of: what the compiler sees, and what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw_model.blocks import Block
from hw_model.kinds import KINDS, TWO_INPUTS, Part, out_size


@dataclass(frozen=True)
class Operator:
    """One int8 operator on a height x width x in_channels tensor."""

    kind: str
    """"conv", "depthwise", "add" (of the block's input), "max_pool", "mean" (over the image) or "resize"."""
    height: int
    """Of the input, in pixels."""
    width: int
    """Of the input, in pixels."""
    in_channels: int
    """Of the input."""
    out_channels: int
    """Of the output."""
    kernel: int = 1
    """Height and width of the window."""
    stride: int = 1
    """Of the window; for "resize" the factor of enlargement."""
    relu6: bool = False
    """ReLU6 is fused into the operator."""

    @property
    def out_height(self) -> int:
        """Output height in pixels."""
        return out_size(self.kind, self.height, self.stride)

    @property
    def out_width(self) -> int:
        """Output width in pixels."""
        return out_size(self.kind, self.width, self.stride)

    @property
    def weights(self) -> int:
        """Number of weights, biases apart."""
        if self.kind == "conv":
            return self.kernel**2 * self.in_channels * self.out_channels
        if self.kind == "depthwise":
            return self.kernel**2 * self.in_channels
        return 0

    @property
    def biases(self) -> int:
        """Number of biases."""
        return self.out_channels if self.weights else 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates; additions, pooling and resizing count none."""
        return self.weights * self.out_height * self.out_width


def block_operators(block: Block) -> list[Operator]:
    """The operators of a block in the order they run; an "add" takes the block's input as its second argument."""
    kind = KINDS[block.kind]
    channels = {"in": block.in_channels, "hidden": block.hidden_channels, "out": block.out_channels}
    height, width = block.height, block.width
    operators = []
    for part in (*kind.standing(block.expansion), *([Part("add", "out")] if block.residual else [])):
        if part.operator in TWO_INPUTS:
            height, width = block.height, block.width
        operator = Operator(
            part.operator,
            height,
            width,
            channels[part.inputs],
            channels[part.outputs],
            kernel=block.kernel if part.window else 1,
            stride=block.stride if part.strided else 1,
            relu6=part.activates(block.activation),
        )
        operators.append(operator)
        height, width = operator.out_height, operator.out_width
    return operators


def chain_operators(blocks: Sequence[Block]) -> list[Operator]:
    """The operators of a whole chain in order."""
    return [operator for block in blocks for operator in block_operators(block)]


@dataclass(frozen=True)
class OperatorReport:
    """What a compiler or a clock says of a chain of blocks and of each of its operators, as chain_operators has them.

    One compilation of a network labels some forty operators in their true surroundings, where compiling blocks and
    pairs apart would give one number each and miss what lies beyond the pair.  The cycles of the operators add up to
    the network's exactly; its peak memory is within some per cent of the largest need of any operator (the rest is how
    the allocator fits the buffers together).
    """

    cycles: int
    """Core clock cycles of one inference."""
    peak_activation_bytes: int
    """Largest SRAM use, constants apart."""
    operator_cycles: tuple[int, ...]
    """Of each operator; they add up to `cycles`."""
    operator_sram_bytes: tuple[int, ...]
    """SRAM in use while each operator runs, constants apart; 0 for one that the compiler merged into another."""
    operator_sram_traffic_bytes: tuple[int, ...] = ()
    """Bytes read from and written to SRAM by each operator; empty where that was not kept."""
    operator_off_chip_bytes: tuple[int, ...] = ()
    """Likewise of DRAM and flash behind it; they add up to the network's exactly."""
