"""Chains of blocks that grow block by block."""

from __future__ import annotations

from dataclasses import dataclass, field

from hw_model.blocks import Block


@dataclass
class Builder:
    """A chain that grows, with the shape that its last block gives."""

    height: int
    """Pixels."""
    width: int
    """Pixels."""
    channels: int = 3
    """Channels."""
    blocks: list[Block] = field(default_factory=list)
    """So far."""

    def add(self, kind: str, channels: int | None = None, kernel: int = 3, stride: int = 1, **more: int | bool) -> None:
        """Append a block; it keeps the channels where none are given."""
        outputs = self.channels if channels is None else channels
        block = Block(kind, self.height, self.width, self.channels, outputs, kernel, stride, **more)  # pyright: ignore[reportArgumentType]
        self.blocks.append(block)
        self.height, self.width, self.channels = block.out_height, block.out_width, block.out_channels

    def bottlenecks(self, kind: str, expansion: int, channels: int, layers: int, stride: int, kernel: int) -> None:
        """A stage of inverted bottlenecks, the first with the stride."""
        for layer in range(layers):
            step = stride if layer == 0 else 1
            adds = step == 1 and self.channels == channels
            self.add(kind, channels, kernel, step, expansion=expansion, residual=adds)

    def classify(self, classes: int, features: int = 0) -> None:
        """A pointwise layer of so many features where there are any, the mean, a dense layer."""
        if features:
            self.add("conv", features, 1)
        self.add("global_pool", kernel=1)
        self.add("conv", classes, 1, activation=False)


def divisible(channels: float, step: int = 8) -> int:
    """MobileNets' rounding: the nearest multiple, never more than a tenth below."""
    rounded = max(step, int(channels + step / 2) // step * step)
    return rounded + step if rounded < 0.9 * channels else rounded
