"""The building block that networks are made of: one definition for the cost model and for the trained network."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """One block of a chain network, with the shape it meets there.

    kind: "conv" (k x k convolution), "ibn" (1x1 expansion, k x k depthwise, 1x1 projection; MobileNetV2,
    arXiv:1801.04381) or "fused_ibn" (k x k expansion, 1x1 projection; MobileDets, arXiv:2004.14525).
    height, width: input size in pixels.  Convolutions pad "same": the output is ceil(size / stride).
    in_channels, out_channels: of the whole block.  expansion: hidden channels / in_channels (ibn and fused_ibn).
    residual: input added to the output (needs stride 1 and equal channels).
    activation: relu6 after a conv; the projection of ibn and fused_ibn is linear always.
    """

    kind: str
    height: int
    width: int
    in_channels: int
    out_channels: int
    kernel: int = 3
    stride: int = 1
    expansion: int = 1
    residual: bool = False
    activation: bool = True

    @property
    def hidden_channels(self) -> int:
        """Channels between expansion and projection."""
        return self.in_channels * self.expansion

    @property
    def out_height(self) -> int:
        """Output height in pixels."""
        return -(-self.height // self.stride)

    @property
    def out_width(self) -> int:
        """Output width in pixels."""
        return -(-self.width // self.stride)
