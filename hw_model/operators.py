"""A block as the elementary operators it is made of: what the compiler sees, and what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hw_model.blocks import Block


@dataclass(frozen=True)
class Operator:
    """One int8 operator on a height x width x in_channels tensor.

    kind: "conv", "depthwise", "add" (of the block's input), "max_pool", "mean" (over the picture) or "resize".
    stride: of the window; for "resize" the factor of enlargement.  relu6: fused into the operator.
    """

    kind: str
    height: int
    width: int
    in_channels: int
    out_channels: int
    kernel: int = 1
    stride: int = 1
    relu6: bool = False

    @property
    def out_height(self) -> int:
        """Output height in pixels."""
        return self._out(self.height)

    @property
    def out_width(self) -> int:
        """Output width in pixels."""
        return self._out(self.width)

    def _out(self, size: int) -> int:
        if self.kind == "mean":
            return 1
        if self.kind == "resize":
            return size * self.stride
        return -(-size // self.stride)

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
    size = (block.height, block.width)
    out_size = (block.out_height, block.out_width)
    inputs, hidden, outputs = block.in_channels, block.hidden_channels, block.out_channels
    kernel, stride = block.kernel, block.stride
    match block.kind:
        case "conv":
            chain = [Operator("conv", *size, inputs, outputs, kernel, stride, relu6=block.activation)]
        case "depthwise":
            chain = [Operator("depthwise", *size, inputs, outputs, kernel, stride, relu6=block.activation)]
        case "ibn":
            # an expansion of 1 has no expansion convolution, as in MobileNetV2's first block
            expand = [Operator("conv", *size, inputs, hidden, relu6=True)] if block.expansion > 1 else []
            depthwise = Operator("depthwise", *size, hidden, hidden, kernel, stride, relu6=True)
            chain = [*expand, depthwise, Operator("conv", *out_size, hidden, outputs)]
        case "fused_ibn":
            expand = Operator("conv", *size, inputs, hidden, kernel, stride, relu6=True)
            chain = [expand, Operator("conv", *out_size, hidden, outputs)]
        case "max_pool":
            chain = [Operator("max_pool", *size, inputs, outputs, kernel, stride)]
        case "global_pool":
            chain = [Operator("mean", *size, inputs, outputs)]
        case "upsample":
            chain = [Operator("resize", *size, inputs, outputs, stride=stride)]
        case _:
            raise ValueError(f"unchecked block kind {block.kind!r}")
    if block.residual:
        chain.append(Operator("add", *out_size, outputs, outputs))
    return chain


def chain_operators(blocks: Sequence[Block]) -> list[Operator]:
    """The operators of a whole chain in order."""
    return [operator for block in blocks for operator in block_operators(block)]
