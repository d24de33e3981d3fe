"""What may stand at each place of a space's chain: what a supernet must be large enough for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw_model.kinds import KINDS
from tasks.sides import height_width
from tasks.spaces.lowering import Tables


@dataclass(frozen=True)
class Slot:
    """One place of the chain, over all genotypes."""

    kinds: tuple[str, ...]
    """Those of hw_model.kinds.KINDS that may stand here."""
    height: int
    """Largest input size in pixels."""
    width: int
    """Largest input size in pixels."""
    in_channels: int
    """Largest."""
    out_channels: int
    """Largest."""
    hidden_channels: int
    """Largest in_channels * expansion of kinds that have hidden channels; 0 when none may stand here."""
    kernel: int
    """Largest."""
    stride: int
    """The same for every choice; the factor of an upsample."""
    optional: bool
    """The place may be empty; its input passes unchanged then."""
    activation: bool
    """As in Block, False for a predicting layer."""

    @property
    def is_head(self) -> bool:
        """It stands behind a network's features: it pools them or predicts."""
        return self.kinds == ("global_pool",) or not self.activation


def make_slots(tables: Tables) -> tuple[Slot, ...]:
    """The slots of a space: each size the largest that any genotype gives it."""
    side = tables.input_side
    size = height_width(int(tables.values[side].max()) if isinstance(side, str) else side)
    channels, slots = tables.input_channels, []
    for layer in tables.layers:
        kinds = tables.kind_names(layer)
        out = channels if layer.channels is None else tables.largest_channels(layer)
        hidden = np.array([kind.has_hidden for kind in KINDS.values()])[tables.kinds[layer.block]]
        expansion = int((tables.expansions[layer.block] * hidden).max())
        kernel = int(tables.values[layer.kernel].max()) if isinstance(layer.kernel, str) else layer.kernel
        optional = layer.present is not None
        slots.append(
            Slot(
                kinds=kinds,
                height=size[0],
                width=size[1],
                in_channels=channels,
                out_channels=out,
                hidden_channels=channels * expansion,
                kernel=kernel,
                stride=layer.stride,
                optional=optional,
                activation=layer.activation,
            )
        )
        after = [max(KINDS[kind].out_size(pixels, layer.stride) for kind in kinds) for pixels in size]
        largest = [max(pair) if optional else pair[1] for pair in zip(size, after, strict=True)]
        size = largest[0], largest[1]
        channels = max(channels, out) if optional else out
    return tuple(slots)
