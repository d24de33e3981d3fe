"""From choice indices to blocks, as table lookups over whole arrays of genotypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from hw_model.kinds import KINDS, kind_index
from hw_model.workload import Workload
from tasks.errors import TaskInputError
from tasks.sides import Side, height_width
from tasks.spaces.layer import Choice, Decision, Layer, parse_block

MULTIPLIER = "width_multiplier"
"""The decision that scales all channels: MobileNet's width multiplier (arXiv:1704.04861), the article's "depth
multiplier"."""


class Tables(NamedTuple):
    """A space in the form that lowering reads.

    position: place in the genotype of each decision that is not fixed.  kinds, expansions, values: int32[choices] of
    decisions over blocks and over numbers.  scaled: int32[choices, multipliers] of decisions over channels.
    """

    layers: tuple[Layer, ...]
    input_side: Side | str
    input_channels: int
    choices: dict[str, tuple[Choice, ...]]
    position: dict[str, int]
    kinds: dict[str, np.ndarray]
    expansions: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    scaled: dict[str, np.ndarray]

    def kind_names(self, layer: Layer) -> tuple[str, ...]:
        """The kinds of block that a layer may be, in the order of KINDS."""
        names = list(KINDS)
        return tuple(names[kind] for kind in np.unique(self.kinds[layer.block]))

    def largest_channels(self, layer: Layer) -> int:
        """Most channels that any genotype lets a layer give out."""
        return int(self.scaled[_column(layer)].max())


def scale_channels(channels: int, multiplier: float, step: int) -> int:
    """Channels times the multiplier, to the nearest multiple of step (ties go up), at least one step."""
    return max(step, int(channels * multiplier / step + 0.5) * step)


def make_tables(
    decisions: Sequence[Decision],
    fixed: Sequence[Decision],
    layers: tuple[Layer, ...],
    side: Side | str,
    channels: int,
    step: int,
) -> Tables:
    """Tables of a space.  Raises TaskInputError for a field that is neither a constant nor a decision."""
    choices = {decision.name: decision.choices for decision in (*decisions, *fixed)}
    multipliers = choices.get(MULTIPLIER)
    kinds, expansions, values, scaled = {}, {}, {}, {}
    for layer in layers:
        parsed = [parse_block(str(choice)) for choice in choices.get(layer.block, (layer.block,))]
        kinds[layer.block] = np.array([kind_index(kind) for kind, _ in parsed], np.int32)
        expansions[layer.block] = np.array([expansion for _, expansion in parsed], np.int32)
        if isinstance(layer.kernel, str):
            values[layer.kernel] = np.array(_known(choices, layer.kernel), np.int32)
        if layer.present is not None:
            _known(choices, layer.present.decision)
        if layer.channels is not None:
            column = _known(choices, layer.channels) if isinstance(layer.channels, str) else (layer.channels,)
            exact = layer.fixed_channels or multipliers is None
            rows = [
                [int(c) if exact else scale_channels(int(c), float(m), step) for m in multipliers or (1.0,)]
                for c in column
            ]
            scaled[_column(layer)] = np.array(rows, np.int32)
    if isinstance(side, str):
        values[side] = np.array(_known(choices, side), np.int32)
    position = {decision.name: place for place, decision in enumerate(decisions)}
    return Tables(layers, side, channels, choices, position, kinds, expansions, values, scaled)


def _column(layer: Layer) -> str:
    """Name of a layer's channels among the scaled ones: the decision's, or one that says the constant."""
    return f"{layer.channels}{' fixed' if layer.fixed_channels else ''}"


def _known(choices: dict[str, tuple[Choice, ...]], name: str) -> tuple[Choice, ...]:
    if name not in choices:
        raise TaskInputError(f"a layer names decision {name!r}; allowed: {', '.join(choices)}")
    return choices[name]


def lower_rows(tables: Tables, genotypes: Any, xp: Any, absent_too: bool = False) -> Workload:
    """Genotypes [..., D] to a Workload [..., L] in the array module xp (numpy or jax.numpy).

    absent_too: see `tasks.spaces.space.SearchSpace.lower`.
    """
    genotypes = genotypes.astype(np.int32)
    shape = genotypes.shape[:-1]

    def constant(value: Any, dtype: Any = np.int32) -> Any:
        return xp.full(shape, value, dtype)

    def gene(name: str) -> Any:
        return genotypes[..., tables.position[name]] if name in tables.position else constant(0)

    def look_up(table: np.ndarray, name: str) -> Any:
        return xp.asarray(table)[gene(name)] if name in tables.position else constant(table[0])

    multiplier = gene(MULTIPLIER)
    side, channels = tables.input_side, constant(tables.input_channels)
    if isinstance(side, str):
        height = width = look_up(tables.values[side], side)
    else:
        height, width = map(constant, height_width(side))
    may_add = np.array([kind.may_add for kind in KINDS.values()])
    rows = []
    for layer in tables.layers:
        kind = look_up(tables.kinds[layer.block], layer.block)
        expansion = look_up(tables.expansions[layer.block], layer.block)
        kernel = layer.kernel
        kernel = look_up(tables.values[kernel], kernel) if isinstance(kernel, str) else constant(kernel)
        if layer.channels is None:
            out = channels
        else:
            choice = gene(layer.channels) if isinstance(layer.channels, str) else constant(0)
            out = xp.asarray(tables.scaled[_column(layer)])[choice, multiplier]
        present = constant(True, bool)
        if layer.present is not None:
            name = layer.present.decision
            allowed = np.array([choice in layer.present.choices for choice in tables.choices[name]])
            present = xp.asarray(allowed)[gene(name)]
        adds = xp.asarray(may_add)[kind] & (out == channels)
        residual = adds if layer.residual and layer.activation and layer.stride == 1 else constant(False, bool)
        row = {
            "kind": kind,
            "height": height,
            "width": width,
            "in_channels": channels,
            "out_channels": out,
            "kernel": kernel,
            "stride": constant(layer.stride),
            "expansion": expansion,
            "residual": residual,
            "activation": constant(layer.activation, bool),
        }
        if not absent_too:
            # places without a block hold a harmless one, so that no logarithm or division meets a zero
            harmless = dict.fromkeys(row, 1) | {"kind": 0, "residual": False, "activation": False}
            row = {name: xp.where(present, value, harmless[name]) for name, value in row.items()}
        rows.append(row | {"mask": present})
        height, width = (_after(tables, layer, kind, present, size, xp) for size in (height, width))
        channels = xp.where(present, out, channels)
    return Workload(**{name: xp.stack([row[name] for row in rows], axis=-1) for name in Workload._fields})


def _after(tables: Tables, layer: Layer, kind: Any, present: Any, size: Any, xp: Any) -> Any:
    """Pixels along one axis behind a layer that gets so many."""
    after = size
    for name in tables.kind_names(layer):
        after = xp.where(kind == kind_index(name), KINDS[name].out_size(size, layer.stride), after)
    return xp.where(present, after, size)
