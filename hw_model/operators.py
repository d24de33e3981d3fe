"""A block as the elementary operators it is made of: what the compiler sees, and what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hw_model.blocks import Block, GraphBlock, added
from hw_model.kinds import KINDS, TWO_INPUTS, Part, out_size


@dataclass(frozen=True)
class Operator:
    """One int8 operator on a height x width x in_channels tensor."""

    kind: str
    """"conv", "depthwise", "dense" (every value with every output), "add" (of another tensor of its shape), "mul" (by
    its input's channels, of the block's input), "max_pool", "avg_pool", "mean" (over the image), "resize", "concat" (of
    tensors along the channels) or "reshape" (to one pixel)."""
    height: int
    """Of the input, in pixels."""
    width: int
    """Of the input, in pixels."""
    in_channels: int
    """Of the input."""
    out_channels: int
    """Of the output."""
    kernel: int = 1
    """Height of the window."""
    stride: int = 1
    """Of the window, down; for "resize" the factor of enlargement."""
    relu6: bool = False
    """ReLU6 is fused into the operator."""
    kernel_width: int = 0
    """Of the window; 0 where it is as wide as high."""
    stride_width: int = 0
    """Of the window, across; 0 for the same as down."""
    valid: bool = False
    """No padding."""

    @property
    def window(self) -> tuple[int, int]:
        """Height and width of the window."""
        return self.kernel, self.kernel_width or self.kernel

    @property
    def strides(self) -> tuple[int, int]:
        """Of the window, down and across."""
        return self.stride, self.stride_width or self.stride

    @property
    def out_height(self) -> int:
        """Output height in pixels."""
        if self.kind == "reshape":
            return 1
        return out_size(self.kind, self.height, self.strides[0], self.window[0] if self.valid else 1)

    @property
    def out_width(self) -> int:
        """Output width in pixels."""
        if self.kind == "reshape":
            return 1
        return out_size(self.kind, self.width, self.strides[1], self.window[1] if self.valid else 1)

    @property
    def weights(self) -> int:
        """Number of weights, biases apart."""
        taps = self.window[0] * self.window[1]
        if self.kind == "conv":
            return taps * self.in_channels * self.out_channels
        if self.kind == "depthwise":
            return taps * self.in_channels
        if self.kind == "dense":
            return self.height * self.width * self.in_channels * self.out_channels
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
    """The operators of a block in the order they run.

    Before its kind's parts stands a "concat" of all that it takes, where that is more than one tensor.  An "add" or a
    "mul" takes the block's input as its second argument, or, where the block adds another's output, that, as the last.
    """
    kind = KINDS[block.kind]
    free = block if isinstance(block, GraphBlock) else None
    channels = {"in": block.in_channels, "hidden": block.hidden_channels, "out": block.out_channels}
    height, width = block.height, block.width
    operators = []
    if free and len(free.takes) > 1:
        operators.append(Operator("concat", height, width, block.in_channels, block.in_channels))
    parts = kind.standing(block.expands)
    adds_other = added(block) is not None
    for part in (*parts, *([Part("add", "out")] if block.residual else [])):
        if part.operator in TWO_INPUTS:
            height, width = block.height, block.width
        if part.operator == "dense" and height * width > 1:
            operators.append(Operator("reshape", height, width, block.in_channels, height * width * block.in_channels))
            channels["in"], height, width = height * width * block.in_channels, 1, 1
        operator = Operator(
            part.operator,
            height,
            width,
            channels[part.inputs],
            channels[part.outputs],
            kernel=block.kernel if part.window else 1,
            stride=block.stride if part.strided else 1,
            # of what is added to, the activation follows the addition
            relu6=part.activates(block.activation) and not (adds_other and part.relu6 == "block"),
        )
        if free and part.window:
            operator = replace(operator, kernel_width=free.kernel_width, valid=free.valid)
        if free and part.strided:
            operator = replace(operator, stride_width=free.stride_width)
        operators.append(operator)
        height, width = operator.out_height, operator.out_width
    if adds_other:
        out, relu6 = block.out_channels, block.activation and any(part.relu6 == "block" for part in parts)
        operators.append(Operator("add", height, width, out, out, relu6=relu6))
    return operators


def chain_operators(blocks: Sequence[Block]) -> list[Operator]:
    """The operators of a whole network in order."""
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
    operator_weight_bytes: tuple[int, ...] = ()
    """Of each operator's weights as the compiler stores them, those of kernels that it makes up for means and pools
    among them; empty where that was not kept."""
