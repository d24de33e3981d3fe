"""What may stand at each place of a space's chain: what a supernet must be large enough for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw_model.blocks import BLOCK_KINDS
from tasks.spaces.lowering import Tables


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


def make_slots(tables: Tables) -> tuple[Slot, ...]:
    """The slots of a space: each size the largest that any genotype gives it."""
    side = tables.input_side
    height = int(tables.values[side].max()) if isinstance(side, str) else side
    channels, slots = tables.input_channels, []
    for layer in tables.layers:
        kinds = [BLOCK_KINDS[kind] for kind in np.unique(tables.kinds[layer.block])]
        out = channels if layer.channels is None else tables.largest_channels(layer)
        expanding = np.isin(tables.kinds[layer.block], [BLOCK_KINDS.index(kind) for kind in ("ibn", "fused_ibn")])
        expansion = int((tables.expansions[layer.block] * expanding).max())
        kernel = int(tables.values[layer.kernel].max()) if isinstance(layer.kernel, str) else layer.kernel
        optional = layer.present is not None
        slots.append(
            Slot(
                kinds=tuple(kinds),
                height=height,
                width=height,
                in_channels=channels,
                out_channels=out,
                hidden_channels=channels * expansion,
                kernel=kernel,
                stride=layer.stride,
                optional=optional,
                activation=layer.activation,
            )
        )
        if kinds == ["upsample"]:
            after = height * layer.stride
        elif kinds == ["global_pool"]:
            after = 1
        else:
            after = -(-height // layer.stride)
        height = max(height, after) if optional else after
        channels = max(channels, out) if optional else out
    return tuple(slots)
