"""What may stand at each place of a space's chain: what a supernet must be large enough for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """One place of the chain, over all genotypes.

    kinds: those of hw_model.blocks.BLOCK_KINDS that may stand here.  height, width: largest input size in pixels.
    in_channels, out_channels: largest.  hidden_channels: largest in_channels * expansion of ibn and fused_ibn, 0 when
    neither may stand here.  kernel: largest.  stride: the same for every choice; the factor of an upsample.
    optional: the place may be empty; its input passes unchanged then.  activation: as in Block, False for a predicting
    layer.
    """

    kinds: tuple[str, ...]
    height: int
    width: int
    in_channels: int
    out_channels: int
    hidden_channels: int
    kernel: int
    stride: int
    optional: bool
    activation: bool
